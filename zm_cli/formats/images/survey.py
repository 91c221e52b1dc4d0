"""Lists the kinds of images in a folder whose images cannot be read together."""

from __future__ import annotations

import os
from collections import Counter, defaultdict

from zm_cli.data.options import ReadOptions
from zm_cli.data.survey import Content, Survey
from zm_cli.errors import NothingToMeasureError
from zm_cli.formats.images.file_patterns import Selection
from zm_cli.formats.images.limits import choose_limit
from zm_cli.formats.images.list_images import list_images
from zm_cli.formats.images.listing import Listing
from zm_cli.formats.images.options import MAX_PIXELS


def survey_folder(path: str, options: ReadOptions) -> Survey | None:
    """Returns the images of the folder at `path` by their type; None if there are none.

    Files that cannot be read are counted. Raises DataError if the folder cannot be listed.
    """
    if not os.path.isdir(path):
        return None
    most = choose_limit(options.get(MAX_PIXELS))
    try:
        wanted = Selection.from_options(options)
        listing = list_images(path, wanted, skip=True, max_pixels=most)
    except NothingToMeasureError:
        return None
    facts = {
        "unreadable": f"{len(listing.skipped):,}" if listing.skipped else "",
        "left out": f"{listing.left_out.total():,} other files" if listing.left_out else "",
    }
    contents = _describe(listing)
    found = {name: text for name, text in facts.items() if text}
    return Survey("folder of images", "for example", contents, len(contents), facts=found)


def _describe(listing: Listing) -> tuple[Content, ...]:
    """Returns the images by type, the most common first."""
    indices: dict[str, set[int]] = defaultdict(set)
    for index, header in enumerate(listing.headers):
        indices[header.mode or str(header.array)].add(index)
    counts, nbytes = Counter(listing.header_indices), Counter[int]()
    for index, size in zip(listing.header_indices, listing.nbytes, strict=True):
        nbytes[index] += size
    contents = []
    for kind, group in indices.items():
        headers = [listing.headers[index] for index in group]
        sizes = {(header.width, header.height) for header in headers}
        contents.append(
            Content(
                name=listing.example(headers[0]),
                type=kind,
                shape=min(sizes) if len(sizes) == 1 else None,
                nbytes=sum(nbytes[index] for index in group),
                count=sum(counts[index] for index in group),
                remark="" if len(sizes) == 1 else f"{len(sizes):,} sizes",
            )
        )
    return tuple(sorted((content for content in contents if content.count), key=lambda content: -(content.count or 0)))
