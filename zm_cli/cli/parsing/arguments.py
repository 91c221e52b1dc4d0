"""The positional arguments of the commands, and the flags of `zm` itself."""

from __future__ import annotations

from typing import Annotated, Any

import typer

import zm_cli
from zm_cli.cli.options.output import PIPED
from zm_cli.formats import formats


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"zm {zm_cli.__version__}")
        raise typer.Exit


def _install_completion(wanted: bool) -> None:
    if wanted:
        from zm_cli.cli.completion.shells import install_completion

        typer.echo(install_completion())
        raise typer.Exit


def _show_completion(wanted: bool) -> None:
    if wanted:
        from zm_cli.cli.completion.shells import print_completion

        print_completion()
        raise typer.Exit


def _list_nouns() -> str:
    """Returns the kinds of source in words, for help texts."""
    *first, last = (entry.noun for entry in formats().values())
    text = f"{', '.join(first)} or {last}"
    return text[0].upper() + text[1:]


def _act_at_once(flag: str, act: Any, text: str) -> Any:
    """Returns a flag of `zm` itself that acts before any command is parsed."""
    return typer.Option(flag, callback=act, is_eager=True, metavar="", help=text)


Sources = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="SOURCE",
        show_default=False,
        help=f"{_list_nouns()}; several are pooled; - is {PIPED} from a pipe, @FILE a list of files.",
    ),
]
SourcePath = Annotated[
    str | None,
    typer.Argument(
        metavar="SOURCE",
        show_default=False,
        help=f"{_list_nouns()}; - is {PIPED} from a pipe, @FILE a list of images.",
    ),
]
StatsFiles = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="STATS",
        show_default=False,
        help="Stats files, of any form; - is JSON from a pipe, @FILE a list of files.",
    ),
]
InspectPath = Annotated[
    str | None, typer.Argument(metavar="PATH", show_default=False, help="A dataset, or a stats file.")
]
Parts = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="PART", show_default=False, help="What --shard wrote, or the folder of --parts; @FILE is a list."
    ),
]

Version = Annotated[bool, _act_at_once("--version", _show_version, "Show the version and exit.")]
InstallCompletion = Annotated[
    bool, _act_at_once("--install-completion", _install_completion, "Set up completion: bash, zsh, fish.")
]
ShowCompletion = Annotated[bool, _act_at_once("--show-completion", _show_completion, "Print the completion script.")]
