"""The Source of images: headers are read when it is opened, pixels span by span in any worker."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import count as counting
from typing import Any, NamedTuple

import numpy as np

from zm_cli.data.block import BLOCK_BYTES, BYTE_VALUES, Block, Skipped, Span, Tally
from zm_cli.data.options import ReadOptions
from zm_cli.data.sink import Sink, WriteOptions
from zm_cli.data.source import Facts
from zm_cli.data.spec import Spec
from zm_cli.errors import UsageError
from zm_cli.formats.images.ahead import read_ahead
from zm_cli.formats.images.bands import ARRAY
from zm_cli.formats.images.classes import find_classes
from zm_cli.formats.images.decode import Decoding, count_values, decode
from zm_cli.formats.images.file_patterns import Selection
from zm_cli.formats.images.headers import Header
from zm_cli.formats.images.limits import DEFAULT_MAX_PIXELS, MOST_PIXELS, limit_pillow
from zm_cli.formats.images.listing import Listing, list_images, locate, read_receipt
from zm_cli.formats.images.modes import Mode, decide_mode, note_conversions, parse_mode
from zm_cli.formats.images.options import EXIF, LOSSY, MAX_PIXELS, MODE, RESIZE
from zm_cli.formats.images.pictures import broken, quieten, refuse, say_why
from zm_cli.formats.shared.options import EXCLUDE, ON_ERROR

_SMALL = 64 << 10
"""Decoded bytes below which Python takes more of the time for an image than the decoder does."""
COUNTED = frozenset({"L", "RGB", "RGBA", "CMYK", "YCbCr", "HSV"})
"""Modes of 8 bits whose histogram Pillow lays out channel by channel."""


class _Visited(NamedTuple):
    """The files of some spans: relative paths of those that were decoded, those that were skipped, a hash for each
    span."""

    kept: list[str]
    skipped: list[Skipped]
    digest: bytes


class ImageSource:
    """The images of a folder (searched recursively, in the order of their paths) or of one file.

    Pickles without the list of files: a span's address holds the paths it needs, so only the process that opened the
    source ever lists the folder. `read` and `tally` may be called from several threads at once, the other methods only
    from the thread that opened the source. Raises UsageError for options that do not fit, DataError for what cannot be
    read.
    """

    one_pass = False
    forkable = True

    def __init__(self, path: str, options: ReadOptions) -> None:
        self.path = path
        self._skip = options.get(ON_ERROR) == "skip"
        self._asked = parse_mode(options.get(MODE))
        lossy = options.get(LOSSY)
        self._lossy = self._asked is not None if lossy is None else lossy
        most, resize = options.get(MAX_PIXELS), options.get(RESIZE)
        self._max_pixels = DEFAULT_MAX_PIXELS if most is None else min(most, MOST_PIXELS)
        if resize and min(resize) < 1:
            raise UsageError("width and height must be at least 1", where="--resize")
        if resize and math.prod(resize) > self._max_pixels:
            raise UsageError(
                f"asks for more than {self._max_pixels:,} pixels", where="--resize", hint="allow more with --max-pixels"
            )
        self._wanted = Selection.from_options(options)
        self._base = locate(path)
        self.receipt: Mapping[str, Any] | None = read_receipt(path) if os.path.isdir(path) else None
        listing = list_images(path, self._wanted, skip=self._skip, max_pixels=self._max_pixels)
        mode = decide_mode(listing, self._asked, path, skip=self._skip, lossy=self._lossy)
        if mode.name == ARRAY and resize:
            raise UsageError("--resize is for pictures, not for arrays", where=path)
        self._decoding = Decoding(mode.name, resize, bool(options.get(EXIF)))
        self._listing: Listing | None = listing
        self.nbytes = sum(listing.nbytes)
        self.spec = self._describe(listing, mode)
        self._notes = note_conversions(listing, mode, exif=self._decoding.exif)
        if options.get(EXCLUDE) and not listing.unwanted:
            self._notes.append(f"{path}: no image is left out by --exclude")
        if listing.loops:
            folders = "folder leads" if listing.loops == 1 else "folders lead"
            self._notes.append(f"{listing.loops} linked {folders} back to where it began and was not entered again")
        sizes = [(self._header_bytes(header), count) for header, count in listing.counts()]
        self.sample_bytes = max(nbytes for nbytes, _ in sizes)
        self.small_samples = sum(nbytes * count for nbytes, count in sizes) < _SMALL * len(listing)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_listing": None}

    @property
    def files(self) -> list[str]:
        """The relative path of every sample, in order."""
        return list(self._opened().paths)

    @property
    def listed(self) -> tuple[str, ...] | None:
        """The files that were named one by one, as relative paths; None where all of the folder is read."""
        return self._wanted.files

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the first-level folders that hold images, sorted."""
        return find_classes(self.files)

    def spans(self) -> Iterator[Span]:
        """Yields runs of consecutive files with one shape, as many as decode to BLOCK_BYTES.

        The address of each is the relative paths of the files and their shape (H,W,C).
        """
        listing = self._opened()
        start, indices = 0, counting()
        while start < len(listing):
            shape = self._shape(listing, start)
            room = max(1, BLOCK_BYTES // max(1, self._sample_bytes(shape)))
            stop = start + 1
            while stop < min(start + room, len(listing)) and self._shape(listing, stop) == shape:
                stop += 1
            yield Span(
                next(indices),
                (tuple(listing.paths[start:stop]), shape),
                sum(listing.nbytes[start:stop]),
                (stop - start) * self._sample_bytes(shape),
            )
            start = stop

    def read(self, span: Span) -> Block:
        """The block of a span: `values` (n,H,W,C), `carried` the relative paths of the samples in it.

        Safe to call from several threads at once. Raises DataError, naming the file, for one that cannot be decoded,
        unless such files are to be skipped.
        """
        paths, shape = span.address
        values = np.empty((0, *shape), self.spec.dtype)

        def fill(data: bytes, path: str, shape: tuple[int, int, int], index: int) -> None:
            nonlocal values
            if not len(values):
                # Only here: if there is not enough memory, the error names the file that asks for it.
                values = np.empty((len(paths), *shape), self.spec.dtype)
            decode(data, path, self._decoding, values[index])

        seen = self._visit([span], fill)
        return Block(span, values[: len(seen.kept)], seen.digest, carried=tuple(seen.kept), skipped=tuple(seen.skipped))

    def tally(self, spans: Sequence[Span]) -> Tally | None:
        """Counts the values of large pictures of 8 bits as they are decoded; None for other images.

        Safe to call from several threads at once. Raises as `read` does.
        """
        if self.small_samples or self._decoding.mode not in COUNTED:
            return None
        channels = self.spec.sample_shape[2] or 1
        counts = np.zeros((channels, BYTE_VALUES), np.int64)

        def count(data: bytes, path: str, shape: tuple[int, int, int], index: int) -> None:
            counts[...] += count_values(data, self._decoding, shape)

        seen = self._visit(spans, count)
        return Tally(counts, len(seen.kept), seen.digest, tuple(seen.skipped))

    def _visit(self, spans: Sequence[Span], use: Callable[[bytes, str, tuple[int, int, int], int], None]) -> _Visited:
        """Calls `use` for every file of the spans with its bytes, its relative path, its shape (H,W,C), and how many
        went well before it."""
        from xxhash import xxh3_128

        quieten()
        limit_pillow(self._max_pixels)
        kept: list[str] = []
        skipped: list[Skipped] = []
        digests: list[bytes] = []
        full_paths = [os.path.join(self._base, path) for span in spans for path in span.address[0]]
        with closing(read_ahead(full_paths)) as files:
            following = zip(full_paths, files, strict=True)
            for span in spans:
                paths, shape = span.address
                digest = xxh3_128()
                for path, (where, data) in zip(paths, following, strict=False):
                    digest.update(os.fsencode(path) + b"\0")
                    try:
                        if not isinstance(data, bytes):
                            raise data
                        digest.update(data)
                        use(data, path, shape, len(kept))
                    except broken() as error:
                        if not self._skip:
                            raise refuse(where, error) from error
                        skipped.append(Skipped(path, say_why(error)))
                    else:
                        kept.append(path)
                digests.append(digest.digest())
        return _Visited(kept, skipped, b"".join(digests))

    def facts(self) -> Facts:
        """Sizes as "WxH" (as delivered), modes as stored, classes, suffixes, and what is to be told."""
        listing = self._opened()
        shapes: Counter[str] = Counter()
        types: Counter[str] = Counter()
        suffixes: Counter[str] = Counter()
        turned = 0
        for header, count in listing.counts():
            width, height = self._decoding.size(header.width, header.height, header.orientation)
            shapes[f"{width}x{height}"] += count
            types[header.array.dtype if header.array and self._decoding.mode == ARRAY else header.mode] += count
            suffixes[header.suffix or "none"] += count
            turned += count * (header.orientation != 1)
        others = {"suffixes": ", ".join(f"{suffix} {count}" for suffix, count in suffixes.most_common())}
        classes = Counter(path.split("/", 1)[0] for path in listing.paths if "/" in path)
        if turned:
            others["EXIF rotation"] = f"{turned} of {len(listing)}"
        return Facts(
            nbytes=self.nbytes,
            shapes=dict(shapes.most_common()),
            types=dict(types.most_common()),
            left_out=listing.left_out.total(),
            skipped=tuple(listing.skipped),
            others=others,
            classes=dict(sorted(classes.items())),
            notes=tuple(self._notes),
        )

    def check_output(self, output: str, format: str | None) -> None:
        """Raises as `choose_output_format` does."""
        from zm_cli.formats.images.create import choose_output_format

        choose_output_format(self, output, format)

    def create_sink(self, output: str, options: WriteOptions) -> Sink:
        """The sink for `output`: one HDF5 file, a folder of arrays, or one array file.

        Raises as `check_output` does, and DataError where the file system refuses.
        """
        from zm_cli.formats.images.create import create_sink

        return create_sink(self, output, options)

    def close(self) -> None:
        """Does nothing: no file is open between reads."""

    def _opened(self) -> Listing:
        if self._listing is None:
            # Only a copy that was sent to a worker comes here, and only where it is asked for more than spans.
            listing = list_images(self.path, self._wanted, skip=self._skip, max_pixels=self._max_pixels)
            decide_mode(listing, self._asked, self.path, skip=self._skip, lossy=self._lossy)
            self._listing = listing
        return self._listing

    def _describe(self, listing: Listing, mode: Mode) -> Spec:
        sizes = {self._decoding.size(header.width, header.height, header.orientation) for header, _ in listing.counts()}
        width, height = next(iter(sizes)) if len(sizes) == 1 else (None, None)
        return Spec(
            kind="images",
            axes="NHWC",
            sample_shape=(height, width, mode.channels),
            dtype=mode.numpy_dtype,
            names=mode.names,
            samples=len(listing),
            limit=self._wanted.limit,
            decoding={
                "mode": mode.name,
                "lossy": self._lossy,
                "resize": list(self._decoding.resize) if self._decoding.resize else None,
                "exif": self._decoding.exif,
            },
        )

    def _shape(self, listing: Listing, index: int) -> tuple[int, int, int]:
        header = listing.header(index)
        width, height = self._decoding.size(header.width, header.height, header.orientation)
        channels = self.spec.sample_shape[2]
        assert channels is not None
        return height, width, channels

    def _sample_bytes(self, shape: tuple[int, int, int]) -> int:
        return shape[0] * shape[1] * shape[2] * self.spec.dtype.itemsize

    def _header_bytes(self, header: Header) -> int:
        width, height = self._decoding.size(header.width, header.height, header.orientation)
        return self._sample_bytes((height, width, self.spec.sample_shape[2] or 1))
