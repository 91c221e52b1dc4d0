"""Input that is not a dataset: standard input, small files, the texts of options; and lists of names for messages."""
