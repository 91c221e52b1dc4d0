"""The Source of images: headers are read when it is opened, pixels span by span in any worker."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.block import BYTE_VALUES, Block, Span, Tally
from zm_cli.data.format import OpeningTick, ignore_opening
from zm_cli.data.options import ReadOptions
from zm_cli.data.packing import Packing
from zm_cli.data.shard import Shard
from zm_cli.data.sink import Sink, WriteOptions
from zm_cli.data.source import Facts
from zm_cli.data.spec import Spec
from zm_cli.errors import UsageError
from zm_cli.formats.images.bands import ARRAY
from zm_cli.formats.images.choosing import Chosen, Rules, choose_samples
from zm_cli.formats.images.classes import Folders, find_folders, find_folders_of_part
from zm_cli.formats.images.cut_spans import cut_spans
from zm_cli.formats.images.decode import Decoding, count_values, decode
from zm_cli.formats.images.facts import describe_images
from zm_cli.formats.images.file_patterns import Selection
from zm_cli.formats.images.grouping import find_groups, find_label, label_images, tally_groups
from zm_cli.formats.images.header import Header
from zm_cli.formats.images.listing import locate, read_receipt
from zm_cli.formats.images.nodata import declares_nodata, find_nodata, note_nodata
from zm_cli.formats.images.notes import note_conversions, note_listed_arrays
from zm_cli.formats.images.options import EXIF, FRAME_CHOICES, RESIZE
from zm_cli.formats.images.reading import Address, Reader, Shape
from zm_cli.formats.shared.options import BY, CLASSES, EXCLUDE, MASK_AND_SCALE, SHARD
from zm_cli.running.plan import Plan

_SMALL = 64 << 10
"""If an image decodes to fewer bytes, Python takes more of the time than the decoder does."""
COUNTED = frozenset({"L", "RGB", "RGBA", "CMYK", "YCbCr", "HSV"})
"""8-bit modes whose histogram Pillow returns channel by channel."""


class ImageSource:
    """The images of a folder (searched recursively, in the order of their paths) or of one file.

    It pickles without the list of files: the address of a span holds the paths that it needs, so only the process that
    opened the source lists the folder. `read` and `tally` may be called from several threads at once, the other methods
    only from the thread that opened the source. Raises UsageError for options that do not fit, DataError for files that
    cannot be read.
    """

    one_pass = False
    overhead_bytes = 0
    forkable = True

    def __init__(
        self, path: str, options: ReadOptions, plan: Plan | None = None, tick: OpeningTick = ignore_opening
    ) -> None:
        self.path = path
        self.known_classes = options.get(CLASSES)
        """The classes of the statistics that are applied, empty if they name none; None without statistics."""
        self._rules = rules = Rules.from_options(options)
        resize = options.get(RESIZE)
        if resize and min(resize) < 1:
            raise UsageError("width and height must be at least 1", where="--resize")
        if resize and math.prod(resize) > rules.max_pixels:
            raise UsageError(
                f"asks for more than {rules.max_pixels:,} pixels", where="--resize", hint="allow more with --max-pixels"
            )
        self._options = options
        self._wanted = Selection.from_options(options)
        self._is_listed = self._wanted.files is not None
        self._base = locate(path)
        self.receipt: Mapping[str, Any] | None = read_receipt(path) if os.path.isdir(path) else None
        self._plan = plan
        chosen = choose_samples(path, options, self._wanted, rules, plan, tick)
        listing, whole, mode = chosen.listing, chosen.whole, chosen.mode
        if mode.name == ARRAY and resize:
            raise UsageError("--resize is for pictures, not for arrays", where=path)
        self._decoding = Decoding(mode.name, resize, bool(options.get(EXIF)), rules.as_stored)
        self._reader = Reader(self._base, self._decoding, rules.max_pixels, skip=rules.skip)
        self._has_places = any(listing.offsets) or any(listing.numbers)
        self._chosen: Chosen | None = chosen
        self._groups = find_groups(options, path, chosen.names)
        self.nbytes = sum(listing.nbytes)
        masks = options.get(MASK_AND_SCALE) is not False
        packing = find_nodata(whole, mode, self._decoding, path) if masks else None
        self.spec = self._describe(chosen, packing, masks if declares_nodata(whole, mode) else None)
        self._notes = [
            *note_conversions(listing, self._decoding),
            *([] if packing is None or not len(listing) else [note_nodata(listing, packing)]),
            *note_listed_arrays(self._wanted.files, listing),
        ]
        if options.get(EXCLUDE) and not listing.unwanted:
            self._notes.append(f"{path}: no image is left out by --exclude")
        if listing.loops:
            folders = "folder leads" if listing.loops == 1 else "folders lead"
            self._notes.append(f"{listing.loops} linked {folders} back to where it began and was not entered again")
        sizes = [(self._sample_bytes(self._shape(header)), count) for header, count in listing.counts()]
        self.sample_bytes = max((nbytes for nbytes, _ in sizes), default=0)
        self.small_samples = sum(nbytes * count for nbytes, count in sizes) < _SMALL * len(listing)

    def __getstate__(self) -> dict[str, Any]:
        # Spans carry the paths that a copy needs; a list of millions of files must not be sent with each of them.
        unlisted = {"_options": self._options.replace(files=None), "_wanted": replace(self._wanted, files=None)}
        return self.__dict__ | {"_chosen": None, "_plan": None, **unlisted}

    @property
    def files(self) -> list[str]:
        """The relative path of every sample, in order."""
        return list(self._opened().listing.paths)

    @property
    def is_alone(self) -> bool:
        """Whether the headers of other shards were not read."""
        return self._opened().is_alone

    @property
    def possible_files(self) -> Sequence[str]:
        """The relative path of every sample of all shards, in order;
        if `is_alone`, of every file that may be a sample."""
        return self._opened().names

    @property
    def files_cut(self) -> int:
        """How many files that may be samples were cut into shards; or how many samples, if only some were asked for."""
        return self._opened().cut

    def read_all_files(self) -> Sequence[str]:
        """Returns the relative path of every sample of all shards, in order; reads all headers.
        Raises as opening does."""
        return self._choose(None).listing.paths

    @property
    def listed(self) -> tuple[str, ...] | None:
        """The files that were named one by one, as relative paths; None if all of the folder is read."""
        return self._wanted.files

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the first-level folders that hold images and are not splits, sorted."""
        return tuple(self.folders.classes)

    @property
    def folders(self) -> Folders:
        """The first-level folders that hold images. Which of them are splits depends on those of all shards."""
        chosen = self._opened()
        paths = chosen.listing.paths
        return find_folders(paths) if self.spec.shard is None else find_folders_of_part(paths, chosen.names)

    def spans(self) -> Iterator[Span]:
        """Yields runs of consecutive samples with one shape, as many as decode to BLOCK_BYTES; each has an Address.

        A span has either whole files or frames.
        """
        return cut_spans(self._opened().listing, self._shape, self.spec.dtype.itemsize)

    def read(self, span: Span) -> Block:
        """Returns the block of a span: `values` (n,H,W,C), `carried` the relative paths of the samples in it.

        Safe to call from several threads at once. Raises DataError, naming the file, for one that cannot be decoded,
        unless such files are to be skipped.
        """
        address: Address = span.address
        values = np.empty((0, *address.shape), self.spec.dtype)

        def allocate(index: int) -> NDArray[Any]:
            nonlocal values
            if not len(values):
                # Allocated only here: if there is not enough memory, the error names the file that needs it.
                values = np.empty((len(address.paths), *address.shape), self.spec.dtype)
            sample: NDArray[Any] = values[index]
            return sample

        def fill(data: bytes, path: str, shape: Shape, index: int) -> None:
            decode(data, path, self._decoding, allocate(index))

        if address.places is None:
            seen = self._reader.read_files([span], fill)
        else:
            seen = self._reader.read_frames(address, allocate)
        return Block(
            span,
            values[: len(seen.kept)],
            seen.digest,
            carried=tuple(seen.kept),
            skipped=tuple(seen.skipped),
            labels=None if self._groups is None else label_images(seen.kept, self._groups),
        )

    def tally(self, spans: Sequence[Span]) -> Tally | None:
        """Counts the values of large 8-bit pictures as they are decoded; returns None for other images and for frames.

        Safe to call from several threads at once. Raises as `read` does.
        """
        if self.small_samples or self._has_places or self._decoding.mode not in COUNTED:
            return None
        channels = self.spec.sample_shape[2] or 1
        counts: dict[str | None, NDArray[np.int64]] = {}

        def count(data: bytes, path: str, shape: Shape, index: int) -> None:
            label = None if self._groups is None else find_label(path, self._groups)
            counted = count_values(data, self._decoding, shape)
            if label in counts:
                counts[label] += counted
            else:
                counts[label] = counted

        seen = self._reader.read_files(spans, count)
        total = sum(counts.values(), np.zeros((channels, BYTE_VALUES), np.int64))
        groups = None if self._groups is None else tally_groups(seen.kept, counts, self._groups)
        return Tally(total, len(seen.kept), seen.digest, tuple(seen.skipped), groups)

    def facts(self) -> Facts:
        """Returns sizes as "WxH" after decoding, modes as stored, classes, suffixes, and notes."""
        return describe_images(
            self._opened().listing, self.folders, self._decoding, as_stored=self._rules.as_stored, notes=self._notes
        )

    def check_output(self, output: str, format: str | None) -> None:
        """Raises as `choose_output_format` does."""
        from zm_cli.formats.images.create import choose_output_format

        choose_output_format(self, output, format)

    def create_sink(self, output: str, options: WriteOptions) -> Sink:
        """Returns the sink for `output`: one HDF5 file, a folder of arrays, or one array file.

        Raises as `check_output` does, and DataError if the file system refuses.
        """
        from zm_cli.formats.images.create import create_sink

        return create_sink(self, output, options)

    def close(self) -> None:
        """Closes the animations that reading opened in this process; nothing else is open between reads."""
        self._reader.close()

    def _opened(self) -> Chosen:
        if self._chosen is None:
            assert self._wanted.files is not None or not self._is_listed, "a copy does not have the list of files"
            # Only a copy that was sent to a worker gets here, and only if it is asked for more than reading spans.
            self._chosen = self._choose(self.spec.shard)
        return self._chosen

    def _choose(self, shard: Shard | None) -> Chosen:
        options = self._options.replace(shard=shard)
        return choose_samples(self.path, options, self._wanted, self._rules, self._plan, ignore_opening)

    def _describe(self, chosen: Chosen, packing: Packing | None, masks: bool | None) -> Spec:
        mode, headers = chosen.mode, [header for header, _ in chosen.whole.counts()]
        sizes = {self._decoding.size(header.width, header.height, header.orientation) for header in headers}
        width, height = next(iter(sizes)) if len(sizes) == 1 else (None, None)
        return Spec(
            kind="images",
            axes="NHWC",
            sample_shape=(height, width, mode.channels),
            dtype=mode.numpy_dtype,
            names=mode.names,
            samples=len(chosen.listing),
            limit=chosen.asked,
            shard=self._options.get(SHARD),
            decoding={
                "mode": mode.name,
                "lossy": self._rules.lossy,
                "resize": list(self._decoding.resize) if self._decoding.resize else None,
                "exif": self._decoding.exif,
                "as_stored": self._rules.as_stored,
                "frames": FRAME_CHOICES[self._rules.frames],
            }
            | ({} if masks is None else {MASK_AND_SCALE.name: masks})
            | ({} if (by := self._options.get(BY)) is None else {BY.name: by}),
            packing=packing,
        )

    def _shape(self, header: Header) -> Shape:
        width, height = self._decoding.size(header.width, header.height, header.orientation)
        channels = self.spec.sample_shape[2]
        assert channels is not None
        return height, width, channels

    def _sample_bytes(self, shape: Shape) -> int:
        return shape[0] * shape[1] * shape[2] * self.spec.dtype.itemsize
