"""Notes on what reading a listing changes, leaves out or assumes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from zm_cli.formats.images.bands import ARRAY
from zm_cli.formats.images.decode import Decoding
from zm_cli.formats.images.header import Header
from zm_cli.formats.images.listing import Listing
from zm_cli.formats.images.suffixes import ARRAY as NPY

_PRINTED = {"1": "1-bit"}
"""The names of modes in messages, if they differ from Pillow's."""


def note_conversions(listing: Listing, decoding: Decoding) -> list[str]:
    """Returns sentences that say what reading with these choices changes, and in how many files or frames."""
    counts = listing.counts()
    # With --frames all, a file may be many samples.
    name = _images if listing.expanded else _files

    def count(is_meant: Callable[[Header], object]) -> int:
        return sum(number for header, number in counts if is_meant(header))

    notes = _note_arrays(listing, decoding) if decoding.mode == ARRAY else _note_pictures(listing, decoding, name)
    if stretched := count(lambda header: header.stretched):
        notes.append(
            f"{name(stretched)} {'states' if stretched == 1 else 'state'} a range smaller than that of the type; "
            "the decoder stretches the values to the full range"
        )
    if inverted := count(lambda header: header.white_is_zero and header.mode != "1"):
        counts_from = "counts" if inverted == 1 else "count"
        notes.append(f"{name(inverted)} {counts_from} from white; the values were inverted, so that 0 is black")
    notes += _say_all(name, _count(counts, lambda header: header.remark, lambda header: header.remark))
    notes += _say_all(_files, _count(counts, _describe_planes, lambda header: header.planes > 1))
    notes += _note_frames(listing, count)
    if not decoding.exif and (turned := count(lambda header: header.orientation != 1)):
        carry = "carries" if turned == 1 else "carry"
        notes.append(f"{_images(turned)} {carry} an EXIF rotation that was not applied; --exif applies it")
    return notes


def note_listed_arrays(files: tuple[str, ...] | None, listing: Listing) -> list[str]:
    """Returns a note if listed `.npy` files were read as images;
    given alone, they would be datasets of many samples."""
    if files is None or not len(listing) or any(header.suffix != NPY for header, _ in listing.counts()):
        return []
    return [f"{_files(len(listing))} of the list {'was' if len(listing) == 1 else 'were'} read as one image each"]


def _note_pictures(listing: Listing, decoding: Decoding, name: Callable[[int], str]) -> list[str]:
    notes, counts, mode = [], listing.counts(), decoding.mode
    if converted := _count(counts, lambda header: _PRINTED.get(header.mode, header.mode), _is_converted(mode)):
        notes.append(_note_converted(listing, converted, mode))
    if not mode.endswith("A") and (dropped := _count(counts, lambda header: header.mode, lambda header: header.alpha)):
        notes.append(f"the alpha of {_images(dropped.total())} was dropped: {_list(dropped)}")
    return notes + _say_all(name, _count(counts, lambda header: header.loss, lambda header: header.loss))


def _note_arrays(listing: Listing, decoding: Decoding) -> list[str]:
    notes: list[str] = []
    if decoding.as_stored:
        return notes
    counts = listing.counts()
    if converted := _count(counts, lambda header: header.origin, lambda header: header.origin):
        notes.append(_note_converted(listing, converted, "RGB"))
    if dropped := _count(counts, lambda header: str(header.stored), lambda header: header.alpha):
        images = _images(dropped.total())
        notes.append(f"the alpha of {images} was dropped: {_list(dropped)}; --mode array keeps it")
    return notes


def _note_frames(listing: Listing, count: Callable[[Callable[[Header], object]], int]) -> list[str]:
    notes = []
    if frames := count(lambda header: header.frames):
        hold = "holds" if frames == 1 else "hold"
        notes.append(
            f"{_files(frames)} {hold} several frames or pages; the first is read, --frames all makes each a sample"
        )
    left = {
        "of lower resolution": listing.copies,
        "with a mask": listing.masks,
        "instead of an animation": listing.stills,
    }
    if pages := sum(left.values()):
        are = "page is not a sample" if pages == 1 else "pages are not samples"
        notes.append(f"{pages} {are}: {_list(+Counter(left))}")
    elif masked := count(lambda header: header.masked):
        notes.append(f"{_files(masked)} {'holds' if masked == 1 else 'hold'} a mask, which is not applied")
    return notes


def _is_converted(mode: str) -> Callable[[Header], object]:
    # Dropped alpha is reported by a note of its own.
    kept = (mode, f"{mode}A", "RGBX" if mode == "RGB" else mode)
    return lambda header: header.mode not in kept


def _note_converted(listing: Listing, converted: Counter[str], mode: str) -> str:
    total = converted.total()
    return (
        f"{total} of {_images(len(listing))} {'was' if total == 1 else 'were'} converted to {mode}: {_list(converted)}"
    )


def _count(
    counts: Iterable[tuple[Header, int]], name: Callable[[Header], str], is_meant: Callable[[Header], object]
) -> Counter[str]:
    """Returns the number of samples whose header `is_meant`, by the `name` of the header."""
    found: Counter[str] = Counter()
    for header, number in counts:
        if is_meant(header):
            found[name(header)] += number
    return found


def _list(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.most_common())


def _describe_planes(header: Header) -> str:
    return f"says that there are {header.planes} images, of which only the first has a page; it is read"


def _say_all(name: Callable[[int], str], clauses: Counter[str]) -> list[str]:
    """Returns a sentence for each clause ("holds ..."), with its number of samples as the subject."""
    sentences = []
    for clause, count in sorted(clauses.items()):
        verb, rest = clause.split(" ", 1)
        sentences.append(f"{name(count)} {verb if count == 1 else verb.removesuffix('s')} {rest}")
    return sentences


def _images(count: int) -> str:
    return f"{count} image{'s' * (count != 1)}"


def _files(count: int) -> str:
    return f"{count} file{'s' * (count != 1)}"
