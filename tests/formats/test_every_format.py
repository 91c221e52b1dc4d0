"""What every format must do alike: agree with NumPy, not depend on blocks or workers, and write back what it read.

The datasets are written by another route than zm's own: Pillow, h5py and plain text.
"""

from __future__ import annotations

import importlib
import json
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from zm_cli.data import block
from zm_cli.data.options import ReadOptions
from zm_cli.data.source import Source
from zm_cli.formats import open_source
from zm_cli.pipeline.apply import ApplyOptions, apply
from zm_cli.pipeline.measure import measure
from zm_cli.pipeline.measure_run import MeasureOptions
from zm_cli.pipeline.opening import open_to_apply
from zm_cli.running.plan import Plan
from zm_cli.statsfile.stats import Stats
from zm_cli.statsfile.store import to_json

SEED = 20260102


def draw(shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
    rng = np.random.default_rng(SEED)
    if np.dtype(dtype).kind == "f":
        return rng.normal(3, 2, shape).astype(dtype)
    info = np.iinfo(dtype)
    return rng.integers(max(info.min, -(2**40)), min(info.max, 2**40), shape, dtype=dtype, endpoint=True)


@dataclass(frozen=True)
class Case:
    """A dataset of one kind: `write` puts `values` into a folder and returns the path to open."""

    name: str
    values: NDArray[Any]
    write: Callable[[Path, NDArray[Any]], Path]
    pers: tuple[str, ...]
    output: str
    read: Callable[[Path], NDArray[Any]]
    averaged: Callable[[str], tuple[int, ...]]


def write_images(folder: Path, values: NDArray[Any]) -> Path:
    for index, pixels in enumerate(values):
        place = folder / "images" / f"class{index % 2}"
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels.squeeze()).save(place / f"{index:04}.png")
    return folder / "images"


def in_class_order(values: NDArray[Any]) -> NDArray[Any]:
    """As a folder with two classes is read: the even ones first."""
    return np.concatenate([values[::2], values[1::2]])


def write_csv(folder: Path, values: NDArray[Any]) -> Path:
    lines = ["id,a,b,c"] + [f"n{index}," + ",".join(map(repr, row.tolist())) for index, row in enumerate(values)]
    (folder / "table.csv").write_text("\n".join(lines) + "\n")
    return folder / "table.csv"


def read_csv(path: Path) -> NDArray[Any]:
    return np.array([[float(cell) for cell in line.split(",")[1:]] for line in path.read_text().splitlines()[1:]])


def write_hdf5(folder: Path, values: NDArray[Any]) -> Path:
    with h5py.File(folder / "data.h5", "w") as file:
        file.create_dataset("x", data=values, chunks=(min(7, len(values)), *values.shape[1:]), compression="gzip")
    return folder / "data.h5"


def read_hdf5(name: str) -> Callable[[Path], NDArray[Any]]:
    def read(path: Path) -> NDArray[Any]:
        with h5py.File(path) as file:
            values: NDArray[Any] = file[name][()]
            return values

    return read


def averaged_nhwc(per: str) -> tuple[int, ...]:
    return {"channel": (0, 1, 2), "pixel": (0,), "all": (0, 1, 2, 3)}[per]


def averaged_table(per: str) -> tuple[int, ...]:
    return {"column": (0,), "all": (0, 1)}[per]


def image_case(name: str, values: NDArray[Any]) -> Case:
    return Case(
        name,
        in_class_order(values),
        lambda folder, _: write_images(folder, values),
        ("channel", "pixel", "all"),
        "out.h5",
        read_hdf5("images"),
        averaged_nhwc,
    )


def hdf5_case(dtype: str) -> Case:
    values = draw((60, 5, 4, 3), dtype)
    return Case(
        f"hdf5-{dtype}", values, write_hdf5, ("channel", "pixel", "all"), "out.h5", read_hdf5("x"), averaged_nhwc
    )


