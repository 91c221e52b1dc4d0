"""--json: one document with its warnings, and errors as one object on standard error; all match their schemas.

Most runs are in this process, which is faster; the transcripts show the same in processes of their own.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import h5py
import jsonschema
import numpy as np
import pytest
from PIL import Image

from tests.inprocess import call_zm
from tests.schemas import load_closed
from tests.shell import Ran, run_zm, start_zm
from tests.systems import needs_limits, resource, slow
from zm_cli.methods import methods_of
from zm_cli.schema import NAMES

SCHEMAS = {name: load_closed(name) for name in NAMES}


EVERYTHING = ("--quantiles", "default", "--covariance", "--by", "g", "--zeros")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A table with a constant column and missing values; arrays; images of two sizes, one of them damaged."""
    (tmp_path / "t.csv").write_text("a,b,c\n0.1,7,x\n0.2,7,\n,7,z\n")
    (tmp_path / "names.csv").write_text("a\n")
    (tmp_path / "g.csv").write_text(
        "a,b,w,g\n" + "".join(f"{n % 7},{n * n % 11},{n % 3},{'xyz'[n % 3]}\n" for n in range(30))
    )
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x"] = np.arange(96, dtype=np.uint8).reshape(2, 4, 4, 3)
        file["labels"], file["bad"] = [3, 5], [0, 1]
    (tmp_path / "images").mkdir()
    for index in range(3):
        Image.new("RGB", (2 + index // 2, 2), (index, 0, 9)).save(tmp_path / "images" / f"{index}.png")
    (tmp_path / "images" / "0.png").write_bytes((tmp_path / "images" / "0.png").read_bytes()[:40])
    return tmp_path


def check(schema: str, text: str) -> Any:
    """The document in a text, which must match a schema."""
    document = json.loads(text)
    jsonschema.validate(document, SCHEMAS[schema])
    return document


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_schema_is_valid(schema: str) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[schema])


@pytest.mark.parametrize(
    ("schema", "arguments"),
    [
        ("stats", ("stats", "t.csv")),
        ("stats", ("stats", "t.csv", "-o", "s.json", "--if-changed")),
        ("stats", ("stats", "x.h5", "--dataset", "/x", "--per", "pixel")),
        (
            "stats",
            (
                "stats",
                "x.h5",
                "--dataset",
                "/x",
                "--layout",
                "NHWC",
                "--by",
                "/labels",
                "--mask",
                "/bad",
                "--quantiles",
                "default",
            ),
        ),
        ("stats", ("stats", "g.csv", *EVERYTHING)),
        ("stats", ("stats", "g.csv", "--weight", "w")),
        ("stats", ("stats", "images", "--on-error", "skip")),
        ("inspect", ("inspect", "t.csv")),
        ("inspect", ("inspect", "x.h5", "--dataset", "/x")),
        ("inspect", ("inspect", "g.csv", *EVERYTHING)),
        ("inspect", ("inspect", "images")),
        ("survey", ("inspect", "names.csv")),
        ("written", ("center", "t.csv", "-o", "out.csv")),
        ("written", ("standardize", "x.h5", "--dataset", "/x", "--layout", "NHWC", "-o", "out.h5")),
        ("written", ("standardize", "images", "-o", "out/", "--on-error", "skip")),
        *(("written", ("scale", "g.csv", "-o", "out.csv", "--method", method)) for method in methods_of("scale")),
        *(("written", ("whiten", "g.csv", "-o", "out.csv", "--method", method)) for method in methods_of("whiten")),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_printed_documents_match_their_schema(data: Path, schema: str, arguments: tuple[str, ...]) -> None:
    for _ in range(2):
        ran = call_zm(*arguments, "--json", cwd=data)
        assert ran.code == 0, ran.err
        document = check(schema, ran.out)
        messages = [f"zm: {note}" for note in document["notes"]]
        messages += [f"zm: warning: {warning}" for warning in document["warnings"]]
        assert [line for line in ran.err.splitlines() if "up to date" not in line] == messages


def test_documents_of_an_inverse_and_of_an_unchanged_output_match_the_schema(data: Path) -> None:
    options = ("-o", "out.csv", "--json", "--if-changed")
    assert check("written", call_zm("center", "t.csv", *options, cwd=data).out)["changed"] is True
    again = check("written", call_zm("center", "t.csv", *options, cwd=data).out)
    assert (again["changed"], again["samples"]) == (False, None)
    back = check("written", call_zm("center", "out.csv", "--inverse", "-o", "back.csv", "--json", cwd=data).out)
    assert (back["inverse"], back["written"]) == (True, None)


def test_numbers_are_not_rounded(data: Path) -> None:
    document = check("stats", call_zm("stats", "t.csv", "--json", cwd=data).out)
    assert document["mean"][0] == np.mean([0.1, 0.2])
    assert document["std"][0] == np.std([0.1, 0.2])


def test_warnings_and_notes_are_in_the_document(data: Path) -> None:
    document = check("stats", call_zm("stats", "t.csv", "--json", "-q", cwd=data).out)
    assert document["warnings"] == ["constant, so that standardizing divides by 1: 'b'"]


@slow
def test_printed_json_can_be_used_as_a_stats_file(data: Path) -> None:
    (data / "printed.json").write_text(call_zm("stats", "t.csv", "--json", cwd=data).out)
    call_zm("stats", "t.csv", "-o", "written.json", cwd=data)
    outputs = []
    for name in ("printed", "written"):
        assert call_zm("center", "t.csv", "--stats", f"{name}.json", "-o", f"{name}.csv", cwd=data).code == 0
        outputs.append((data / f"{name}.csv").read_bytes())
    assert outputs[0] == outputs[1]


def test_checks_and_comparisons_match_the_schema(data: Path) -> None:
    assert call_zm("stats", "g.csv", *EVERYTHING, "-o", "s.json", cwd=data).code == 0
    (data / "new.csv").write_text("a,b,w,g\n0,1,0,x\n5,5,1,new\n")
    for path in ("new.csv", "s.json"):
        found = check("check", call_zm("inspect", path, "--against", "s.json", "--json", cwd=data).out)
        assert (found["by"], found["unseen"]) == ("g", ["new"] if path == "new.csv" else [])
        assert all("psi" in feature for feature in found["features"])
    for command in ("scale", "whiten"):
        for method in methods_of(command):
            output = f"{method}.csv"
            assert call_zm(command, "g.csv", "-o", output, "--method", method, cwd=data).code == 0
            state = {"scale": "scaled", "whiten": "whitened"}[command]
            found = check("check", call_zm("inspect", output, "--check", state, "--json", cwd=data).out)
            assert (found["ok"], found["method"]) == (True, method)
            raw = check("check", call_zm("inspect", "g.csv", "--check", state, "--json", cwd=data).out)
            assert not raw["ok"]


def read_error(ran: Ran) -> Any:
    """The object that a failed run printed; it must print nothing else."""
    assert (ran.out, ran.err.count("\n")) == ("", 1)
    document = check("error", ran.err)
    assert document["code"] == ran.code
    return document


@pytest.mark.parametrize(
    ("arguments", "code", "where", "what"),
    [
        (("stats", "nix.csv"), 2, "nix.csv", "does not exist"),
        (("stats", "t.csv", "--columns", "A"), 2, "t.csv", "no column 'A'"),
        (("stats", "t.csv", "--columns", "c"), 3, "t.csv: column 'c'", "row 1 holds 'x'"),
        (("stats", "images"), 3, "images/0.png", ""),
        (("center", "images", "-o", "out.h5", "--on-error", "skip", "--max-pixels", "x"), 2, "--max-pixels", "'x'"),
        (("standardize", "x.h5", "--dataset", "/x", "-o", "t.txt"), 2, "t.txt", "not a name for an HDF5 file"),
        (("inspect", "t.csv", "--per", "nix"), 2, "--per", "nix"),
        (("stats", "t.csv", "--nix"), 2, "--nix", ""),
        (("nix",), 2, "zm nix", ""),
        (("stats",), 2, None, "no SOURCE is named"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_an_error_is_one_object(
    data: Path, arguments: tuple[str, ...], code: int, where: str | None, what: str
) -> None:
    error = read_error(call_zm(*arguments, "--json", cwd=data))
    assert error["code"] == code
    assert error["where"] == where
    assert what in error["what"]
    assert error["hint"] != ""


def test_an_error_of_a_process_is_one_object(data: Path) -> None:
    assert read_error(run_zm("stats", "nix.csv", "--json", cwd=data))["code"] == 2


@needs_limits
def test_a_full_disk_is_reported_as_one_object(data: Path) -> None:
    (data / "big.csv").write_text("a\n" + "1\n" * 100_000)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limit[1]))
    try:
        error = read_error(run_zm("center", "big.csv", "-o", "out.csv", "--json", cwd=data))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert (error["where"], error["code"]) == ("out.csv", 3)


@pytest.mark.skipif(not Path(f"/proc/self/task/{os.getpid()}/children").exists(), reason="/proc lists no children")
def test_a_process_that_dies_is_reported_as_one_object(data: Path) -> None:
    with start_zm("center", "-", "--json", "-o", "out.csv", stdin=subprocess.PIPE, cwd=data) as process:
        # The parent is on guard; its only child does the work.
        workers = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        while not (children := workers.read_text().split()):
            assert process.poll() is None
        os.kill(int(children[0]), signal.SIGSEGV)
        _, err = process.communicate(timeout=60)
    error = check("error", err.decode())
    assert (process.returncode, error["code"]) == (3, 3)
    assert "SIGSEGV" in error["what"]
