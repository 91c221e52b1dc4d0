"""`zm center`: write the dataset with its mean subtracted."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from zm_cli.cli.messages import Messages
from zm_cli.cli.options.methods import STATS
from zm_cli.cli.options.output import IF_CHANGED, JSON, NO_CLOBBER, OUTPUT, PARTS, SAVE_STATS
from zm_cli.cli.parsing.arguments import SourcePath
from zm_cli.cli.parsing.parameters import Given, Reading
from zm_cli.cli.parsing.signature import Without, take_options
from zm_cli.formats.shared.options import BY
from zm_cli.pipeline.options import ApplyOptions, MeasureOptions
from zm_cli.running.plan import Plan


@take_options
def center(
    *,
    source: SourcePath,
    output: Annotated[str | None, OUTPUT],
    stats: Annotated[str | None, STATS],
    applying: Annotated[ApplyOptions, Without("ddof", "epsilon")],
    save_stats: Annotated[str | None, SAVE_STATS],
    parts: Annotated[int | None, PARTS],
    if_changed: Annotated[bool, IF_CHANGED],
    no_clobber: Annotated[bool, NO_CLOBBER],
    json: Annotated[bool, JSON],
    reading: Annotated[Reading, Without(BY.name)],
    measuring: MeasureOptions,
    plan: Plan,
    messages: Messages,
    given: Given,
) -> None:
    """Subtract the mean: x - mean.

    zm center train.csv -o train.centered.csv
    zm center test.csv -o test.centered.csv --stats train.centered.csv.stats.json
    zm center train.centered.csv -o back.csv --inverse
    """
    from zm_cli.cli.write_job import WriteRequest
    from zm_cli.cli.writing import write_dataset

    applying = replace(applying, operation="center")
    request = WriteRequest(source, output, stats, save_stats, reading, measuring, applying, given, no_clobber, parts)
    write_dataset(request, plan, messages, if_changed=if_changed, json=json)
