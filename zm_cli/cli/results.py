"""Saves and shows statistics, for `stats` and `merge`."""

from __future__ import annotations

import sys
from typing import Any

from zm_cli.cli.display.conditioning import derive_conditioning, print_conditioning
from zm_cli.cli.display.distributions import derive_distributions
from zm_cli.cli.display.groups_table import derive_class_weights, print_groups
from zm_cli.cli.display.tables import format_samples, print_stats
from zm_cli.cli.messages import Messages
from zm_cli.cli.options.output import DEFAULT_BINS
from zm_cli.pipeline.outcome import Outcome
from zm_cli.statsfile.encode import to_json
from zm_cli.statsfile.stats import Stats
from zm_cli.statsfile.store import check_json, save_stats


def save_result(result: Stats, output: str | None, messages: Messages) -> None:
    """Writes the stats file if one is asked for, and says so; standard output is left to `print_result`."""
    if output is not None and output != "-":
        save_stats(result, output)
        messages.print_detail(f"statistics of {format_samples(result.samples)} in {output}")


def derive_facts(stats: Stats, bins: int, *, everything: bool) -> dict[str, Any]:
    """Returns the fields that --json prints besides the statistics that they are computed from."""
    conditioning = derive_conditioning(stats, everything=everything)
    return conditioning | derive_distributions(stats, bins, everything=everything) | derive_class_weights(stats)


def print_result(
    stats: Stats, outcome: Outcome, output: str | None, *, json: bool, everything: bool, bins: int = DEFAULT_BINS
) -> None:
    """Prints JSON if asked for; else a table if there is no output file or standard output is a terminal."""
    if json or output == "-":
        document = stats.to_document()
        if output == "-":
            check_json(document, output)
        messages = {"notes": outcome.notes, "warnings": outcome.warnings} if json else {}
        derived = derive_facts(stats, bins, everything=everything) if json else {}
        sys.stdout.write(to_json(document | derived | messages))
    elif output is None or sys.stdout.isatty():
        print_stats(stats, everything=everything)
        print_conditioning(stats, everything=everything)
        print_groups(stats, everything=everything)
