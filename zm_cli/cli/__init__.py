"""The command line: commands, their options, messages and tables. Only this package imports typer, rich and tqdm."""
