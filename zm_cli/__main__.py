"""`python -m zm_cli` is `zm`."""

from zm_cli.cli.main import run

run()
