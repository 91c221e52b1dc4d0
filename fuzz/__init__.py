"""Damaged and hostile inputs made from seeds, and zm run over each: `python -m fuzz csv --cases 2000 --seed 1`."""
