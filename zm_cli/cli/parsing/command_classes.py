"""The commands of zm as typer classes: they also answer completion requests, and their errors keep their context."""

from __future__ import annotations

import os
import sys
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from zm_cli.errors import UsageError
from zm_cli.suggest import find_near


class Command(TyperCommand):
    """One command of zm."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Reads the arguments into the context. Errors of the parser always have a context."""
        try:
            return super().parse_args(ctx, args)
        except typer.TyperException as error:
            # The parser leaves the context out when an option lacks its value.
            if getattr(error, "ctx", None) is None:
                error.ctx = ctx  # type: ignore[attr-defined]
            raise

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Returns the words after the name in the usage line, with dots after a repeatable argument."""
        repeatable = {each.make_metavar(ctx, usage=True) for each in self.params if each.nargs < 0}  # type: ignore[call-arg]
        return [f"{piece}..." if piece in repeatable else piece for piece in super().collect_usage_pieces(ctx)]


class Commands(TyperGroup):
    """The commands of zm."""

    def main(self, *args: Any, **how: Any) -> Any:
        """Runs the command line, or answers the completion request of a shell."""
        from zm_cli.cli.completion.shells import REQUEST

        request = os.environ.get(REQUEST)
        if request:
            from zm_cli.cli.completion.shells import answer

            return answer(self, request, sys.argv[1:])
        return super().main(*args, **how)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Prints the help without `--help` itself, so that it fits a screen of 24 lines."""
        option = self.get_help_option(ctx)
        if option is None:
            return super().format_help(ctx, formatter)
        option.hidden = True
        try:
            return super().format_help(ctx, formatter)
        finally:
            option.hidden = False

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Reads the words up to the command into the context; `help stats` means `stats --help`."""
        return super().parse_args(ctx, [*args[1:], "--help"] if args[:1] == ["help"] else args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Returns the command named first and the words after it. Raises UsageError if there is no such command."""
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            near = find_near(args[0], self.commands)
            hint = f"did you mean zm {near}?" if near else f"choose from {', '.join(self.commands)}"
            raise UsageError("is not a command", where=f"zm {args[0]}", hint=hint)
        return super().resolve_command(ctx, args)
