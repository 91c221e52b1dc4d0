"""Lists the images of a source: finds its files, lets workers read their headers, and combines the results."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing

from zm_cli.data.block import Skipped
from zm_cli.data.format import OpeningTick, ignore_opening
from zm_cli.errors import DataError
from zm_cli.formats.images.candidates import WITHOUT_SUFFIX, Candidates
from zm_cli.formats.images.file_patterns import Selection
from zm_cli.formats.images.frames import name_frame
from zm_cli.formats.images.header import Header
from zm_cli.formats.images.header_runs import ReadHeaders, Run, RunFrames, RunHeaders
from zm_cli.formats.images.listing import Listing, check_not_empty, locate
from zm_cli.formats.images.names import Names
from zm_cli.running.plan import Plan
from zm_cli.running.workload import Workload

MIN_RUN = 512
"""The fewest files whose headers a worker reads at a time: about 10 ms of work, or a second on a slow file system."""
MAX_RUN, MAX_RUNS = 8192, 2048
"""For very many files, runs are longer: a cluster needs 4 ms to schedule each of them."""
_WORKLOAD = Workload(block_bytes=1 << 20, result_bytes=1 << 18, forkable=True, small_steps=True)


def choose_run(total: int) -> int:
    """Returns how many of so many files are read at a time. The result of a listing does not depend on it."""
    return max(MIN_RUN, min(MAX_RUN, total // MAX_RUNS))


def list_images(
    path: str,
    wanted: Selection,
    *,
    skip: bool,
    max_pixels: int,
    frames: bool = False,
    plan: Plan | None = None,
    tick: OpeningTick = ignore_opening,
) -> Listing:
    """Returns the wanted files of the folder at `path`, or the one file at `path`, with their headers.

    With `frames`, every frame or page of a file that has several is a sample. The headers are read by the workers of
    the plan, or in this thread without a plan; the listing is the same. Raises DataError for a file that has the name
    of an image but cannot be read, or that claims more than `max_pixels`; with `skip`, such files are listed as
    skipped. Raises DataError if no image is left.
    """
    search = Search(path, wanted, skip=skip, max_pixels=max_pixels, frames=frames, plan=plan, tick=tick)
    listing = search.list_wanted()
    check_not_empty(listing, path)
    return listing


class Search:
    """The search for the images of a source, with the arguments of `list_images`."""

    def __init__(
        self,
        path: str,
        wanted: Selection,
        *,
        skip: bool,
        max_pixels: int,
        frames: bool,
        plan: Plan | None,
        tick: OpeningTick,
    ) -> None:
        self._base = locate(path)
        self._limit = wanted.limit
        self._plan = plan or Plan(workers=1)
        self._tick = tick
        self.candidates = Candidates(path, wanted, skip=skip, tick=tick)
        is_search = wanted.files is None and os.path.isdir(path)
        self._task = ReadHeaders(self._base, is_search, skip, max_pixels, frames)

    def list_wanted(self) -> Listing:
        """Returns the listing of the wanted files; raises DataError for the first in their order that
        cannot be read."""
        listing, limit, read = Listing(self._base), self._limit, 0
        while True:
            # If only some files are wanted, no more are looked for than are still missing.
            self.candidates.find(None if limit is None else read + limit - len(listing))
            if len(listing) == limit or read == len(self.candidates.names):
                break
            read = self._read(listing, read, len(self.candidates.names), range(len(self.candidates.names)))
        counts = self.candidates.count_left_out(read if len(listing) == limit else None)
        listing.left_out += counts.kinds
        listing.unwanted, listing.loops = counts.unwanted, counts.loops
        listing.skipped += self.candidates.take_skipped(read if len(listing) == limit else None)
        return listing

    def list_part(self, start: int, stop: int, *, alone: bool) -> tuple[Listing, Listing]:
        """Returns the listing of the candidates from `start` to `stop`, and that of all; with `alone`, the first
        listing twice.

        All candidates must have been found. Raises as `list_wanted`; with `alone`, the other files are not looked at.
        """
        before, part = Listing(self._base), Listing(self._base)
        every = range(len(self.candidates.names))
        if not alone:
            self._read(before, 0, start, every)
        elif start:
            # Folders before the part that could not be listed are reported by the other shards.
            before.skipped += self.candidates.take_skipped(start - 1)
        self._read(part, start, stop, every[start:stop] if alone else every)
        if stop == len(every):
            part.skipped += self.candidates.take_skipped()
        whole = part
        if not alone:
            whole = before
            whole.include(part)
            self._read(whole, stop, len(every), every)
            whole.skipped += self.candidates.take_skipped()
        counts = self.candidates.count_left_out()
        for listing in (part,) if alone else (part, whole):
            listing.left_out += counts.kinds
            listing.unwanted, listing.loops = counts.unwanted, counts.loops
        return part, whole

    def _read(self, listing: Listing, start: int, stop: int, every: range) -> int:
        """Adds the candidates from `start` to `stop` to a listing; returns the candidate at which it stopped, as the
        listing may be full.

        `every` are all that will be read. Raises DataError for the first that cannot be read, unless such files are
        skipped.
        """
        given: deque[Names] = deque()
        room = None if self._limit is None else self._limit - len(listing)

        def cut_runs() -> Iterator[Run]:
            length = choose_run(stop - start)
            for begin in range(start, stop, length):
                names = self.candidates.names.cut(begin, min(begin + length, stop))
                given.append(names)
                yield Run(names, room)

        with closing(self._plan.map(self._task, cut_runs(), _WORKLOAD)) as results:
            for found in results:
                start += self._add(listing, start, given.popleft(), found)
                if start:
                    listing.skipped += self.candidates.take_skipped(start - 1)
                if self._limit is None:
                    self._tick(start - every.start, len(every))
                else:
                    self._tick(len(listing), self._limit)
                if len(listing) == self._limit:
                    break
        return start

    def _add(self, listing: Listing, first: int, names: Names, found: RunHeaders) -> int:
        """Adds a run of files, which begins with the candidate at `first`; returns how many there was room for.

        Raises as `_read` does.
        """
        total, start = len(found.nbytes), 0
        for stop in (*sorted({*found.others, *found.faults, *found.frames, *found.offsets}), total):
            end = stop if self._limit is None else min(stop, start + self._limit - len(listing))
            listing.extend(names, start, end, found.nbytes, found.headers, found.indices)
            if len(listing) == self._limit:
                return end
            if stop == total:
                break
            listing.skipped += self.candidates.take_skipped(first + stop)
            name = names[stop]
            if stop in found.others:
                listing.left_out[WITHOUT_SUFFIX] += 1
            elif stop in found.faults:
                self._leave_out(listing, name, found.faults[stop])
            elif stop in found.frames:
                self._add_frames(listing, name, found.frames[stop], found.headers)
            else:
                header = found.headers[found.indices[stop]]
                listing.add(name, found.nbytes[stop], header, 0, found.offsets[stop])
            start = stop + 1
        return total

    def _add_frames(self, listing: Listing, path: str, frames: RunFrames, headers: Sequence[Header]) -> None:
        """Adds the frames of one file as samples, as far as there is room. Raises as `_read` does."""
        first = len(listing)
        for position, (number, offset, index) in enumerate(
            zip(frames.numbers, frames.offsets, frames.indices, strict=True)
        ):
            if len(listing) == self._limit:
                break
            name = name_frame(path, number, frames.total) if frames.has_several else path
            if index < 0:
                self._leave_out(listing, name, frames.faults[position])
            else:
                nbytes = frames.nbytes // frames.total
                listing.add(name, nbytes, headers[index], number if frames.has_several else 0, offset)
        else:
            if frames.error is not None:
                self._leave_out(listing, path, frames.error)
            elif len(listing) > first and not frames.is_cut:
                listing.nbytes[first] += frames.nbytes - sum(listing.nbytes[first:])
        listing.expanded += frames.has_several
        listing.copies += frames.copies
        listing.masks += frames.masks
        listing.stills += frames.stills

    def _leave_out(self, listing: Listing, name: str, fault: DataError) -> None:
        if not self._task.skip:
            raise fault
        listing.skipped.append(Skipped(name, fault.what))
