"""Chooses the samples of a source, and the mode in which all are read; a shard is read in the mode of the whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from zm_cli.data.format import OpeningTick
from zm_cli.data.options import ReadOptions
from zm_cli.data.shard import Shard
from zm_cli.formats.images.bands import ARRAY
from zm_cli.formats.images.file_patterns import Selection
from zm_cli.formats.images.limits import choose_limit
from zm_cli.formats.images.list_images import Search
from zm_cli.formats.images.listing import Listing, check_not_empty
from zm_cli.formats.images.modes import Mode, decide_mode, parse_mode
from zm_cli.formats.images.names import Names
from zm_cli.formats.images.options import AS_STORED, FRAME_CHOICES, FRAMES, LOSSY, MAX_PIXELS, MODE
from zm_cli.formats.images.suffixes import TIFFS, suffix_of
from zm_cli.formats.shared.options import LIMIT, ON_ERROR, SAMPLE, SHARD
from zm_cli.formats.shared.sampling import choose, find_asked
from zm_cli.running.plan import Plan


class Rules(NamedTuple):
    """How images are read: `mode` is the mode that was asked for, None for the one that keeps every value; the other
    fields are as in `list_images` and `decide_mode`."""

    skip: bool
    max_pixels: int
    frames: bool
    mode: str | None
    lossy: bool
    as_stored: bool

    @classmethod
    def from_options(cls, options: ReadOptions) -> Rules:
        """Returns what the options ask for. Raises UsageError for an unknown mode."""
        mode, lossy, as_stored = parse_mode(options.get(MODE)), options.get(LOSSY), options.get(AS_STORED)
        return cls(
            options.get(ON_ERROR) == "skip",
            choose_limit(options.get(MAX_PIXELS)),
            options.get(FRAMES) == FRAME_CHOICES[1],
            mode,
            mode is not None if lossy is None else lossy,
            mode == ARRAY if as_stored is None else as_stored,
        )


@dataclass(frozen=True)
class Chosen:
    """The samples that are read, their mode, and what is known of the samples of all shards.

    `listing` has those that are read. `whole` has those of all shards; if `is_alone`, only headers of this shard were
    read, and it has no others. `names` are the paths of the samples of all shards; if `is_alone`, of all files that may
    be samples. `cut` is how many were cut into shards: files, or samples if only some were asked for. `asked` is the
    number that the user asked for, None for all.
    """

    listing: Listing
    whole: Listing
    names: Names
    mode: Mode
    cut: int
    asked: int | None = None
    is_alone: bool = False


def choose_samples(
    path: str, options: ReadOptions, wanted: Selection, rules: Rules, plan: Plan | None, tick: OpeningTick
) -> Chosen:
    """Returns the samples of the source at `path` that the options choose, and their mode.

    A shard takes its part of the files, in the order of the whole, or of the samples that --limit and --sample choose.
    Raises DataError for files that cannot be read, and if there is no image.
    """
    shard = options.get(SHARD)
    if shard is not None and options.get(LIMIT) is None and options.get(SAMPLE) is None:
        chosen = _choose_files(path, wanted, rules, shard, plan, tick, alone=rules.mode not in (None, ARRAY))
        if chosen.is_alone and not len(chosen.listing):
            # Then only the samples of the other shards show what the samples are like.
            chosen = _choose_files(path, wanted, rules, shard, plan, tick, alone=False)
        return chosen
    listing = _search(path, wanted, rules, plan, tick).list_wanted()
    check_not_empty(listing, path)
    mode = _decide(listing, path, rules)
    check_not_empty(listing, path)
    asked = find_asked(options, len(listing))
    choice = choose(options.replace(shard=None), lambda: len(listing))
    if choice.indices is not None:
        listing.keep(choice.indices)
    own = listing if shard is None else listing.cut(shard)
    return Chosen(own, listing, listing.paths, mode, len(listing), asked)


def _choose_files(
    path: str,
    wanted: Selection,
    rules: Rules,
    shard: Shard,
    plan: Plan | None,
    tick: OpeningTick,
    *,
    alone: bool,
) -> Chosen:
    """Returns the samples of a shard's part of the files.

    With `alone`, headers of other shards are not read unless something depends on them.
    """
    search = _search(path, wanted, rules, plan, tick)
    search.candidates.find()
    names = search.candidates.names
    alone = alone and not rules.frames and not any(_may_declare(name) for name in names)
    listing, whole = search.list_part(*shard.cut(len(names)), alone=alone)
    if not alone or not len(names):
        check_not_empty(whole, path)
    there = len(whole)
    mode = _decide(whole, path, rules)
    if not alone:
        check_not_empty(whole, path)
    if whole is not listing and len(whole) < there:
        listing.skip_lossy()
    return Chosen(listing, whole, names if alone else whole.paths, mode, len(names), is_alone=alone)


def _search(path: str, wanted: Selection, rules: Rules, plan: Plan | None, tick: OpeningTick) -> Search:
    return Search(path, wanted, skip=rules.skip, max_pixels=rules.max_pixels, frames=rules.frames, plan=plan, tick=tick)


def _decide(listing: Listing, path: str, rules: Rules) -> Mode:
    return decide_mode(listing, rules.mode, path, skip=rules.skip, lossy=rules.lossy, as_stored=rules.as_stored)


def _may_declare(name: str) -> bool:
    """Returns whether a file may declare a no-data value, which then all files of all shards must declare."""
    return suffix_of(name) in TIFFS or not suffix_of(name)
