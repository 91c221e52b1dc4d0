"""`zm scale`: write the dataset with each feature scaled to a range, or each sample to length 1."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from zm_cli.cli.messages import Messages
from zm_cli.cli.options.methods import CLIP, PERCENTS, RANGE, SCALE_METHOD
from zm_cli.cli.parsing.arguments import SourcePath
from zm_cli.cli.parsing.parameters import Given, Reading, Writing
from zm_cli.cli.parsing.signature import Without, take_options
from zm_cli.formats.shared.options import BY
from zm_cli.pipeline.options import ApplyOptions, MeasureOptions
from zm_cli.running.plan import Plan


@take_options
def scale(
    *,
    source: SourcePath,
    writing: Writing,
    method: Annotated[str | None, SCALE_METHOD],
    range: Annotated[tuple[float, float] | None, RANGE],
    clip: Annotated[bool, CLIP],
    quantiles: Annotated[tuple[float, float] | None, PERCENTS],
    applying: Annotated[ApplyOptions, Without("ddof", "epsilon")],
    reading: Annotated[Reading, Without(BY.name)],
    measuring: Annotated[MeasureOptions, Without("quantiles")],
    plan: Plan,
    messages: Messages,
    given: Given,
) -> None:
    """Scale to a range, by quantiles, or each sample to length 1.

    zm scale train.csv -o train.01.csv --method minmax
    zm scale test.csv -o test.01.csv --stats train.01.csv.stats.json
    zm scale train.01.csv -o back.csv --inverse
    """
    from zm_cli.cli.write_job import WriteRequest
    from zm_cli.cli.writing import write_dataset

    applying = replace(applying, operation="scale", method=method, range=range, clip=clip, quantiles=quantiles)
    write_dataset(WriteRequest(source, writing, reading, measuring, applying, given), plan, messages)
