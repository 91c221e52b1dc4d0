"""Fixtures for the tests of CSV files."""

from __future__ import annotations

import pytest


@pytest.fixture
def tiny_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cuts tables into pieces of 40 bytes."""
    monkeypatch.setattr("zm_cli.data.block.BLOCK_BYTES", 40)
