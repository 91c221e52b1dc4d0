"""`zm stats`: compute the statistics of one or several sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from zm_cli.cli.messages import Messages
from zm_cli.cli.options.output import BINS, IF_CHANGED, JSON, NO_CLOBBER, STATS_OUTPUT
from zm_cli.cli.options.running import CHECKPOINT
from zm_cli.cli.parsing.arguments import Sources
from zm_cli.cli.parsing.parameters import Given, Reading
from zm_cli.cli.parsing.signature import take_options
from zm_cli.pipeline.options import MeasureOptions
from zm_cli.running.plan import Plan

if TYPE_CHECKING:
    from zm_cli.cli.sources import NamedSource
    from zm_cli.pipeline.outcome import Outcome
    from zm_cli.statsfile.stats import Stats


@take_options
def stats(
    *,
    sources: Sources,
    output: Annotated[str | None, STATS_OUTPUT],
    if_changed: Annotated[bool, IF_CHANGED],
    no_clobber: Annotated[bool, NO_CLOBBER],
    checkpoint: Annotated[str | None, CHECKPOINT],
    json: Annotated[bool, JSON],
    bins: Annotated[int, BINS],
    reading: Reading,
    measuring: MeasureOptions,
    plan: Plan,
    messages: Messages,
    given: Given,
) -> None:
    """Compute means and standard deviations; save a stats file.

    Each is pooled over every value of the feature, in all sources together.

    zm stats train/ -o train.stats.json
    zm stats a.csv b.csv --columns age,income -o train.stats.json
    zm stats train.h5 --per pixel -o train.stats.npz
    zm stats train.csv --json | jq .mean
    """
    from zm_cli.cli.if_changed import find_change, record_provenance, require_file_output
    from zm_cli.cli.measuring import check_checkpoint, remove_checkpoint
    from zm_cli.cli.reading import check_not_inside, check_outputs, list_inputs, refuse_existing
    from zm_cli.cli.results import print_result, save_result
    from zm_cli.cli.sources import find_lists, name_sources
    from zm_cli.pipeline.outcome import Outcome
    from zm_cli.statsfile.store import check_target, load_stats

    named = name_sources(sources or [], reading.files_from, reading.kind)
    if output is not None:
        check_target(output)
    check_checkpoint(checkpoint)
    if output is not None or checkpoint is not None:
        paths = list_inputs(named, reading.options, reading.kind)
        check_outputs([*paths, *find_lists(sources or [], reading.files_from)], [output, checkpoint])
    if checkpoint is not None:
        for source in named:
            if source.files is None:
                check_not_inside(source.path, checkpoint)
    provenance = None
    if if_changed:
        kept = require_file_output(output)
        provenance = record_provenance("stats", named, reading, given)
        change = find_change(kept, provenance)
        if change is None:
            messages.print_message(f"{kept} is up to date")
            print_result(load_stats(kept), Outcome(), output, json=json, everything=messages.verbose, bins=bins)
            return
        messages.print_detail(f"making {kept}: {change}")
    if no_clobber:
        refuse_existing([output])
    result, outcome = _measure(named, output, checkpoint, reading, measuring, plan, messages)
    result = replace(result, provenance=provenance)
    messages.print_outcome(outcome)
    save_result(result, output, messages)
    print_result(result, outcome, output, json=json, everything=messages.verbose, bins=bins)
    remove_checkpoint(checkpoint)


def _measure(
    named: Sequence[NamedSource],
    output: str | None,
    checkpoint: str | None,
    reading: Reading,
    measuring: MeasureOptions,
    plan: Plan,
    messages: Messages,
) -> tuple[Stats, Outcome]:
    """The statistics, and the notes and warnings about them; UsageError if `output` cannot hold them."""
    from zm_cli.cli.measuring import measure_opened, open_checkpoint
    from zm_cli.cli.reading import open_sources
    from zm_cli.statsfile.store import check_room

    messages.connect(plan, [source.path for source in named])
    with open_sources(named, reading.options, reading.kind, plan, messages) as sources:
        if output is not None:
            specs = [source.spec for source in sources]
            check_room(output, specs, measuring.per, sources[0].path, measuring.statistics)
        with open_checkpoint(checkpoint, sources, measuring, reading.options, messages) as progress:
            return measure_opened(sources, measuring, plan, messages, progress=progress)
