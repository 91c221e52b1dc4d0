"""Describes the images of a source for `inspect`: their sizes, modes, classes and suffixes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from zm_cli.data.source import Facts
from zm_cli.formats.images.bands import ARRAY
from zm_cli.formats.images.classes import Folders
from zm_cli.formats.images.decode import Decoding
from zm_cli.formats.images.header import Header
from zm_cli.formats.images.listing import Listing


def describe_images(
    listing: Listing, folders: Folders, decoding: Decoding, *, as_stored: bool, notes: Sequence[str]
) -> Facts:
    """Returns the facts of a listing in these folders: sizes as "WxH" after decoding, and modes as stored.

    `as_stored` says whether arrays keep every channel that they are stored with.
    """
    shapes: Counter[str] = Counter()
    types: Counter[str] = Counter()
    suffixes: Counter[str] = Counter()
    turned = 0
    for header, count in listing.counts():
        width, height = decoding.size(header.width, header.height, header.orientation)
        shapes[f"{width}x{height}"] += count
        types[_name_type(header, decoding, as_stored=as_stored)] += count
        suffixes[header.suffix or "none"] += count
        turned += count * (header.orientation != 1)
    others = {"suffixes": ", ".join(f"{suffix} {count}" for suffix, count in suffixes.most_common())}
    if folders.splits:
        others["splits"] = ", ".join(f"{name} ({count:,})" for name, count in folders.splits.items())
    if listing.expanded:
        frames = sum(number > 0 for number in listing.numbers)
        others["frames"] = f"{frames:,} in {listing.expanded:,} file{'s' * (listing.expanded != 1)}"
    if turned:
        others["EXIF rotation"] = f"{turned} of {len(listing)}"
    return Facts(
        nbytes=sum(listing.nbytes),
        shapes=dict(shapes.most_common()),
        types=dict(types.most_common()),
        left_out=listing.left_out.total(),
        skipped=tuple(listing.skipped),
        others=others,
        classes=folders.classes,
        splits=folders.splits,
        notes=tuple(notes),
    )


def _name_type(header: Header, decoding: Decoding, *, as_stored: bool) -> str:
    found = header.stored if as_stored else header.array
    return found.dtype if found and decoding.mode == ARRAY else header.mode
