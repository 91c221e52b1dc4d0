"""`zm standardize`: write the dataset with mean 0 and standard deviation 1."""

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
def standardize(
    *,
    source: SourcePath,
    writing: Writing,
    applying: ApplyOptions,
    reading: Annotated[Reading, Without(BY.name)],
    measuring: MeasureOptions,
    plan: Plan,
    messages: Messages,
    given: Given,
) -> None:
    """Subtract the mean, divide by the standard deviation.

    zm standardize train/ -o train.h5 --resize 224x224
    zm standardize test/ -o test.h5 --stats train.h5.stats.json
    zm standardize new.csv --stats train.stats.json -o - | head
    """
    from zm_cli.cli.write_job import WriteRequest
    from zm_cli.cli.writing import write_dataset

    applying = replace(applying, operation="standardize")
    write_dataset(WriteRequest(source, writing, reading, measuring, applying, given), plan, messages)
