"""`zm whiten` as a user types it: every format there and back, columns in place of others, receipts, messages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import jsonschema
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from sklearn import datasets
from sklearn.decomposition import PCA

from tests.inprocess import Shell
from tests.shell import run_zm
from zm_cli.schema import load_schema
from zm_cli.statsfile.store import load_stats

SEED = 20261209
IRIS = datasets.load_iris().data
NAMES = ("id", "a", "kind", "b", "c", "d")


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A folder with the table t.csv: the measures of iris between an id and a kind."""
    monkeypatch.chdir(tmp_path)
    rows = [f"{index},{a},k{index % 3},{b},{c},{d}" for index, (a, b, c, d) in enumerate(IRIS.tolist())]
    Path("t.csv").write_text("\n".join([",".join(NAMES), *rows]) + "\n")
    return Shell(tmp_path, capsys)


def read_table(path: str, *columns: str) -> NDArray[np.float64]:
    found = np.genfromtxt(path, delimiter=",", names=True, dtype=None, encoding="utf-8")
    return np.column_stack([found[name] for name in columns]).astype(np.float64)


def header_of(path: str) -> str:
    return Path(path).read_text().splitlines()[0]


def read_hdf5(path: str, name: str = "images") -> NDArray[Any]:
    with h5py.File(path) as file:
        found: NDArray[Any] = file[name][()]
    return found


def draw_pictures(samples: int = 40) -> NDArray[np.uint8]:
    """Pictures (N, 4, 3, 3) with correlated channels."""
    random = np.random.default_rng(SEED)
    values = random.normal(0, 1, (samples, 4, 3, 3)) @ random.normal(0, 30, (3, 3)) + 128
    return values.clip(0, 255).astype(np.uint8)


def cov(values: NDArray[Any]) -> NDArray[np.float64]:
    return np.cov(values.T, ddof=0)


def test_components_stand_where_the_first_column_was_and_the_order_comes_back(shell: Shell) -> None:
    told = shell.run("whiten t.csv -o w.csv --method pca --exclude id --components 3")
    assert header_of("w.csv") == "id,pc1,pc2,pc3,kind"
    expected = PCA(3, whiten=True).fit_transform(IRIS) * np.sqrt(150 / 149)
    found = read_table("w.csv", "pc1", "pc2", "pc3")
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-9)
    assert "3 of 4 components kept, with 99.48% of the variance" in told
    assert (
        "4 columns whitened (pca): 'a', 'b', 'c', 'd', now 'pc1', 'pc2', 'pc3'; left as they are: 'id', 'kind'" in told
    )
    told = shell.run("whiten w.csv -o back.csv --inverse")
    assert header_of("back.csv") == ",".join(NAMES)
    assert "the projection on 3 of 4 components is restored, with 99.48% of the variance" in told
    np.testing.assert_allclose(read_table("back.csv", *"abcd"), IRIS, atol=0.5)
    assert read_table("back.csv", "id").ravel().tolist() == list(range(150))


@pytest.mark.parametrize("method", ["pca", "zca"])
def test_all_components_give_the_table_back(shell: Shell, method: str) -> None:
    shell.run(f"whiten t.csv -o w.csv --method {method} --columns a,b,c,d --epsilon 0.01 --ddof 1")
    shell.run("whiten w.csv -o back.csv --inverse")
    assert header_of("back.csv") == header_of("t.csv")
    np.testing.assert_allclose(read_table("back.csv", *"abcd"), IRIS, atol=1e-9)
    assert f"is whitened ({method}) already" in shell.refuse("whiten w.csv -o twice.csv")


def test_zca_is_the_default_and_keeps_names_and_places(shell: Shell) -> None:
    shell.run("whiten t.csv -o w.csv --exclude id")
    assert header_of("w.csv") == header_of("t.csv")
    np.testing.assert_allclose(cov(read_table("w.csv", *"abcd")), np.eye(4), atol=1e-8)


