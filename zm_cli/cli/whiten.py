"""`zm whiten`: write the dataset with uncorrelated features of variance 1."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from zm_cli.cli import options as opt
from zm_cli.cli.arguments import SourcePath
from zm_cli.cli.groups import Given, Reading
from zm_cli.cli.report import Report
from zm_cli.cli.signature import Without, take_options
from zm_cli.errors import UsageError
from zm_cli.pipeline.options import ApplyOptions, MeasureOptions
from zm_cli.running.plan import Plan


@take_options
def whiten(
    *,
    source: SourcePath,
    output: Annotated[str | None, opt.OUTPUT],
    stats: Annotated[str | None, opt.STATS],
    method: Annotated[str | None, opt.WHITEN_METHOD],
    components: Annotated[int | float | None, opt.COMPONENTS],
    epsilon: Annotated[float, opt.ADDED_EPSILON],
    applying: Annotated[ApplyOptions, Without("epsilon")],
    save_stats: Annotated[str | None, opt.SAVE_STATS],
    parts: Annotated[int | None, opt.PARTS],
    if_changed: Annotated[bool, opt.IF_CHANGED],
    no_clobber: Annotated[bool, opt.NO_CLOBBER],
    json: Annotated[bool, opt.JSON],
    reading: Annotated[Reading, Without("by", "weight")],
    measuring: Annotated[MeasureOptions, Without("covariance")],
    plan: Plan,
    report: Report,
    given: Given,
) -> None:
    """Make features uncorrelated, with variance 1: PCA or ZCA.

    zm whiten train.csv -o white.csv
    zm whiten test.csv -o test.white.csv --stats white.csv.stats.json
    zm whiten train.csv -o pca.csv --method pca --components 0.95
    zm whiten pca.csv -o back.csv --inverse
    """
    from zm_cli.cli.scaling import settle_scaling
    from zm_cli.cli.writejob import WriteRequest
    from zm_cli.cli.writing import write_dataset

    if measuring.per == "all":
        raise UsageError("whitening needs several features", where="--per all", hint="use another --per")
    applying = replace(applying, operation="whiten", method=method, components=components, epsilon=epsilon)
    applying, told = settle_scaling(source, reading, stats, applying, given, default="zca")
    request = WriteRequest(
        source, output, stats, save_stats, reading, measuring, applying, given, no_clobber, parts, told
    )
    write_dataset(request, plan, report, if_changed=if_changed, json=json)
