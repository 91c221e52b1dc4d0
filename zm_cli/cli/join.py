"""`zm join`: put the parts of an output together that were written with --shard."""

from __future__ import annotations

from typing import Annotated

from zm_cli.cli import options as opt
from zm_cli.cli.arguments import Parts
from zm_cli.cli.report import Report
from zm_cli.cli.signature import take_options


@take_options
def join(
    *,
    parts: Parts,
    output: Annotated[str | None, opt.JOINED],
    copy: Annotated[bool, opt.COPY],
    no_clobber: Annotated[bool, opt.NO_CLOBBER],
    report: Report,
) -> None:
    """Put the parts of an output together that --shard wrote.

    All parts of one output, in any order, become what one run would have written.

    HDF5: a small file that shows its parts as one dataset; all values with --copy.

    zm standardize test.csv --stats train.stats.json --shard 1/2 -o out.1.csv
    zm standardize test.csv --stats train.stats.json --shard 2/2 -o out.2.csv
    zm join out.1.csv out.2.csv -o out.csv
    """
    from zm_cli.cli.reading import check_not_inside, check_outputs, refuse_existing
    from zm_cli.errors import UsageError
    from zm_cli.pipeline.join import join_parts

    if not parts:
        raise UsageError("no PART is named", hint="name all parts of an output")
    if output is None or output == "-":
        raise UsageError("needs an output file", where="--output", hint="name a file or a folder with -o")
    check_outputs(parts, [output])
    for part in parts:
        check_not_inside(part, output)
    if no_clobber:
        refuse_existing([output])
    with report.file_bar(len(parts), "joining") as tick:
        outcome = join_parts(parts, output, copy=copy, tick=tick)
    report.print_outcome(outcome)
    report.print_detail(f"{len(parts)} part{'s' * (len(parts) > 1)} in {output}")
