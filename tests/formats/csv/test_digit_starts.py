"""Cells that begin with certain digits are found by the bytes, as regular expressions find them."""

from __future__ import annotations

import random
import re

import pytest

from zm_cli.formats.csv import digit_starts


def test_starts_of_cells_are_found_wherever_chunks_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    seed = 12
    print("seed", seed)
    draw = random.Random(seed)
    tokens = ["0", "0", "1", "9", "12345678901234567", ",", ",", "\n", "-", ".", "a", '"', " "]
    for _ in range(200):
        text = "".join(draw.choices(tokens, k=draw.randint(1, 200)))
        monkeypatch.setattr(digit_starts, "CHUNK", draw.choice([8, 16, 24, 64, 1 << 17]))
        zeros, runs = digit_starts.find_digit_starts(text.encode(), b",", b"\n")
        assert zeros.tolist() == [found.start() for found in re.finditer(r'(?:^|(?<=[,\n" ]))(?=0\d)', text)]
        assert runs.tolist() == [found.start() for found in re.finditer(r'(?:^|(?<=[-+,\n" ]))(?=\d{16})', text)]
