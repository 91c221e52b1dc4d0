"""What all outputs share: the draft they are written to, the receipt of what was done, and their provenance."""
