"""Chooses some of the samples: the first ones, some that are spread evenly over the data, or one part of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from zm_cli.data.options import ReadOptions
from zm_cli.data.shard import Shard
from zm_cli.errors import UsageError
from zm_cli.formats.shared.options import LIMIT, SAMPLE, SEED, SHARD

if TYPE_CHECKING:
    from zm_cli.data.block import Span, Values

WHOLE = Shard(1, 1)
"""The part that is all of the data."""


@dataclass(frozen=True)
class Choice:
    """Which samples are read: `samples` from `start` on, or those at `indices`, in order.

    `asked` is the number of samples that the user asked for, of which a shard takes its part; None for all. `total` is
    the number of samples in all shards together.
    """

    samples: int
    indices: list[int] | None = None
    asked: int | None = None
    start: int = 0
    total: int = 0


def choose(options: ReadOptions, count: Callable[[], int]) -> Choice:
    """Returns the samples that `--limit` and `--sample` ask for, of as many as `count` returns; for a shard, its part
    of them.

    Raises UsageError for `--seed` without `--sample`.
    """
    limit, wanted, seed = options.get(LIMIT), options.get(SAMPLE), options.get(SEED)
    if wanted is None and seed is not None:
        raise UsageError("chooses what --sample draws", where="--seed", hint="give --sample N, too")
    shard, total = options.get(SHARD), count()
    there = total if limit is None else min(limit, total)
    asked = find_asked(options, total)
    if wanted is None or wanted >= there:
        start, stop = (shard or WHOLE).cut(there)
        return Choice(stop - start, asked=asked, start=start, total=there)
    start, stop = (shard or WHOLE).cut(wanted)
    return Choice(stop - start, draw_evenly(there, wanted, seed or 0)[start:stop], wanted, total=wanted)


def find_asked(options: ReadOptions, total: int) -> int | None:
    """Returns the number of samples that `--limit` and `--sample` ask for, of `total`; None if they ask for all."""
    limit, wanted = options.get(LIMIT), options.get(SAMPLE)
    asked = limit if wanted is None else min(wanted, limit or wanted)
    if asked is not None and asked > total and options.get(SHARD) is not None:
        # A part does not show that the data have fewer samples than were asked for.
        return None
    return asked


def draw_evenly(total: int, wanted: int, seed: int) -> list[int]:
    """Returns the indices of `wanted` of `total` samples, in order; all of them if there are no more.

    The data are cut into `wanted` parts of equal length, and one sample of each is drawn. So all of the data are
    covered, and periodic data are not always drawn at the same phase. The same seed gives the same samples.
    """
    if wanted >= total:
        return list(range(total))
    # `random` is the only method whose numbers the standard library promises to keep the same.
    draw = Random(seed).random
    edges = [part * total // wanted for part in range(wanted + 1)]
    return [low + int(draw() * (high - low)) for low, high in pairwise(edges)]


class SampleRange(NamedTuple):
    """The address of a span of an array: the samples from `start` to `stop`, or of these the `picked` ones.

    `picked` are positions in the range, in order.
    """

    start: int
    stop: int
    picked: tuple[int, ...] | None = None

    @property
    def numbers(self) -> Sequence[int]:
        """The number of each sample in the data, counted from 1."""
        if self.picked is None:
            return range(self.start + 1, self.stop + 1)
        return tuple(self.start + index + 1 for index in self.picked)

    def pick(self, values: Values) -> Values:
        """Returns the picked samples of `values`, which holds the whole range along its first axis."""
        return values if self.picked is None else values[list(self.picked)]


def cut_ranges(choice: Choice, step: int, sample_bytes: int, growth: int = 1) -> Iterator[Span]:
    """Yields spans of at most `step` samples that are close together, each with a SampleRange as its address.

    Spans begin at multiples of `step` in the data, also those of a shard. `growth` is the value of GROWTH.
    """
    from zm_cli.data.block import Span

    for index, address in enumerate(_cut_ranges(choice, step)):
        number = address.stop - address.start if address.picked is None else len(address.picked)
        yield Span(index, address, number * sample_bytes, number * sample_bytes * growth)


def _cut_ranges(choice: Choice, step: int) -> Iterator[SampleRange]:
    if choice.indices is None:
        start, stop = choice.start, choice.start + choice.samples
        while start < stop:
            end = min(start - start % step + step, stop)
            yield SampleRange(start, end)
            start = end
        return
    nearby: list[int] = []
    for index in choice.indices:
        if nearby and index // step != nearby[0] // step:
            yield _cover(nearby)
            nearby = []
        nearby.append(index)
    if nearby:
        yield _cover(nearby)


def _cover(indices: list[int]) -> SampleRange:
    start, stop = indices[0], indices[-1] + 1
    return SampleRange(start, stop, None if stop - start == len(indices) else tuple(i - start for i in indices))
