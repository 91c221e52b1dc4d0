"""Fuzzes stats files (JSON, .npz and .h5): damages bytes and fields; what zm then shows must be valid by the schema."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import h5py
import jsonschema
import numpy as np

from fuzz.harness import Ending, run_zm
from fuzz.mutations import LARGE, damage
from fuzz.target import Target
from zm_cli.schema import load_schema

TOKENS = (
    *LARGE,
    *(b"null", b"true", b"NaN", b"-Infinity", b"1e999", b"-1", b"99999999999999999999", b'"', b"[", b"]", b"{", b"}"),
    *(b",", b":", b"\\u0000", b"\\ud800", b"\xff", b"\0", b"[[[[[[[["),
)
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 0.5, -1e308, 1e308, 5e-324, 2**31, 2**63 - 1, 2**63, 10**30, 10**400),
    *(
        "",
        "x",
        "N",
        "NC",
        "NHW",
        "NHWC",
        "NCHW",
        "all",
        "column",
        "pixel",
        "uint8",
        "float64",
        "object",
        "\0",
        "\ud800",
    ),
    *([], {}, [0], [1, 2], [None], [[1]], [[1], [2, 3]], [10**9, 10**9], {"mode": "RGB"}, {"layout": "NHW"}, {"x": 1}),
)


def make_seeds(folder: Path) -> None:
    """Writes stats files of a table and of pixels, each in three forms, and beside the folder the data they fit."""
    generator = np.random.default_rng(5)
    data = _data_folder(folder)
    data.mkdir()
    with (data / "table.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("a", "b", "c"))
        rows.writerows([*row, ""] for row in generator.normal(size=(6, 2)).round(3).tolist())
    with h5py.File(data / "pixels.h5", "w") as made:
        made["x"] = generator.integers(0, 200, (5, 3, 2, 1), dtype=np.uint8)
    for command in (("table.csv", "table"), ("pixels.h5", "pixels", "--per", "pixel", "--unit", "--ignore", "7")):
        source, name, *options = command
        for suffix in ("json", "npz", "h5"):
            target = str(folder / f"{name}.{suffix}")
            ending = run_zm(["stats", str(data / source), "-o", target, "-q", "-j", "1", *options])
            if ending.kind != "done":
                raise RuntimeError(f"{target} cannot be made: {ending.err}")


def _data_folder(folder: Path) -> Path:
    return folder.parent / "data"


def mutate(data: bytes, generator: np.random.Generator) -> bytes:
    """Returns the file with damaged bytes, or written again with other values in its fields."""
    if generator.random() < 0.4:
        return damage(data, generator, head=400, tokens=TOKENS)
    if data.startswith(b"{"):
        return _change_json(data, generator)
    return _change_npz(data, generator) if data.startswith(b"PK") else _change_hdf5(data, generator)


def _change_json(data: bytes, generator: np.random.Generator) -> bytes:
    """Returns the document with one to three values changed somewhere in it."""
    document: Any = json.loads(data)
    for _ in range(int(generator.integers(1, 4))):
        document = _change_value(document, generator)
    return json.dumps(document, ensure_ascii=bool(generator.random() < 0.5)).encode("utf-8", "surrogatepass")


def _change_value(value: Any, generator: np.random.Generator) -> Any:
    pick = generator.random()
    if isinstance(value, dict) and value and pick < 0.9:
        key = sorted(value)[int(generator.integers(len(value)))]
        if pick < 0.05:
            return {name: kept for name, kept in value.items() if name != key}
        if pick < 0.1:
            return value | {"unknown": VALUES[int(generator.integers(len(VALUES)))]}
        return value | {key: _change_value(value[key], generator)}
    if isinstance(value, list) and value and pick < 0.8:
        index = int(generator.integers(len(value)))
        if pick < 0.1:
            return value[:index] + value[index + 1 :]
        if pick < 0.2:
            return [*value, value[index]]
        return [*value[:index], _change_value(value[index], generator), *value[index + 1 :]]
    if type(value) is float and pick < 0.5:
        return value * (1 + float(generator.normal()) * 10.0 ** -int(generator.integers(17)))
    if type(value) is int and pick < 0.5:
        return value + int(generator.integers(-2, 3))
    return VALUES[int(generator.integers(len(VALUES)))]


def _change_npz(data: bytes, generator: np.random.Generator) -> bytes:
    """Returns the archive with one member changed, and correct checksums."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    name = sorted(members)[int(generator.integers(len(members)))]
    if name == "header.npy" and generator.random() < 0.5:
        header = _change_json(str(np.load(io.BytesIO(members[name]))).encode(), generator)
        buffer = io.BytesIO()
        np.save(buffer, np.array(header.decode("utf-8", "replace")))
        members[name] = buffer.getvalue()
    elif generator.random() < 0.2:
        members[name] = members[sorted(members)[int(generator.integers(len(members)))]]
    else:
        members[name] = damage(members[name], generator, head=128)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED if generator.random() < 0.5 else zipfile.ZIP_STORED) as made:
        for member, content in members.items():
            if generator.random() < 0.98:
                made.writestr(member, content)
    return buffer.getvalue()


def _change_hdf5(data: bytes, generator: np.random.Generator) -> bytes:
    """Returns the file with its header or one dataset replaced."""
    buffer = io.BytesIO(data)
    with h5py.File(buffer, "r+") as file:
        name = sorted(file)[int(generator.integers(len(file)))]
        if generator.random() < 0.5:
            header = _change_json(file.attrs["header"].encode(), generator).decode("utf-8", "replace")
            file.attrs["header"] = header.replace("\0", "")
            return buffer.getvalue()
        values = file[name][()]
        del file[name]
        match int(generator.integers(6)):
            case 0:
                file[name] = h5py.SoftLink("/std")
            case 1:
                file[name] = h5py.ExternalLink("table.h5", name)
            case 2:
                file.create_dataset(name, (10**12,), "f8")
            case 3:
                file.create_dataset(name, data=values.astype("S5"))
            case 4:
                file.create_dataset(name, data=values, chunks=values.shape, compression="gzip")
            case _:
                file.create_dataset(name, data=values * generator.normal(size=values.shape))
    return buffer.getvalue()


def list_commands(damaged: Path, output: Path) -> Sequence[Sequence[str]]:
    """Returns the commands that show the file, and apply it to the data that it was made from."""
    # The harness puts the case beside the seeds, and so beside the data.
    data = next(_data_folder(damaged.parent).glob(f"{damaged.stem}.*"))
    written = str(output / f"out{data.suffix}")
    return (
        ("inspect", str(damaged), "--json", "-j", "1"),
        ("standardize", str(data), "-o", written, "--stats", str(damaged), "--force", "-j", "1"),
    )


def check(damaged: Path, output: Path, endings: Sequence[Ending]) -> str | None:
    """Returns what is wrong with the results: a document that is not valid by the schema, or a missing output."""
    shown, applied = endings
    if shown.kind == "done":
        document = json.loads(shown.out)
        # A damaged file may no longer say that it holds statistics; it is then inspected as data.
        if "format" in document:
            for error in _schema(document["format"].removeprefix("zm-")).iter_errors(document):
                return f"what is shown breaks the schema: {error.message[:200]}"
    if applied.kind == "done" and not any(output.iterdir()):
        return "nothing was written"
    return None


@cache
def _schema(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(load_schema(name))


TARGET = Target(
    make_seeds=make_seeds,
    mutate=mutate,
    commands=list_commands,
    check=check,
    preload=("zm_cli.cli.main", "zm_cli.statsfile.store", "zm_cli.pipeline.applying.apply", "numpy", "h5py"),
)
