"""Shows a file or folder that is not measured: facts, a table of its contents, and how to go on."""

from __future__ import annotations

from zm_cli.cli.display.facts import print_facts
from zm_cli.cli.display.tables import format_size, print_table
from zm_cli.data.survey import Content
from zm_cli.errors import escape_controls
from zm_cli.pipeline.describing.survey import SurveyResult


def print_survey(found: SurveyResult) -> None:
    """Prints a survey. If the data are damaged, the error that follows says how."""
    survey, reason = found.survey, found.reason
    facts = {"path": found.path, "kind": survey.noun, "size": format_size(found.nbytes), **survey.facts}
    is_choice = survey.choices > 1 and bool(survey.advice)
    if found.is_sound and not is_choice:
        facts["not measured"] = reason.what
    print_facts(facts)
    if survey.contents:
        print()
        _print_contents(survey.contents, survey.heading)
    if found.is_sound and found.advice:
        print()
        # Not wrapped: it may be a command to copy.
        print(escape_controls(found.advice[0].upper() + found.advice[1:]))


def _print_contents(contents: tuple[Content, ...], heading: str) -> None:
    from rich.table import Table

    columns = {
        heading: [content.name for content in contents],
        "shape": ["x".join(map(str, content.shape or ())) for content in contents],
        "type": [content.type for content in contents],
        "files": ["" if content.count is None else f"{content.count:,}" for content in contents],
        "size": ["" if content.nbytes is None else format_size(content.nbytes) for content in contents],
        "": [content.remark for content in contents],
    }
    shown = {name: cells for name, cells in columns.items() if any(cells)}
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in shown:
        table.add_column(name, justify="right" if name in ("files", "size") else "left", overflow="fold")
    for row in zip(*shown.values(), strict=True):
        table.add_row(*map(escape_controls, row))
    print_table(table)
