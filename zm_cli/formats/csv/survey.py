"""Lists the columns of a table that cannot be measured."""

from __future__ import annotations

from zm_cli.data.options import ReadOptions
from zm_cli.data.survey import Content, Survey
from zm_cli.formats.csv.layout import read_names


def survey_table(path: str, options: ReadOptions) -> Survey:
    """Returns the columns of the table at `path`, as far as its first rows tell; raises what `read_names` raises."""
    names = read_names(path, options)
    return Survey("CSV file", "column", tuple(map(Content, names)), facts={"columns": f"{len(names):,}"})