def test_a_receipt_records_what_an_inverse_needs(shell: Shell) -> None:
    shell.run("whiten t.csv -o w.csv --method pca --exclude id --components 0.95 --epsilon 0.5 --ddof 1")
    receipt = json.loads(Path("w.csv.zm.json").read_text())
    expected = {
        "operation": "whiten",
        "method": "pca",
        "components": 2,
        "epsilon": 0.5,
        "ddof": 1,
        "columns": ["a", "b", "c", "d"],
        "features": ["pc1", "pc2"],
        "before": list(NAMES),
    }
    assert {field: receipt[field] for field in expected} == expected
    assert "was whitened (pca) with --components 2" in shell.refuse("whiten w.csv -o b.csv --inverse --components 3")
    assert "was whitened (pca) and not whitened (zca)" in shell.refuse("whiten w.csv -o b.csv --inverse --method zca")
    assert "was whitened (pca) and not centered" in shell.refuse("center w.csv -o b.csv --inverse")
    assert "all components" in shell.refuse("whiten w.csv -o b.csv --inverse --columns pc1")


def test_statistics_whiten_other_data_and_other_pipes(shell: Shell) -> None:
    lines = Path("t.csv").read_text().splitlines()
    Path("train.csv").write_text("\n".join([lines[0], *lines[1::2]]) + "\n")
    Path("test.csv").write_text("\n".join([lines[0], *lines[2::2]]) + "\n")
    shell.run("stats train.csv -o s.json --covariance --exclude id")
    out = shell.print("whiten test.csv -o - --stats s.json --method pca")
    Path("piped.csv").write_text(out)
    shell.run("whiten test.csv -o w.csv --stats s.json --method pca")
    assert Path("w.csv").read_text() == out
    reference = PCA(whiten=True).fit(IRIS[::2])
    expected = reference.transform(IRIS[1::2]) * np.sqrt(75 / 74)
    found = read_table("w.csv", "pc1", "pc2", "pc3", "pc4")
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-9)
    # What came through a pipe has no receipt.
    shell.run("whiten piped.csv -o back.csv --inverse --method pca --stats s.json")
    np.testing.assert_allclose(read_table("back.csv", *"abcd"), IRIS[1::2], atol=1e-9)


def test_a_row_that_lacks_a_value_is_missing_unless_it_is_filled(shell: Shell) -> None:
    lines = Path("t.csv").read_text().splitlines()
    lines[3] = "2,,k2,3.2,1.3,0.2"
    Path("m.csv").write_text("\n".join(lines) + "\n")
    told = shell.run("whiten m.csv -o w.csv --exclude id --method pca")
    assert Path("w.csv").read_text().splitlines()[3] == "2,NaN,NaN,NaN,NaN,k2"
    assert "rows that became missing because some of their values were: 1; --impute fills them" in told
    told = shell.run("whiten m.csv -o f.csv --exclude id --method pca --impute mean --indicator")
    assert header_of("f.csv") == "id,pc1,pc2,pc3,pc4,kind,a_missing"
    assert "missing now" not in told
    # The column that marks them gives the hole back.
    shell.run("whiten f.csv -o back.csv --inverse")
    assert header_of("back.csv") == ",".join(NAMES)
    found = Path("back.csv").read_text().splitlines()[3].split(",")
    assert found[:3] == ["2", "", "k2"]
    np.testing.assert_allclose([float(cell) for cell in found[3:]], [3.2, 1.3, 0.2], atol=1e-9)


def test_a_table_without_a_header_comes_back(shell: Shell) -> None:
    np.savetxt("plain.csv", IRIS, delimiter=",")
    shell.run("whiten plain.csv -o w.csv --method pca --components 2 --no-header")
    assert np.loadtxt("w.csv", delimiter=",").shape == (150, 2)
    shell.run("whiten w.csv -o back.csv --inverse")
    assert np.loadtxt("back.csv", delimiter=",").shape == (150, 4)


def test_a_column_that_has_the_name_of_a_component_is_told(shell: Shell) -> None:
    Path("n.csv").write_text("pc2,x,y\n" + "".join(f"{i},{i % 5}.5,{i % 7}.5\n" for i in range(40)))
    assert "has 'pc2' already" in shell.refuse("whiten n.csv -o w.csv --method pca --exclude pc2")
    shell.run("whiten n.csv -o w.csv --method pca")
    assert header_of("w.csv") == "pc1,pc2,pc3"


