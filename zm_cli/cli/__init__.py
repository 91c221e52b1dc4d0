"""The command line: one file per command. Only this package knows options, colors, tables and exit codes."""
