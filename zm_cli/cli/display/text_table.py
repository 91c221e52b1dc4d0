"""Shows the columns of a table that have no statistics, for `inspect`."""

from __future__ import annotations

from zm_cli.cli.display.tables import MAX_ROWS, print_features
from zm_cli.data.texts import MAX_DISTINCT
from zm_cli.errors import escape_controls
from zm_cli.pipeline.describing.table_columns import TableColumns


def print_other_columns(columns: TableColumns, *, everything: bool) -> None:
    """Prints a row for each column without statistics: its type, and its numbers of missing and different values.

    Of many columns, the first are printed, unless `everything` is asked for.
    """
    listed = list(columns.others.items())
    shown = listed if everything else listed[:MAX_ROWS]
    rows = [
        [
            escape_controls(name),
            column.type,
            f"{column.missing:,}",
            f"over {MAX_DISTINCT:,}" if column.distinct is None else f"{column.distinct:,}",
        ]
        for name, column in shown
    ]
    print_features(["column", "type", "missing", "distinct"], rows)
    if len(shown) < len(listed):
        print(f"and {len(listed) - len(shown):,} more; -v lists every column")
