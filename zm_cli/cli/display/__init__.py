"""The text that commands print on standard output: tables, facts, findings."""
