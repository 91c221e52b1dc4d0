"""`zm merge`: make one stats file of several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from zm_cli.cli.messages import Messages
from zm_cli.cli.options.data import FILES_FROM
from zm_cli.cli.options.output import IF_CHANGED, JSON, MERGE_FORCE, NO_CLOBBER, STATS_OUTPUT
from zm_cli.cli.parsing.arguments import StatsFiles
from zm_cli.cli.parsing.parameters import Given
from zm_cli.cli.parsing.signature import take_options

if TYPE_CHECKING:
    from zm_cli.pipeline.outcome import Outcome
    from zm_cli.statsfile.stats import Stats


@take_options
def merge(
    *,
    stats_files: StatsFiles,
    output: Annotated[str | None, STATS_OUTPUT],
    if_changed: Annotated[bool, IF_CHANGED],
    no_clobber: Annotated[bool, NO_CLOBBER],
    force: Annotated[bool, MERGE_FORCE],
    json: Annotated[bool, JSON],
    files_from: Annotated[str | None, FILES_FROM],
    messages: Messages,
    given: Given,
) -> None:
    """Merge stats files: of parts, of machines, of months.

    The result is the same as that of zm stats over all of the data, which are not read again.

    zm merge part-*.stats.json -o all.stats.json
    zm merge all.stats.json new.stats.json -o all.stats.json
    zm merge @list.txt --json | jq .mean
    """
    from zm_cli.cli.if_changed import find_change, record_merge, require_file_output
    from zm_cli.cli.reading import check_outputs, refuse_existing
    from zm_cli.cli.results import print_result, save_result
    from zm_cli.cli.sources import find_lists, list_named_files
    from zm_cli.pipeline.outcome import Outcome
    from zm_cli.statsfile.store import check_target, load_stats

    paths = list_named_files(stats_files or [], files_from, "stats file")
    if output is not None:
        check_target(output)
        # One of the stats files can be replaced: all are read before the output appears.
        check_outputs(find_lists(stats_files or [], files_from), [output])
    provenance = None
    if if_changed:
        kept = require_file_output(output)
        # A file that is merged into itself changes with every run.
        check_outputs(paths, [kept])
        provenance = record_merge(paths, given)
        change = find_change(kept, provenance)
        if change is None:
            messages.print_message(f"{kept} is up to date")
            print_result(load_stats(kept), Outcome(), output, json=json, everything=messages.verbose)
            return
        messages.print_detail(f"making {kept}: {change}")
    if no_clobber:
        refuse_existing([output])
    result, outcome = _merge(paths, output, messages, force=force)
    result = replace(result, provenance=provenance)
    messages.print_outcome(outcome)
    save_result(result, output, messages)
    print_result(result, outcome, output, json=json, everything=messages.verbose)


def _merge(paths: Sequence[str], output: str | None, messages: Messages, *, force: bool) -> tuple[Stats, Outcome]:
    """Returns the statistics in all files, merged in their order; UsageError if `output` cannot hold them."""
    from zm_cli.pipeline.merging.merge import Merger
    from zm_cli.statsfile.store import check_features, load_stats

    merger = Merger(force=force)
    with messages.file_bar(len(paths), "merging") as tick:
        for path in paths:
            stats = load_stats(path)
            if output is not None:
                check_features(output, stats.moments.mean.size, map(type, stats.statistics.values()), different=0)
            merger.add(path, stats)
            tick()
    return merger.finish()
