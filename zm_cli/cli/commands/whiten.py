"""`zm whiten`: write the dataset with uncorrelated features of variance 1."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from zm_cli.cli.messages import Messages
from zm_cli.cli.options.methods import ADDED_EPSILON, COMPONENTS, WHITEN_METHOD
from zm_cli.cli.parsing.arguments import SourcePath
from zm_cli.cli.parsing.parameters import Given, Reading, Writing
from zm_cli.cli.parsing.signature import Without, take_options
from zm_cli.errors import UsageError
from zm_cli.formats.shared.options import BY, WEIGHT
from zm_cli.pipeline.options import ApplyOptions, MeasureOptions
from zm_cli.running.plan import Plan


@take_options
def whiten(
    *,
    source: SourcePath,
    writing: Writing,
    method: Annotated[str | None, WHITEN_METHOD],
    components: Annotated[int | float | None, COMPONENTS],
    epsilon: Annotated[float, ADDED_EPSILON],
    applying: Annotated[ApplyOptions, Without("epsilon")],
    reading: Annotated[Reading, Without(BY.name, WEIGHT.name)],
    measuring: Annotated[MeasureOptions, Without("covariance")],
    plan: Plan,
    messages: Messages,
    given: Given,
) -> None:
    """Make features uncorrelated, with variance 1: PCA or ZCA.

    zm whiten train.csv -o white.csv
    zm whiten test.csv -o test.white.csv --stats white.csv.stats.json
    zm whiten train.csv -o pca.csv --method pca --components 0.95
    zm whiten pca.csv -o back.csv --inverse
    """
    from zm_cli.cli.write_job import WriteRequest
    from zm_cli.cli.writing import write_dataset

    if measuring.per == "all":
        raise UsageError("whitening needs several features", where="--per all", hint="use another --per")
    applying = replace(applying, operation="whiten", method=method, components=components, epsilon=epsilon)
    write_dataset(WriteRequest(source, writing, reading, measuring, applying, given), plan, messages)
