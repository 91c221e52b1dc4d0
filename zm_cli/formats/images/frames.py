"""The frames and pages of a file, each of which is a sample with `--frames all`."""

from __future__ import annotations

import io
import os
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING

from zm_cli.errors import DataError
from zm_cli.formats.images import tiff
from zm_cli.formats.images.ahead import open_file
from zm_cli.formats.images.gif import has_later_colours
from zm_cli.formats.images.header import Header, describe_picture
from zm_cli.formats.images.headers import read_page_header
from zm_cli.formats.images.pictures import broken, open_picture

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

SEPARATOR = "#"
"""Separates the path of a file from the number of a frame in the name of a sample."""
_SEPARATE = frozenset({"MPO", "DCX"})
"""Formats whose frames are separate pictures, each with its own header."""


def name_frame(path: str, number: int, total: int) -> str:
    """Returns the name of a sample: scan.tif#03 for the third of twelve pages, so that names sort in their order."""
    return f"{path}{SEPARATOR}{number:0{len(str(total))}}"


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: its `number` in the file, counted from 1; the `offset` of its page in a TIFF, 0 elsewhere; its header,
    or the error of one that cannot be read."""

    number: int
    offset: int
    header: Header | BaseException


@dataclass
class Frames:
    """The frames of one file.

    `total` is how many it has. Among them are some that are not samples: `copies` of lower resolution, `masks`, and
    `stills`, which replace an animation in programs that cannot show it.
    """

    path: str
    suffix: str
    max_pixels: int
    total: int = 0
    copies: int = 0
    masks: int = 0
    stills: int = 0

    @property
    def has_several(self) -> bool:
        """Whether more than one of its frames is a sample."""
        return self.total - self.copies - self.masks - self.stills > 1

    def name(self, path: str, number: int) -> str:
        """Returns the name of the sample, as `name_frame` says."""
        return name_frame(path, number, self.total)

    def read(self) -> Iterator[Frame]:
        """Yields the frames that are images of their own, in order. `total` is known from the first one on.

        Raises one of `broken()` if the file cannot be read further.
        """
        with open_file(self.path) as file:
            start = file.read(4)
            file.seek(0)
            yield from self._read_pages(file) if tiff.is_tiff(start) else self._read_frames(file)

    def _read_pages(self, file: io.FileIO) -> Iterator[Frame]:
        numbers, offsets, damage = array("q"), array("q"), None
        with io.BufferedReader(tiff.Unclosed(file)) as stream:
            try:
                for number, page in enumerate(tiff.walk_pages(stream), 1):
                    self.total = number
                    if number == 1 and not page.following and page.planes > 1:
                        raise DataError(
                            f"says that there are {page.planes} images, of which only the first has a page",
                            where=self.path,
                            hint="save it with a page for each, or read its first with --frames first",
                        )
                    self.copies += page.is_reduced
                    self.masks += page.is_mask and not page.is_reduced
                    if not page.is_secondary:
                        numbers.append(number)
                        offsets.append(page.offset)
            except ValueError as error:
                damage = error
                self.total += 1
            if not numbers and self.total:
                # Some cameras store only a reduced copy where programs look for the image.
                numbers.append(1)
                offsets.append(next(tiff.walk_pages(stream)).offset)
            for number, offset in zip(numbers, offsets, strict=True):
                yield Frame(number, offset, self._read_page_header(file, stream, offset))
        if damage is not None:
            raise damage

    def _read_page_header(self, file: io.FileIO, stream: IO[bytes], offset: int) -> Header | BaseException:
        faults: tuple[type[BaseException], ...] = (*broken(), DataError)
        try:
            page = tiff.read_page(stream, offset)
            return read_page_header(file, page, self.suffix, self.path, self.max_pixels)
        except faults as error:
            return error

    def _read_frames(self, file: io.FileIO) -> Iterator[Frame]:
        with io.BufferedReader(tiff.Unclosed(file)) as stream:
            picture = open_picture(stream, marked=not self.suffix)
            self.total = int(getattr(picture, "n_frames", 1))
            if self.total > (nbytes := os.fstat(file.fileno()).st_size):
                raise ValueError(f"it claims {self.total} frames in {nbytes} bytes")
            first = 2 if getattr(picture, "default_image", False) else 1
            self.stills += first - 1
            shared = self._describe(picture)
            if picture.format == "GIF" and shared.mode == "L" and has_later_colours(stream):
                raise ValueError("its first frame is gray and a later one has colours, which the decoder mixes up")
            for number in range(first, self.total + 1):
                if picture.format not in _SEPARATE or number == 1:
                    yield Frame(number, 0, shared)
                    continue
                try:
                    picture.seek(number - 1)
                    header: Header | BaseException = self._describe(picture)
                except broken() as error:
                    header = error
                yield Frame(number, 0, header)

    def _describe(self, picture: ImageFile) -> Header:
        return replace(describe_picture(picture, self.suffix), frames=False)
