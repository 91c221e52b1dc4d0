"""What commands print on standard output: tables, facts, histograms."""