HDF5_DTYPES = (
    "uint8",
    "int8",
    "uint16",
    "int16",
    "uint32",
    "int32",
    "uint64",
    "int64",
    "float16",
    "float32",
    "float64",
)
CASES = [
    image_case("images-rgb", draw((40, 6, 5, 3), "uint8")),
    image_case("images-gray", draw((40, 6, 5, 1), "uint8")),
    image_case("images-16bit", draw((40, 6, 5, 1), "uint16")),
    Case("csv", draw((200, 3), "float64"), write_csv, ("column", "all"), "out.csv", read_csv, averaged_table),
    *(hdf5_case(dtype) for dtype in HDF5_DTYPES),
]


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> Case:
    chosen: Case = request.param
    return chosen


@pytest.fixture
def path(case: Case, tmp_path: Path) -> str:
    """The dataset of the case, written."""
    return str(case.write(tmp_path, case.values))


def open_path(path: str) -> Source:
    return open_source(path, ReadOptions())


def measure_path(path: str, per: str | None = None, workers: int = 1) -> Stats:
    source = open_path(path)
    stats, _ = measure([source], MeasureOptions(per), Plan(workers))
    source.close()
    return stats


def set_block_bytes(monkeypatch: pytest.MonkeyPatch, nbytes: int) -> None:
    """Makes every format aim at blocks of `nbytes`."""
    for kind in ("images", "csv", "hdf5"):
        module = importlib.import_module(f"zm_cli.formats.{kind}.source")
        monkeypatch.setattr(module if hasattr(module, "BLOCK_BYTES") else block, "BLOCK_BYTES", nbytes)


def test_statistics_agree_with_numpy_over_the_whole_data(case: Case, path: str) -> None:
    for per in case.pers:
        moments = measure_path(path, per).moments
        wide = case.values.astype(np.longdouble)
        axes = case.averaged(per)
        mean, std = wide.mean(axis=axes), wide.std(axis=axes)
        # A mean of values that cancel is as exact as the values' size allows.
        size = float(np.abs(wide).max())
        np.testing.assert_allclose(moments.mean.reshape(mean.shape), mean.astype(float), rtol=1e-12, atol=1e-15 * size)
        np.testing.assert_allclose(moments.std().reshape(std.shape), std.astype(float), rtol=1e-12)
        np.testing.assert_array_equal(moments.min.reshape(mean.shape), case.values.min(axis=axes).astype(float))
        np.testing.assert_array_equal(moments.max.reshape(mean.shape), case.values.max(axis=axes).astype(float))
        assert int(moments.count.sum()) == case.values.size


