"""The command line: one file per command. Only this package knows options, colours, tables and exit codes."""
