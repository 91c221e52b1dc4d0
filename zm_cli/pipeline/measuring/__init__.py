"""Measures sources: from spans through parts and their reduction to Stats, with checkpoints."""
