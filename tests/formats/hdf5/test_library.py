"""Calls of the HDF5 library that go past h5py."""

from __future__ import annotations

import importlib.util

import pytest
from h5py import h5d

from zm_cli.formats.hdf5 import library


def test_a_call_that_fails_says_what_the_library_says() -> None:
    with pytest.raises(RuntimeError, match="not a datatype"):
        library.call("H5Aread", -1, -1, None)


def test_a_library_that_cannot_be_found_is_an_error_like_any_of_h5py(monkeypatch: pytest.MonkeyPatch) -> None:
    # A module of its own has not found the library yet.
    spec = importlib.util.find_spec(library.__name__)
    assert spec is not None
    assert spec.loader is not None
    other = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(other)
    monkeypatch.setattr(h5d, "__file__", "/nowhere.so")
    with pytest.raises(RuntimeError, match="cannot be called directly"):
        other.call("H5Aread", -1, -1, None)
