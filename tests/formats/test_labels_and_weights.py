"""Labels, weights and masks of every format: they belong to their samples, whichever are read and however."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from PIL import Image

from tests.formats.case import SEED
from tests.formats.test_every_format import shards_of
from zm_cli.data.block import Block
from zm_cli.data.options import ReadOptions
from zm_cli.data.source import Source
from zm_cli.formats import formats, open_source
from zm_cli.formats.shared.sampling import draw_evenly
from zm_cli.pipeline.measuring.measure import measure
from zm_cli.pipeline.opening import open_to_apply
from zm_cli.pipeline.options import MeasureOptions
from zm_cli.running.plan import Plan
from zm_cli.statsfile.store import load_stats, save_stats

NUMBER = 60
RNG = np.random.default_rng(SEED)
NAMES = ["cat", "dog", "émeu", ""]
LABELS = [NAMES[code] for code in RNG.integers(0, len(NAMES), NUMBER)]
WEIGHTS = RNG.integers(0, 5, NUMBER) / 4
PIXELS = RNG.integers(0, 256, (NUMBER, 4, 5, 3)).astype(np.uint8)
HIDDEN = RNG.integers(0, 3, (NUMBER, 4, 5)) == 0


@dataclass(frozen=True)
class Beside:
    """Data with labels, weights or a mask: `write` puts them into a folder and returns the path and the options."""

    name: str
    write: Callable[[Path], tuple[Path, dict[str, Any]]]
    labels: list[str]


def write_table(folder: Path) -> tuple[Path, dict[str, Any]]:
    rows = [f"{index},{LABELS[index]},{index / 7!r},{WEIGHTS[index]}" for index in range(NUMBER)]
    (folder / "t.csv").write_text("\n".join(["a,kind,b,w", *rows]), encoding="utf-8")
    return folder / "t.csv", {"by": "kind", "weight": "w"}


def write_hdf5(folder: Path) -> tuple[Path, dict[str, Any]]:
    with h5py.File(folder / "d.h5", "w") as file:
        file.create_dataset("x", data=PIXELS, chunks=(7, 4, 5, 3))
        file.create_dataset("y", data=LABELS, chunks=(11,), compression="gzip")
        file.create_dataset("w", data=WEIGHTS.astype(np.float32))
        file.create_dataset("m", data=HIDDEN, chunks=(9, 4, 5), compression="gzip")
    return folder / "d.h5", {"by": "/y", "weight": "/w", "mask": "/m"}


def write_numbered(folder: Path) -> tuple[Path, dict[str, Any]]:
    codes = np.array([NAMES.index(label) for label in LABELS], np.int16)
    kinds = h5py.enum_dtype({name or "none": code for code, name in enumerate(NAMES)}, np.int16)
    with h5py.File(folder / "d.h5", "w") as file:
        file["x"] = np.moveaxis(PIXELS, 0, 3)
        file["y"] = codes[:, None].astype(kinds)
    return folder / "d.h5", {"by": "y", "dataset": "x", "layout": "HWCN"}


def write_npz(folder: Path) -> tuple[Path, dict[str, Any]]:
    np.savez_compressed(folder / "d.npz", x=PIXELS, y=np.array(LABELS), w=WEIGHTS, m=HIDDEN.astype(np.int8))
    return folder / "d.npz", {"by": "y", "weight": "w", "mask": "m"}


def write_npy(folder: Path) -> tuple[Path, dict[str, Any]]:
    np.save(folder / "d.npy", PIXELS)
    np.save(folder / "y.npy", np.array([label.encode() for label in LABELS]))
    np.save(folder / "w.npy", WEIGHTS.astype(">f8"))
    np.save(folder / "m.npy", HIDDEN)
    return folder / "d.npy", {option: str(folder / f"{option[0]}.npy") for option in ("weight", "mask")} | {
        "by": str(folder / "y.npy")
    }


def write_images(folder: Path) -> tuple[Path, dict[str, Any]]:
    for index in range(NUMBER):
        path = folder / "images" / LABELS[index] / f"{index:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(PIXELS[index]).save(path)
    return folder / "images", {"by": "class"}


# Images are read in the order of their paths: those outside of class folders first.
BY_PATH = sorted(range(NUMBER), key=lambda index: f"{LABELS[index]}/{index:02}".lstrip("/"))
CASES = [
    Beside("csv", write_table, LABELS),
    Beside("hdf5", write_hdf5, LABELS),
    Beside("hdf5-enum", write_numbered, [label or "none" for label in LABELS]),
    Beside("npz", write_npz, LABELS),
    Beside("npy", write_npy, LABELS),
    Beside("images", write_images, [LABELS[index] for index in BY_PATH]),
]


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> Beside:
    chosen: Beside = request.param
    return chosen


def read_blocks(source: Source) -> list[Block]:
    blocks = [source.read(span) for span in source.spans()]
    source.close()
    return blocks


def list_labels(blocks: list[Block]) -> list[str]:
    found = []
    for block in blocks:
        assert block.labels is not None
        assert (len(block.labels.codes), block.labels.codes.dtype.name) == (len(block.values), "int64")
        assert len(set(block.labels.names)) == len(block.labels.names)
        found += [block.labels.names[code] if code >= 0 else "" for code in block.labels.codes]
    return found


def find_data(case: Beside, options: dict[str, Any]) -> dict[str, Any]:
    """Returns the options that say which dataset holds the data."""
    rest = {"dataset": "x"} if case.name in ("hdf5", "npz") else {}
    return rest | {name: value for name, value in options.items() if name in ("dataset", "layout")}


def check(blocks: list[Block], case: Beside, options: dict[str, Any], chosen: list[int]) -> None:
    """Labels, weights and masks are those of the chosen samples."""
    assert list_labels(blocks) == [case.labels[index] for index in chosen]
    for block in blocks:
        assert (block.weights is None, block.masked is None) == ("weight" not in options, "mask" not in options)
    if "weight" in options:
        weights = np.concatenate([block.weights for block in blocks if block.weights is not None] or [np.empty(0)])
        assert (weights.dtype.name, weights.tolist()) == ("float64", WEIGHTS[chosen].tolist())
    if "mask" in options:
        masked = np.concatenate([block.masked for block in blocks if block.masked is not None])
        np.testing.assert_array_equal(masked, np.repeat(HIDDEN[chosen][..., None], 3, axis=3))


@pytest.mark.parametrize("nbytes", [1 << 20, 200])
@pytest.mark.parametrize("chosen", [{}, {"limit": 17}, {"sample": 9, "seed": 4}])
def test_each_sample_has_its_own(
    case: Beside, tmp_path: Path, nbytes: int, chosen: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zm_cli.data.block.BLOCK_BYTES", nbytes)
    path, options = case.write(tmp_path)
    expected = list(range(chosen.get("limit", NUMBER)))
    if "sample" in chosen:
        expected = draw_evenly(NUMBER, chosen["sample"], chosen["seed"])
    blocks = read_blocks(open_source(str(path), ReadOptions(**options, **chosen)))
    check(blocks, case, options, expected)
    copy = pickle.loads(pickle.dumps(source := open_source(str(path), ReadOptions(**options, **chosen))))
    check([copy.read(span) for span in source.spans()], case, options, expected)
    source.close()
    copy.close()


def test_shards_together_have_those_of_the_whole(case: Beside, tmp_path: Path) -> None:
    path, options = case.write(tmp_path)
    parts = [read_blocks(open_source(str(path), ReadOptions(**options, shard=shard))) for shard in shards_of(3)]
    check([block for part in parts for block in part], case, options, list(range(NUMBER)))


def test_they_decide_the_digest_and_nothing_else(case: Beside, tmp_path: Path) -> None:
    path, options = case.write(tmp_path)
    rest = find_data(case, options) | ({"columns": ("a", "b")} if case.name == "csv" else {})
    plain, full = (read_blocks(open_source(str(path), ReadOptions(**given))) for given in (rest, rest | options))
    for one, other in zip(plain, full, strict=True):
        np.testing.assert_array_equal(one.values, other.values)
        assert (one.labels, one.weights, one.masked) == (None, None, None)
        # The digests of tables and images cover all of their text and paths already.
        assert (one.digest == other.digest) == (case.name in ("csv", "images"))


def test_statistics_record_them_and_do_not_ask_for_them_again(case: Beside, tmp_path: Path) -> None:
    path, options = case.write(tmp_path)
    source = open_source(str(path), ReadOptions(**options))
    recorded = {name: source.spec.decoding.get(name) for name in ("by", "weight", "mask")}
    given = {name: options.get(name) for name in recorded}
    assert recorded == given | ({"by": "/y"} if case.name == "hdf5-enum" else {})
    source.close()
    bare = find_data(case, options) | {"by": options["by"]}
    with_by = open_source(str(path), ReadOptions(**bare))
    stats, _ = measure([with_by], MeasureOptions("all"), Plan(1))
    with_by.close()
    save_stats(stats, str(tmp_path / "s.json"))
    loaded = load_stats(str(tmp_path / "s.json"))
    assert loaded.decoding["by"] == with_by.spec.decoding["by"]
    again, _ = open_to_apply(str(path), ReadOptions(), loaded)
    assert "by" not in again.spec.decoding
    assert read_blocks(again)[0].labels is None


def test_they_complete_from_the_data(case: Beside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, options = case.write(tmp_path)
    monkeypatch.chdir(tmp_path)
    kind = open_source(str(path), ReadOptions(**options)).spec.kind
    found = {
        name: [value for value, _ in formats()[kind].completers[name](str(path), ReadOptions(), "")]
        for name in ("by", "weight", "mask")
        if name in options
    }
    expected = {
        "csv": {name: ["a", "kind", "b", "w"] for name in ("by", "weight")},
        "hdf5": {"by": ["/w", "/y"], "weight": ["/w"], "mask": ["/m", "/x"]},
        "hdf5-enum": {"by": ["/y"]},
        "npz": {"by": ["y", "w"], "weight": ["w"], "mask": ["x", "m"]},
        "npy": {"by": ["w.npy", "y.npy"], "weight": ["w.npy"], "mask": ["m.npy"]},
        "images": {"by": ["class"]},
    }
    assert found == expected[case.name]
