"""`zm join`: make one dataset of the parts of an output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from zm_cli.cli.messages import Messages
from zm_cli.cli.options.data import FILES_FROM
from zm_cli.cli.options.output import COPY, JOINED, JSON, NO_CLOBBER
from zm_cli.cli.parsing.arguments import Parts
from zm_cli.cli.parsing.signature import take_options

if TYPE_CHECKING:
    from zm_cli.pipeline.applying.join import Joined


@take_options
def join(
    *,
    parts: Parts,
    output: Annotated[str | None, JOINED],
    copy: Annotated[bool, COPY],
    no_clobber: Annotated[bool, NO_CLOBBER],
    json: Annotated[bool, JSON],
    files_from: Annotated[str | None, FILES_FROM],
    messages: Messages,
) -> None:
    """Make one dataset of the parts that --shard or --parts wrote.

    All parts of one output, in any order, become what a single run would have written.
    A compressed table has the same text, not always the same bytes.

    HDF5: a small file that shows its parts as one dataset; all values with --copy.

    zm standardize test.csv --stats train.stats.json --shard 1/2 -o out.1.csv
    zm standardize test.csv --stats train.stats.json --shard 2/2 -o out.2.csv
    zm join out.1.csv out.2.csv -o out.csv
    zm standardize test.csv --stats train.stats.json --parts 4 -o out.parts
    zm join out.parts -o out.csv
    """
    from zm_cli.cli.reading import check_not_inside, check_outputs, refuse_existing
    from zm_cli.cli.sources import find_lists, list_named_files
    from zm_cli.errors import UsageError
    from zm_cli.pipeline.applying.join import join_parts
    from zm_cli.pipeline.applying.parts_record import count_samples, find_parts
    from zm_cli.pipeline.outcome import Outcome

    named = list_named_files(parts or [], files_from, "part")
    if output is None or output == "-":
        raise UsageError("needs an output file", where="--output", hint="name a file or a folder with -o")
    paths = find_parts(named)
    check_outputs([*find_lists(parts or [], files_from), *named, *paths], [output])
    for path in dict.fromkeys([*named, *paths]):
        check_not_inside(path, output)
    if no_clobber:
        refuse_existing([output])
    with messages.file_bar(len(paths), "joining") as tick:
        joined = join_parts(paths, output, copy=copy, tick=tick)
    messages.print_outcome(Outcome(notes=[*joined.notes]))
    messages.print_detail(f"{len(paths)} part{'s' * (len(paths) > 1)} in {output}")
    if json:
        _print_summary(joined, output, len(paths), count_samples(named))


def _print_summary(joined: Joined, output: str, parts: int, samples: int | None) -> None:
    """Prints what was joined as JSON; `samples` is what the record of a folder of parts says, None without one."""
    import json

    document = {
        "format": "zm-joined",
        "version": 1,
        "output": output,
        "kind": joined.kind,
        "parts": parts,
        "samples": joined.samples if samples is None else samples,
        "notes": [*joined.notes],
        "warnings": [],
    }
    print(json.dumps(document, indent=2, allow_nan=False))
