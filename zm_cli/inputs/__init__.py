"""What is read that is not a dataset: standard input, small files, texts of options."""
