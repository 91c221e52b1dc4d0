"""`zm standardize`: the dataset with mean 0 and deviation 1."""

from __future__ import annotations

from zm_cli.cli import options as opt
from zm_cli.cli.groups import Choices, Computing, Reading, Running, Strictness, Writing, take_groups


@take_groups
def standardize(
    *,
    source: opt.SourcePath = None,
    output: opt.Output = "-",
    writing: Writing,
    computing: Computing,
    reading: Reading,
    strictness: Strictness,
    running: Running,
    ddof: opt.Ddof = "0",
    epsilon: opt.Epsilon = 0.0,
) -> None:
    """Subtract the mean, divide by the deviation: (x - mean) / std.

    zm standardize train/ -o train.h5 --resize 224x224
    zm standardize test/ -o test.h5 --stats train.h5.stats.json
    zm standardize new.csv --stats train.stats.json -o - | head
    """
    from zm_cli.cli.parsing import parse_epsilon
    from zm_cli.cli.writing import write_dataset

    choices = Choices(computing, reading, strictness, running)
    write_dataset("standardize", source, output, writing, choices, ddof=int(ddof), epsilon=parse_epsilon(epsilon))
