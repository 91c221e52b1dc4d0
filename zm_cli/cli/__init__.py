"""The command line: one file per command; only this package knows options, colours, tables and exit codes."""
