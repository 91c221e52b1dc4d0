"""`zm center`: write the dataset with its mean subtracted."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from zm_cli.cli.messages import Messages
from zm_cli.cli.parsing.arguments import SourcePath
from zm_cli.cli.parsing.parameters import Given, Reading, Writing
from zm_cli.cli.parsing.signature import Without, take_options
from zm_cli.formats.shared.options import BY
from zm_cli.pipeline.options import ApplyOptions, MeasureOptions
from zm_cli.running.plan import Plan


@take_options
def center(
    *,
    source: SourcePath,
    writing: Writing,
    applying: Annotated[ApplyOptions, Without("ddof", "epsilon")],
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
    write_dataset(WriteRequest(source, writing, reading, measuring, applying, given), plan, messages)
