"""What every output has: a draft that becomes it, a receipt of what was done, a record of its provenance."""