def test_blocks_of_any_size_give_the_same_statistics(case: Case, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = measure_path(path, case.pers[0]).moments
    for nbytes in (1, 100, 1000):
        set_block_bytes(monkeypatch, nbytes)
        source = open_path(path)
        assert len(list(source.spans())) > 1
        parts = measure([source], MeasureOptions(case.pers[0]), Plan(1))[0].moments
        size = float(np.abs(case.values.astype(float)).max())
        np.testing.assert_allclose(parts.mean, whole.mean, rtol=1e-12, atol=1e-15 * size)
        np.testing.assert_allclose(parts.m2, whole.m2, rtol=1e-12)
        np.testing.assert_array_equal(parts.count, whole.count)


def test_any_number_of_workers_gives_the_same_bytes(case: Case, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    set_block_bytes(monkeypatch, 500)
    documents = {to_json(measure_path(path, case.pers[0], workers).to_document()) for workers in (1, 2, 5)}
    assert len(documents) == 1


def test_a_pickled_source_reads_the_same_blocks(path: str) -> None:
    source = open_path(path)
    other = pickle.loads(pickle.dumps(source))
    for span in source.spans():
        ours, theirs = source.read(span), other.read(span)
        np.testing.assert_array_equal(ours.values, theirs.values)
        assert ours.digest == theirs.digest


def test_blocks_hold_the_values_in_order(case: Case, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    set_block_bytes(monkeypatch, 300)
    source = open_path(path)
    values = np.concatenate([source.read(span).values for span in source.spans()])
    np.testing.assert_array_equal(values, case.values)
    assert values.dtype == source.spec.dtype
    assert source.spec.axes[0] == "N"
    assert len(source.spec.sample_shape) == values.ndim - 1


@pytest.mark.parametrize("operation", ["center", "standardize"])
@pytest.mark.parametrize("workers", [1, 3])
def test_the_output_is_what_numpy_computes_and_its_inverse_the_input(
    case: Case, path: str, operation: Any, workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_block_bytes(monkeypatch, 700)
    stats = measure_path(path)
    output, back = tmp_path / case.output, tmp_path / f"back{Path(case.output).suffix}"
    options = ApplyOptions(operation, dtype="float64")
    source, columns = open_to_apply(path, ReadOptions(), stats)
    apply(source, columns, str(output), options, Plan(workers))
    wide, axes = case.values.astype(np.float64), case.averaged(stats.per)
    expected = wide - wide.mean(axis=axes)
    if operation == "standardize":
        expected = expected / wide.std(axis=axes)
    size = float(np.abs(expected).max())
    # NumPy's own mean of float64 is off by a few units in the last place of the values.
    np.testing.assert_allclose(case.read(output), expected, rtol=1e-12, atol=1e-12 * size)
    inverse = ApplyOptions(operation, dtype="float64", inverse=True)
    transformed, columns = open_to_apply(str(output), ReadOptions(), stats, inverse=True)
    apply(transformed, columns, str(back), inverse, Plan(workers))
    np.testing.assert_allclose(case.read(back), wide, rtol=1e-14, atol=1e-14 * float(np.abs(wide).max()))


def test_what_was_centered_is_not_centered_again(case: Case, path: str, tmp_path: Path) -> None:
    from zm_cli.errors import DataError

    stats = measure_path(path)
    output = str(tmp_path / case.output)
    apply(*open_to_apply(path, ReadOptions(), stats), output, ApplyOptions("center"), Plan(1))
    again = measure_path(output)
    twice = str(tmp_path / f"twice{Path(case.output).suffix}")
    with pytest.raises(DataError, match="centered already"):
        apply(*open_to_apply(output, ReadOptions(), again), twice, ApplyOptions("center"), Plan(1))
    assert not Path(twice).exists()
    apply(*open_to_apply(output, ReadOptions(), again), twice, ApplyOptions("center", force=True), Plan(1))
    assert Path(twice).exists()


def test_a_failing_run_leaves_the_earlier_output_and_nothing_else(
    case: Case, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stats = measure_path(path)
    place = tmp_path / "place"
    place.mkdir()
    output = place / case.output
    output.write_bytes(b"earlier")
    source, columns = open_to_apply(path, ReadOptions(), stats)

    def interrupt(nbytes: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        apply(source, columns, str(output), ApplyOptions("center"), Plan(2), tick=interrupt)
    assert [entry.name for entry in place.iterdir()] == [case.output]
    assert output.read_bytes() == b"earlier"


def test_two_runs_give_identical_bytes(case: Case, path: str, tmp_path: Path) -> None:
    stats = measure_path(path)
    written = []
    for name, workers in (("one", 1), ("two", 2)):
        output = tmp_path / name / case.output
        output.parent.mkdir()
        apply(*open_to_apply(path, ReadOptions(), stats), str(output), ApplyOptions("center"), Plan(workers))
        written.append({entry.name: entry.read_bytes() for entry in output.parent.iterdir()})
    assert written[0] == written[1]


def test_facts_are_plain_json(path: str) -> None:
    facts = open_path(path).facts()
    assert facts.nbytes > 0
    json.dumps([dict(facts.shapes), dict(facts.types), dict(facts.others), facts.notes])