def test_what_the_data_lack_is_told(shell: Shell) -> None:
    rows = "".join(f"{i % 5}.5,{i % 7}.5,{i % 5 + i % 7 + 1},7\n" for i in range(40))
    Path("n.csv").write_text("x,y,sum,always\n" + rows)
    told = shell.run("whiten n.csv -o w.csv --method pca")
    assert header_of("w.csv") == "pc1,pc2"
    assert "1 of 4 features does not vary ('always'), so that there are fewer components" in told
    assert "1 direction does not vary, as features follow from one another ('x', 'y', 'sum')" in told
    assert "components kept" not in told


@pytest.mark.parametrize(("method", "kept"), [("pca", None), ("pca", 2), ("zca", None)])
@pytest.mark.parametrize(
    ("kind", "per"),
    [(kind, per) for kind in ("npy", "h5", "chw.h5") for per in ("channel", "pixel")] + [("npz", "pixel")],
)
def test_arrays_become_white_and_come_back(shell: Shell, kind: str, per: str, method: str, kept: int | None) -> None:
    pictures = draw_pictures()
    axis = 1 if kind == "chw.h5" else 3
    stored = np.moveaxis(pictures, -1, axis)
    source, suffix = f"x.{kind}", kind.rpartition(".")[2]
    if kind == "npy":
        np.save(source, stored)
    elif kind == "npz":
        np.savez(source, images=stored, labels=np.arange(40))
    else:
        with h5py.File(source, "w") as file:
            chunks = (7, *stored.shape[1:])
            images = file.create_dataset(
                "images", data=stored, chunks=chunks, compression="gzip", maxshape=(None, *stored.shape[1:])
            )
            images.attrs["layout"] = "NCHW" if axis == 1 else "NHWC"
            scale = file.create_dataset("names", data=np.arange(3))
            scale.make_scale("names")
            images.dims[axis].attach_scale(scale)
            file["labels"] = np.arange(40)
    layout = "" if suffix == "h5" else "--layout NHWC"
    dataset = "" if kind == "npy" else "--dataset images"
    components = "" if kept is None else f"--components {kept}"
    shell.run(
        f"whiten {source} -o w.{suffix} --method {method} --per {per} --dtype float64 {layout} {dataset} {components}"
    )
    shell.run(f"whiten w.{suffix} -o back.{suffix} --inverse --dtype float64")

    def read(path: str) -> NDArray[Any]:
        if suffix == "h5":
            return read_hdf5(path)
        found = np.load(path)
        return np.asarray(found["images"] if suffix == "npz" else found)

    made, back = read(f"w.{suffix}"), read(f"back.{suffix}")
    vectors = made.reshape(40, -1) if per == "pixel" else np.moveaxis(made, axis, -1).reshape(-1, made.shape[axis])
    if method == "pca":
        features = min(36, 39) if per == "pixel" else 3
        assert vectors.shape[1] == (kept or features)
        np.testing.assert_allclose(np.atleast_2d(cov(vectors)), np.eye(vectors.shape[1]), atol=1e-8)
    else:
        assert made.shape == stored.shape
    assert back.shape == stored.shape
    if kept is None:
        np.testing.assert_allclose(back, stored, atol=1e-9)
    if suffix == "h5":
        assert read_hdf5("back.h5", "labels").tolist() == list(range(40))
        with h5py.File("w.h5") as file:
            assert file["images"].compression == "gzip"
            assert file["images"].maxshape[0] is None


@pytest.mark.parametrize("per", ["channel", "pixel"])
def test_folders_of_images_become_one_dataset_and_come_back(shell: Shell, per: str) -> None:
    pictures = draw_pictures()
    for index, picture in enumerate(pictures):
        folder = Path("images") / "ab"[index % 2]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(folder / f"{index:02}.png")
    shell.run(f"whiten images -o w.h5 --method pca --components 2 --per {per} --workers 1")
    shell.run(f"whiten images -o again.h5 --method pca --components 2 --per {per} --workers 2")
    assert Path("again.h5").read_bytes() == Path("w.h5").read_bytes()
    assert read_hdf5("w.h5").shape == ((40, 2) if per == "pixel" else (40, 4, 3, 2))
    shell.run("whiten w.h5 -o back.h5 --inverse")
    assert read_hdf5("back.h5").shape == (40, 4, 3, 3)
    assert read_hdf5("back.h5", "labels").tolist() == [0] * 20 + [1] * 20


