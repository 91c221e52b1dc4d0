"""The file that the HDF5 library writes to: failed calls and failed writes become errors that name the output."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from zm_cli.errors import DataError
from zm_cli.outputs.draft import Draft
from zm_cli.outputs.hdf5_errors import explain_error
from zm_cli.outputs.hdf5_file import OutputFile


@pytest.fixture
def draft(tmp_path: Path) -> Draft:
    return Draft(tmp_path / "out.h5")


def create_file(output_file: OutputFile) -> Any:
    return h5py.File("out.h5", "w", driver="fileobj", fileobj=output_file)


def test_what_h5py_writes_is_in_the_draft(draft: Draft) -> None:
    output_file = OutputFile(draft)
    with output_file.library_calls("cannot be written"), create_file(output_file) as file:
        file["x"] = np.arange(5)
    output_file.close()
    draft.commit()
    with h5py.File(draft.target) as file:
        np.testing.assert_array_equal(file["x"][()], np.arange(5))


def test_a_failed_call_says_what_could_not_be_done(draft: Draft) -> None:
    output_file = OutputFile(draft)
    with create_file(output_file) as file:
        file["x"] = 1
        message = r"out\.h5: cannot be completed: .*name already exists"
        with pytest.raises(DataError, match=message), output_file.library_calls("cannot be completed"):
            file["x"] = 2
    output_file.close()
    draft.discard()


def test_a_failed_write_is_reported_as_such(draft: Draft, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    def write(output_file: OutputFile) -> None:
        with output_file.library_calls("cannot be completed"), create_file(output_file) as file:
            file["x"] = np.arange(5)

    output_file = OutputFile(draft)
    monkeypatch.setattr(os, "pwrite", refuse)
    with pytest.raises(DataError, match=r"out\.h5: cannot be written: No space left on device"):
        write(output_file)
    output_file.close()
    draft.discard()
    assert list(draft.target.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (
            "Can't read data (file read failed: time = now, error message = 'Input/output error', x)",
            "Input/output error",
        ),
        ("Unable to open file (file signature not found)", "file signature not found"),
        ("not an HDF5 message", "not an HDF5 message"),
    ],
)
def test_the_cause_of_an_error_is_one_clause(text: str, cause: str) -> None:
    assert explain_error(OSError(text)) == cause
    assert explain_error(RuntimeError()) == "RuntimeError"
