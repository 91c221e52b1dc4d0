"""How typer's commands behave as zm's: they answer a shell that completes, and their errors know where they arose."""

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
        """Reads the arguments into the context; what the parser objects to knows its context."""
        try:
            return super().parse_args(ctx, args)
        except typer.TyperException as error:
            # Of an option without its value the parser does not tell whose it is.
            if getattr(error, "ctx", None) is None:
                error.ctx = ctx  # type: ignore[attr-defined]
            raise

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """What stands after the name in the line on usage, with dots after an argument that may be several."""
        several = {each.make_metavar(ctx, usage=True) for each in self.params if each.nargs < 0}  # type: ignore[call-arg]
        return [f"{piece}..." if piece in several else piece for piece in super().collect_usage_pieces(ctx)]


class Commands(TyperGroup):
    """The commands of zm."""

    def main(self, *args: Any, **how: Any) -> Any:
        """Runs the command line, or answers the shell that wants it completed."""
        from zm_cli.cli.shells import ASKED

        request = os.environ.get(ASKED)
        if request:
            from zm_cli.cli.shells import answer

            return answer(self, request, sys.argv[1:])
        return super().main(*args, **how)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is named first, and what follows; UsageError where there is none of that name."""
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            near = find_near(args[0], self.commands)
            hint = f"did you mean zm {near}?" if near else f"choose from {', '.join(self.commands)}"
            raise UsageError("is no command", where=f"zm {args[0]}", hint=hint)
        return super().resolve_command(ctx, args)