def test_a_folder_of_arrays_has_a_channel_for_each_component(shell: Shell) -> None:
    pictures = draw_pictures(6)
    Path("images").mkdir()
    for index, picture in enumerate(pictures):
        Image.fromarray(picture).save(f"images/{index}.png")
    shell.run("whiten images -o w --method pca")
    assert np.load("w/3.npy").shape == (4, 3, 3)
    shell.run("whiten images -o few --method pca --components 1")
    assert np.load("few/3.npy").shape == (4, 3, 1)
    shell.run("whiten w -o back --inverse")
    np.testing.assert_allclose(np.load("back/3.npy"), pictures[3], atol=1e-3)
    shell.run("whiten few -o projected --inverse")
    assert np.load("projected/3.npy").shape == (4, 3, 3)
    message = shell.refuse("whiten images -o vectors --method pca --per pixel")
    assert message == "vectors: images that become vectors are written as one .h5; name a .h5 with -o"


def test_parts_are_what_the_whole_is_whatever_the_workers(shell: Shell) -> None:
    shell.run("whiten t.csv -o w.csv --method pca --exclude id --workers 1")
    for workers in (1, 2):
        shell.run(f"whiten t.csv -o p{workers} --method pca --exclude id --parts 3 --workers {workers}")
        shell.run(f"join p{workers} -o j{workers}.csv")
        assert Path(f"j{workers}.csv").read_bytes() == Path("w.csv").read_bytes()
    shell.run("whiten t.csv -o part.csv --method pca --exclude id --shard 2/3 --stats w.csv.stats.json")
    shell.run("whiten part.csv -o back.csv --inverse --stats w.csv.stats.json")
    assert len(Path("back.csv").read_text().splitlines()) in (50, 51, 52)


def test_unchanged_data_are_not_whitened_again(shell: Shell) -> None:
    line = "whiten t.csv -o w.csv --method pca --components 0.95 --exclude id --if-changed"
    shell.run(line)
    assert "up to date" in shell.run(line)
    assert "up to date" not in shell.run(line.replace("0.95", "0.99"))


def test_json_says_what_was_written(shell: Shell) -> None:
    found = json.loads(shell.print("whiten t.csv -o w.csv --method pca --exclude id --json"))
    jsonschema.validate(found, load_schema("written"))
    assert found["operation"] == "whiten"
    assert found["written"]["names"] == ["pc1", "pc2", "pc3", "pc4"]
    np.testing.assert_allclose(found["written"]["std"], 1, atol=1e-9)
    assert "covariance" in load_stats("w.csv.stats.json").statistics


def test_data_that_are_not_like_the_statistics_are_told(shell: Shell) -> None:
    shell.run("stats t.csv -o s.json --covariance --exclude id")
    rows = "".join(f"{i},{a + 50},k,{b},{c},{d}\n" for i, (a, b, c, d) in enumerate(IRIS.tolist()))
    Path("other.csv").write_text(",".join(NAMES) + "\n" + rows)
    assert "not like those of the statistics" in shell.run("whiten other.csv -o w.csv --stats s.json")
    assert "not like those of the statistics" not in shell.run("whiten t.csv -o v.csv --stats s.json")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("whiten t.csv -o w.csv --components 0", "'0' is neither a number of components nor a share"),
        ("whiten t.csv -o w.csv --components 1.5", "'1.5' is neither a number of components nor a share"),
        ("whiten t.csv -o w.csv --components many", "'many' is neither a number of components nor a share"),
        ("whiten t.csv -o w.csv --components 9", "there are only 5 features"),
        ("whiten t.csv -o w.csv --per all", "whitening needs several features"),
        (
            "whiten t.csv -o w.csv --stats plain.json",
            "plain.json: holds no covariance; measure with zm stats --covariance",
        ),
        ("whiten t.csv -o w.csv --inverse --stats plain.json", "no receipt says how it was whitened"),
        ("whiten t.csv -o w.npy", "a table is written as CSV text"),
    ],
)
def test_what_is_not_possible_is_said_in_one_line(shell: Shell, line: str, message: str) -> None:
    shell.run("stats t.csv -o plain.json")
    assert message in shell.refuse(line)


def test_what_comes_through_a_pipe_is_whitened_alike(shell: Shell) -> None:
    piped = run_zm("whiten", "-", "-o", "-", "--exclude", "id", stdin=Path("t.csv").read_bytes(), cwd=shell.folder)
    assert piped.out == shell.print("whiten t.csv -o - --exclude id --workers 2")
