"""Reads the headers of a run of files in any worker: what the worker is sent, and what it sends back."""

from __future__ import annotations

import os
from array import array
from dataclasses import dataclass, field

from zm_cli.errors import DataError
from zm_cli.formats.images.frames import Frames
from zm_cli.formats.images.header import Header
from zm_cli.formats.images.headers import read_header
from zm_cli.formats.images.limits import limit_pillow
from zm_cli.formats.images.names import Names
from zm_cli.formats.images.pictures import broken, make_file_error, quieten
from zm_cli.formats.images.suffixes import suffix_of
from zm_cli.inputs.name_lists import name_one_of
from zm_cli.running.guard import get_file_note


@dataclass(frozen=True)
class Run:
    """Files whose headers one worker reads: their relative paths, and after how many samples it may stop."""

    names: Names
    room: int | None = None


@dataclass
class RunFrames:
    """The headers of a file whose frames are all samples: `total` is the number of its frames, whether samples or not.

    For each frame, in order: `numbers` has its number, `offsets` where its page begins, and `indices` the index of its
    header, or -1 if it cannot be read, for which `faults` has the error. `is_cut` says that more frames follow, which
    were not looked at. `error` says why the file cannot be read further. The other fields are counts as in `Listing`.
    """

    nbytes: int
    total: int = 0
    numbers: array[int] = field(default_factory=lambda: array("q"))
    offsets: array[int] = field(default_factory=lambda: array("q"))
    indices: array[int] = field(default_factory=lambda: array("q"))
    faults: dict[int, DataError] = field(default_factory=dict)
    is_cut: bool = False
    error: DataError | None = None
    has_several: bool = False
    copies: int = 0
    masks: int = 0
    stills: int = 0


@dataclass
class RunHeaders:
    """The headers of a run of files.

    For each file: `nbytes` has its size, `indices` the index of its header in `headers`, and `offsets` where its first
    page begins, unless that is at 0. `headers` holds each different header once, in the order in which they were found.
    A file in `others` is not an image, one in `faults` cannot be read, and every frame of one in `frames` is a sample;
    the other fields mean nothing for them.
    """

    headers: list[Header] = field(default_factory=list)
    nbytes: array[int] = field(default_factory=lambda: array("q"))
    indices: array[int] = field(default_factory=lambda: array("l"))
    offsets: dict[int, int] = field(default_factory=dict)
    others: list[int] = field(default_factory=list)
    faults: dict[int, DataError] = field(default_factory=dict)
    frames: dict[int, RunFrames] = field(default_factory=dict)


@dataclass(frozen=True)
class ReadHeaders:
    """The task of workers: reads the headers of a run of files in the folder `base`.

    Files that were found by a search and have neither a suffix nor the header of an image are not images. Without
    `skip`, nothing is read after the first file that cannot be read. With `frames`, every frame is a sample.
    """

    base: str
    is_search: bool
    skip: bool
    max_pixels: int
    frames: bool

    def list_paths(self) -> tuple[str, ...]:
        """Returns the folder that all workers must see."""
        return (self.base,)

    def name_input(self, run: Run) -> str:
        """Returns the files that a worker is reading: all of the run, because it does not say which one."""
        first, last = (os.path.join(self.base, run.names[index]) for index in (0, -1))
        return name_one_of(first, last, len(run.names))

    def __call__(self, run: Run) -> RunHeaders:
        """Returns the headers of the files, as far as they are needed."""
        # Not each file: that would take a tenth of the time of its header.
        get_file_note()(self.name_input(run))
        quieten()
        limit_pillow(self.max_pixels)
        faults: tuple[type[BaseException], ...] = (*broken(), DataError)
        found = RunHeaders()
        known: dict[Header, int] = {}
        samples = 0
        for position, name in enumerate(run.names):
            if samples == run.room:
                break
            path, suffix = os.path.join(self.base, name), suffix_of(name)
            nbytes = index = 0
            try:
                header, nbytes, offset = read_header(path, suffix, self.max_pixels)
            except faults as error:
                if not suffix and self.is_search:
                    found.others.append(position)
                else:
                    found.faults[position] = self._make_file_error(path, error)
            else:
                if self.frames and (header.frames or header.copies or header.masked or header.planes > 1):
                    left = None if run.room is None else run.room - samples
                    found.frames[position] = frames = self._read_frames(path, suffix, nbytes, known, left)
                    samples += len(frames.indices) - len(frames.faults)
                else:
                    samples += 1
                    index = known.setdefault(header, len(known))
                    if offset:
                        found.offsets[position] = offset
            found.nbytes.append(nbytes)
            found.indices.append(index)
            if found.faults and not self.skip:
                break
        found.headers = list(known)
        return found

    def _read_frames(
        self, path: str, suffix: str, nbytes: int, known: dict[Header, int], room: int | None
    ) -> RunFrames:
        """Returns the headers of the frames of one file, as far as they are needed for `room` samples."""
        faults: tuple[type[BaseException], ...] = (*broken(), DataError)
        frames, found = Frames(path, suffix, self.max_pixels), RunFrames(nbytes)
        try:
            for frame in frames.read():
                if len(found.indices) - len(found.faults) == room or (found.faults and not self.skip):
                    found.is_cut = True
                    break
                if isinstance(frame.header, BaseException):
                    shown = frames.name(path, frame.number) if frames.has_several else path
                    found.faults[len(found.indices)] = self._make_file_error(shown, frame.header)
                    found.indices.append(-1)
                else:
                    found.indices.append(known.setdefault(frame.header, len(known)))
                found.numbers.append(frame.number)
                found.offsets.append(frame.offset)
        except faults as error:
            found.error = self._make_file_error(path, error)
        found.total, found.has_several = frames.total, frames.has_several
        found.copies, found.masks, found.stills = frames.copies, frames.masks, frames.stills
        return found

    def _make_file_error(self, path: str, error: BaseException) -> DataError:
        fault = make_file_error(path, error)
        if fault is not error and not self.skip:
            fault.__cause__ = error
        return fault
