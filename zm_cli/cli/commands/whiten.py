"""`zm whiten`: write the dataset with uncorrelated features of variance 1."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from zm_cli.cli.messages import Messages
from zm_cli.cli.options.methods import ADDED_EPSILON, COMPONENTS, STATS, WHITEN_METHOD
from zm_cli.cli.options.output import IF_CHANGED, JSON, NO_CLOBBER, OUTPUT, PARTS, SAVE_STATS
from zm_cli.cli.parsing.arguments import SourcePath
from zm_cli.cli.parsing.parameters import Given, Reading
from zm_cli.cli.parsing.signature import Without, take_options
from zm_cli.errors import UsageError
from zm_cli.pipeline.options import ApplyOptions, MeasureOptions
from zm_cli.running.plan import Plan


@take_options
def whiten(
    *,
    source: SourcePath,
    output: Annotated[str | None, OUTPUT],
    stats: Annotated[str | None, STATS],
    method: Annotated[str | None, WHITEN_METHOD],
    components: Annotated[int | float | None, COMPONENTS],
    epsilon: Annotated[float, ADDED_EPSILON],
    applying: Annotated[ApplyOptions, Without("epsilon")],
    save_stats: Annotated[str | None, SAVE_STATS],
    parts: Annotated[int | None, PARTS],
    if_changed: Annotated[bool, IF_CHANGED],
    no_clobber: Annotated[bool, NO_CLOBBER],
    json: Annotated[bool, JSON],
    reading: Annotated[Reading, Without("by", "weight")],
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
    from zm_cli.cli.scaling import settle_scaling
    from zm_cli.cli.write_job import WriteRequest
    from zm_cli.cli.writing import write_dataset

    if measuring.per == "all":
        raise UsageError("whitening needs several features", where="--per all", hint="use another --per")
    applying = replace(applying, operation="whiten", method=method, components=components, epsilon=epsilon)
    applying, told = settle_scaling(source, reading, stats, applying, given, default="zca")
    request = WriteRequest(
        source, output, stats, save_stats, reading, measuring, applying, given, no_clobber, parts, told
    )
    write_dataset(request, plan, messages, if_changed=if_changed, json=json)
