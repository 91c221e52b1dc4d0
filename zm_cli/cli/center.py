"""`zm center`: the dataset with its mean subtracted."""

from __future__ import annotations

from zm_cli.cli import options as opt
from zm_cli.cli.groups import Choices, Computing, Reading, Running, Strictness, Writing, take_groups


@take_groups
def center(
    *,
    source: opt.SourcePath = None,
    output: opt.Output = "-",
    writing: Writing,
    computing: Computing,
    reading: Reading,
    strictness: Strictness,
    running: Running,
) -> None:
    """Subtract the mean: x - mean.

    zm center train.csv -o train.centered.csv
    zm center test.csv -o test.centered.csv --stats train.centered.csv.stats.json
    zm center train.centered.csv -o back.csv --inverse
    """
    from zm_cli.cli.writing import write_dataset

    choices = Choices(computing, reading, strictness, running)
    write_dataset("center", source, output, writing, choices)
