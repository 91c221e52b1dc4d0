"""Stats files of other versions: unknown keys are ignored unless the file requires them, and older files are read."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tests.hostile_stats import LATER_FIELDS, document_of, images, loaded, measured, refused
from tests.systems import slow
from zm_cli.statsfile.digest import digest_stats
from zm_cli.statsfile.json_scan import MAX_DEPTH
from zm_cli.statsfile.store import load_stats, save_stats

DIGEST = digest_stats(images())
UNKNOWN: list[Any] = [None, True, -1.5e-7, 'a "text" \\', "]}", [], {}, [[1, "]"], {"a": [{"b": "}"}]}], [[[1, 2]] * 3]]


@pytest.mark.parametrize("value", UNKNOWN, ids=repr)
def test_unknown_keys_of_json_are_ignored_wherever_they_are(tmp_path: Path, value: Any) -> None:
    document = document_of(images())
    document["sources"][0]["unknown"] = value
    for changed in ({"unknown": value} | document, document | {"unknown": value, "more": value}):
        for indent in (None, 3):
            back = loaded(json.dumps(changed, indent=indent).encode(), tmp_path, "a.json")
            assert digest_stats(back) == DIGEST


@pytest.mark.parametrize("value", UNKNOWN, ids=repr)
def test_unknown_options_of_reading_are_kept_as_they_are(tmp_path: Path, value: Any) -> None:
    decoding = {"mode": "RGB", "unknown": value}
    text = json.dumps(document_of(images()) | {"decoding": decoding})
    assert loaded(text.encode(), tmp_path, "a.json").decoding == decoding


def test_an_option_of_another_format_is_ignored(tmp_path: Path) -> None:
    text = json.dumps(document_of(images()) | {"decoding": {"header": True}})
    assert loaded(text.encode(), tmp_path, "a.json").decoding == {"header": True}


@pytest.mark.parametrize(
    "text",
    ["[", "]", "[}", '{"a": [1, 2}', '"open', "tru", "NaN", "01", "1.", "+1", "'a'", "[" * 10**6, '{"":' * 10**6],
    ids=lambda text: text[:10],
)
def test_an_unknown_value_that_is_not_json_is_refused(tmp_path: Path, text: str) -> None:
    whole = json.dumps(document_of(images()))
    refused(whole.replace('"per"', f'"unknown": {text}, "per"'), tmp_path)


def test_a_known_or_unknown_key_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    whole = json.dumps(document_of(images()))
    assert "'unknown' twice" in refused(whole[:-1] + ', "unknown": 1, "unknown": 1}', tmp_path)


def test_lists_are_skipped_up_to_a_depth(tmp_path: Path) -> None:
    whole = json.dumps(document_of(images()))
    for depth, fine in ((MAX_DEPTH, True), (MAX_DEPTH + 2, False)):
        text = whole[:-1] + f', "unknown": {"[" * depth}{"]" * depth}}}'
        if fine:
            loaded(text.encode(), tmp_path, "a.json")
        else:
            assert "one inside another" in refused(text, tmp_path)


@slow
@pytest.mark.parametrize(
    "part",
    [b"[" + b"1.25," * 20 + b"-3e-7],", b'"text \\" ]",', b'{"a":[1,2,3],"b":"a long text with a ]"},', b"123,"],
    ids=["lists", "texts", "objects", "numbers"],
)
def test_a_large_unknown_value_takes_no_memory(tmp_path: Path, part: bytes) -> None:
    path = tmp_path / "a.json"
    whole = json.dumps(document_of(images())).encode()
    path.write_bytes(whole)
    _, small = measured(path)
    count = (40 << 20) // len(part)
    path.write_bytes(whole[:-1] + b', "unknown": [' + part * count + b"0]}")
    says, peak = measured(path)
    assert says == ""
    # The text itself, once.
    assert peak - small < 50 << 20


def test_what_a_later_version_says_of_a_transform_is_ignored(tmp_path: Path) -> None:
    known = {"operation": "scale", "method": "power", "range": [0, 1]}
    text = json.dumps(document_of(images()) | {"transform": known | {"exponent": 2, "more": {"a": [1]}}})
    assert loaded(text.encode(), tmp_path, "a.json").transform == known
    for nothing in ({}, {"transform": None}):
        text = json.dumps(document_of(images()) | nothing)
        assert loaded(text.encode(), tmp_path, "a.json").transform is None


def test_a_key_that_the_file_requires_must_be_known(tmp_path: Path) -> None:
    document = document_of(images())
    for known in (
        [],
        ["mean", "tail", "classes", "decoding.mode", "sources.skipped", "requires", "quantiles", "groups.quantiles"],
    ):
        loaded(json.dumps(document | {"requires": known}).encode(), tmp_path, "a.json")
    for unknown in ("unknown", "decoding.unknown", "sources.unknown", "mode", ""):
        text = json.dumps(document | {"requires": ["mean", unknown], "unknown": 1})
        says = refused(text, tmp_path)
        assert f"requires '{unknown}'" in says
        assert "a newer zm is needed" in says


def test_what_a_file_requires_is_said_before_what_else_is_unusual(tmp_path: Path) -> None:
    document = document_of(images()) | {"requires": ["unknown"], "per": "something new"}
    assert "requires 'unknown'" in refused(json.dumps(document), tmp_path)


def save_with(path: Path, change: dict[str, Any]) -> None:
    """Saves statistics with other fields in the header of an .npz or HDF5 file."""
    save_stats(images(), str(path))
    if path.suffix == ".npz":
        with np.load(path) as archive:
            members = dict(archive)
        members["header"] = np.array(json.dumps(json.loads(str(members["header"])) | change))
        np.savez(path, **members)
        return
    with h5py.File(path, "a") as file:
        file.attrs["header"] = json.dumps(json.loads(file.attrs["header"]) | change)


@pytest.mark.parametrize("suffix", [".npz", ".h5"])
def test_headers_of_binary_files_follow_the_same_rules(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    save_with(path, {"unknown": [1, {"a": 2}]})
    assert digest_stats(load_stats(str(path))) == DIGEST
    save_with(path, {"requires": ["unknown"]})
    assert "a newer zm is needed" in refused(path.read_bytes(), tmp_path, f"b{suffix}")


def test_unknown_members_of_an_archive_are_never_read(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    save_stats(images(), str(path))
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (("large.npy", bytes(256 << 20)), ("pickle.npy", b"\x80\4."), ("no array", b"")):
            archive.writestr(name, data)
    says, peak = measured(path)
    assert says == ""
    assert peak < 200 << 20
    assert digest_stats(load_stats(str(path))) == DIGEST


def add_many(file: h5py.File) -> None:
    for number in range(3000):
        file.create_group(f"group{number}")


@pytest.mark.parametrize(
    "add",
    [
        lambda file: file.create_dataset("large", data=np.zeros(40_000_000), chunks=(10**6,), compression="gzip"),
        lambda file: file.create_dataset("text", data=["a", "b"]),
        lambda file: file.__setitem__("link", h5py.ExternalLink("other.h5", "x")),
        lambda file: file.__setitem__("circle", h5py.SoftLink("/circle")),
        lambda file: file.attrs.__setitem__("more", np.zeros(1000)),
        add_many,
    ],
    ids=["large", "text", "external", "circle", "attribute", "many"],
)
def test_unknown_members_of_an_hdf5_file_are_never_read(tmp_path: Path, add: Callable[[h5py.File], object]) -> None:
    path = tmp_path / "a.h5"
    save_stats(images(), str(path))
    with h5py.File(path, "a") as file:
        add(file)
    says, peak = measured(path)
    assert says == ""
    assert peak < 200 << 20
    assert digest_stats(load_stats(str(path))) == DIGEST


def strip(suffix: str) -> bytes:
    """A stats file as the first version wrote it."""
    document = {field: value for field, value in document_of(images()).items() if field not in LATER_FIELDS}
    if suffix == ".json":
        return json.dumps(document | {"made": None}).encode()
    header = json.dumps({field: value for field, value in document.items() if field not in images().moments.arrays})
    arrays = {field: images().to_document()[field] for field in document.keys() & images().moments.arrays.keys()}
    buffer = io.BytesIO()
    if suffix == ".npz":
        np.savez(buffer, header=np.array(header), **arrays)
    else:
        with h5py.File(buffer, "w") as file:
            file.attrs["header"] = header
            for field, array in arrays.items():
                file[field] = array
    return buffer.getvalue()


@pytest.mark.parametrize("suffix", [".json", ".npz", ".h5"])
def test_a_file_without_the_later_fields_is_read(tmp_path: Path, suffix: str) -> None:
    stats = loaded(strip(suffix), tmp_path, f"a{suffix}")
    assert (stats.partial, stats.provenance, stats.classes, stats.statistics) == (False, None, None, {})
    assert not stats.moments.tail.any()
    assert digest_stats(stats) == DIGEST


def test_an_old_record_of_how_a_file_was_made_is_ignored(tmp_path: Path) -> None:
    document = document_of(images()) | {"made": {"version": "1", "options": "x", "inputs": "y"}}
    del document["provenance"]
    assert loaded(json.dumps(document).encode(), tmp_path, "a.json").provenance is None
