"""The listing of a source is the same, whoever reads the headers and in runs of how many files."""

from __future__ import annotations

import os
import pickle
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.formats.images.opened import open_images
from tests.formats.images.samples import encode_picture, random_picture, random_values, save_picture
from tests.memory import finish_measured, start_measured
from tests.systems import needs_fork, needs_limits, slow
from zm_cli.data.options import ReadOptions
from zm_cli.errors import DataError
from zm_cli.formats import open_source
from zm_cli.formats.images import header_runs, list_images
from zm_cli.formats.images.candidates import list_files
from zm_cli.formats.images.file_patterns import Selection
from zm_cli.formats.images.header import Header
from zm_cli.formats.images.header_runs import ReadHeaders, Run
from zm_cli.formats.images.listing import Listing
from zm_cli.formats.images.names import Names
from zm_cli.running.executors import Executor, find_executor
from zm_cli.running.plan import Plan

PIXELS = 1_000_000
PLANS = [Plan(workers=1), Plan(workers=3, executor="threads"), pytest.param(Plan(workers=2), marks=needs_fork)]


@pytest.fixture
def tangle(tmp_path: Path) -> Path:
    """Returns a folder with everything that a listing distinguishes, in an order in which all of it matters."""
    folder = tmp_path / "data"
    for name, mode in (("a/1.png", "RGB"), ("a/3.png", "L"), ("b/2.png", "RGB"), ("c/9.png", "RGB"), ("z.png", "L")):
        save_picture(folder, name, random_values((2, 3)), mode)
    (folder / "a" / "2.png").write_bytes(b"no picture")
    (folder / "a" / "notes.txt").write_text("text")
    (folder / "a" / ".hidden").write_text("text")
    (folder / "b" / "README").write_text("text")
    (folder / "b" / "picture").write_bytes(encode_picture("PNG"))
    (folder / "c" / "0.png").write_bytes(b"")
    (folder / "c" / "7.txt").write_text("text")
    pages = [random_picture(width=4, height=3, seed=seed) for seed in range(12)]
    pages[0].save(folder / "c" / "5.tif", save_all=True, append_images=pages[1:])
    pages[0].save(folder / "c" / "6.gif", save_all=True, append_images=pages[1:3])
    (folder / "c" / "8.tif").write_bytes((folder / "c" / "5.tif").read_bytes()[:-40])
    return folder


def look(listing: Listing) -> dict[str, Any]:
    """Returns all that a listing says, as values that can be compared."""
    found = {field.name: getattr(listing, field.name) for field in fields(listing)}
    return found | {"paths": list(listing.paths)}


def list_tangle(folder: Path, plan: Plan | None, **how: Any) -> dict[str, Any] | str:
    """Returns what the listing says, or its error."""
    selection = Selection(
        include=how.pop("include", None), exclude=how.pop("exclude", None), limit=how.pop("limit", None)
    )
    try:
        return look(list_images.list_images(str(folder), selection, max_pixels=PIXELS, plan=plan, **how))
    except DataError as error:
        return str(error)


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("run", [1, 2, 5])
def test_a_listing_is_the_same_whoever_reads_the_headers(
    tangle: Path, plan: Plan, run: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ways: list[dict[str, Any]] = [
        {"skip": True},
        {"skip": True, "frames": True},
        {"skip": True, "frames": True, "limit": 8},
        {"skip": True, "limit": 4, "exclude": ("b/",)},
        {"skip": False},
        {"skip": False, "limit": 1},
        {"skip": False, "frames": True, "include": ("c/5*", "c/8*")},
    ]
    alone = [list_tangle(tangle, None, **how) for how in ways]
    monkeypatch.setattr(list_images, "MIN_RUN", run)
    assert [list_tangle(tangle, plan, **how) for how in ways] == alone


def test_a_listing_tells_everything_apart(tangle: Path) -> None:
    found = list_tangle(tangle, None, skip=True, frames=True, limit=None)
    assert isinstance(found, dict)
    kept = ["a/1.png", "a/3.png", "b/2.png", "b/picture"]
    assert found["paths"][:4] == kept
    assert found["paths"][4:16] == [f"c/5.tif#{number:02}" for number in range(1, 13)]
    assert found["paths"][16:19] == ["c/6.gif#1", "c/6.gif#2", "c/6.gif#3"]
    assert found["paths"][-2:] == ["c/9.png", "z.png"]
    assert [skipped.name for skipped in found["skipped"]][:2] == ["a/2.png", "c/0.png"]
    assert dict(found["left_out"]) == {".txt": 2, "hidden": 1, "without a suffix": 1}
    assert sum(found["nbytes"][4:16]) == (tangle / "c" / "5.tif").stat().st_size


@pytest.mark.parametrize("plan", PLANS)
def test_the_first_error_in_the_order_of_the_files_is_raised(
    tangle: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_images, "MIN_RUN", 1)
    with pytest.raises(DataError, match=r"a/2\.png: is not an image that can be identified"):
        open_source(str(tangle), ReadOptions(), "images", plan=plan)
    (tangle / "a" / "2.png").unlink()
    with pytest.raises(DataError, match=r"c/0\.png: cannot be decoded: it is empty"):
        open_source(str(tangle), ReadOptions(), "images", plan=plan)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Returns the files whose headers are read in this process during the test."""
    paths: list[str] = []

    def read(path: str, suffix: str, max_pixels: int) -> tuple[Header, int, int]:
        paths.append(os.path.basename(path))
        return Header("RGB", 3, 2, suffix), 100, 0

    monkeypatch.setattr(header_runs, "read_header", read)
    return paths


def lay_out(folder: Path, count: int) -> Path:
    for index in range(count):
        (folder / f"{index:04}.png").touch()
    return folder


def test_a_limit_ends_the_search_and_the_reading_of_headers(tmp_path: Path, asked: list[str]) -> None:
    lay_out(tmp_path, 20)
    found = list_tangle(tmp_path, Plan(workers=2, executor="threads"), skip=False, limit=7)
    assert isinstance(found, dict)
    assert len(found["paths"]) == len(asked) == 7


def test_files_of_many_frames_are_not_read_past_a_limit(tangle: Path) -> None:
    for name in ("c/8.tif", "c/0.png", "a/2.png"):
        (tangle / name).unlink()
    found = list_tangle(tangle, None, skip=False, frames=True, limit=6)
    assert isinstance(found, dict)
    assert found["paths"][-2:] == ["c/5.tif#01", "c/5.tif#02"]


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Returns the names of the executors that are used during the test."""
    names: list[str] = []

    def find(name: str) -> Executor:
        names.append(name)
        return find_executor("threads" if name == "forks" else name)

    monkeypatch.setattr("zm_cli.running.executors.find_executor", find)
    return names


@needs_fork
@pytest.mark.usefixtures("asked")
def test_workers_are_started_only_for_more_than_one_run(
    tmp_path: Path, chosen: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_out(tmp_path, 4)
    monkeypatch.setattr(list_images, "MIN_RUN", 4)
    open_source(str(tmp_path), ReadOptions(), "images", plan=Plan(workers=2))
    lay_out(tmp_path, 5)
    open_source(str(tmp_path), ReadOptions(), "images", plan=Plan(workers=2))
    assert chosen == ["serial", "forks"]


def test_what_is_sent_to_workers_and_back_is_small(tmp_path: Path) -> None:
    (tmp_path / "cats").mkdir()
    names = Names()
    for index in range(list_images.MIN_RUN):
        names.append(f"cats/{index:08}.png")
        os.link(tmp_path / names[0], tmp_path / names[index]) if index else save_picture(
            tmp_path, names[0], random_values((2, 3, 3))
        )
    task = ReadHeaders(str(tmp_path), is_search=True, skip=False, max_pixels=PIXELS, frames=False)
    sent = pickle.dumps((task, Run(names)))
    task, run = pickle.loads(sent)
    answer = pickle.dumps(task(run))
    found = pickle.loads(answer)
    assert (len(found.headers), len(found.indices)) == (1, list_images.MIN_RUN)
    assert len(sent) < 32 * list_images.MIN_RUN
    assert len(answer) < 20 * list_images.MIN_RUN
    assert task.name_input(run).endswith("cats/00000511.png")
    assert task.list_paths() == (str(tmp_path),)


def test_progress_counts_files_while_they_are_found_and_while_their_headers_are_read(
    tmp_path: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_out(tmp_path, 5)
    (tmp_path / "notes.txt").touch()
    monkeypatch.setattr(list_images, "MIN_RUN", 2)
    monkeypatch.setattr("zm_cli.formats.images.candidates._TICK", 3)
    ticks: list[tuple[int, int | None]] = []
    open_source(str(tmp_path), ReadOptions(), "images", tick=lambda done, total: ticks.append((done, total)))
    assert ticks == [(3, None), (6, None), (2, 5), (4, 5), (5, 5)]


def test_a_copy_that_lists_again_does_so_alone(
    tangle: Path, chosen: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_images, "MIN_RUN", 1)
    plan = Plan(workers=2, executor="threads")
    source = open_source(str(tangle), ReadOptions(on_error="skip"), "images", plan=plan)
    chosen.clear()
    copy = pickle.loads(pickle.dumps(source))
    assert copy.files == source.files  # type: ignore[attr-defined]
    assert set(chosen) == {"serial"}


def test_the_files_of_a_folder_are_those_whose_headers_are_read(tangle: Path) -> None:
    source = open_images(tangle, on_error="skip", exclude=("b/",))
    names = [name for name, _ in list_files(str(tangle), ReadOptions(exclude=("b/",)))]
    assert names == sorted([*source.files, *(skipped.name for skipped in source.facts().skipped)])


LIST_MANY = """
import sys
from zm_cli.data.options import ReadOptions
from zm_cli.formats.images import header_runs
from zm_cli.formats.images.candidates import Candidates
from zm_cli.formats.images.header import Header
from zm_cli.formats.images.source import ImageSource
from zm_cli.running.plan import Plan

count = int(sys.argv[2])
paths = (f"n{index // 1300:08}/n{index // 1300:08}_{index:07}.JPEG" for index in range(count))
headers = [Header("RGB", 500, 300 + height, ".jpeg") for height in range(100)]
Candidates._list_paths = lambda self, path: paths
header_runs.read_header = lambda path, suffix, most: (headers[hash(path) % 100], 110_000, 0)
source = ImageSource(sys.argv[1], ReadOptions(), Plan(workers=2))
assert sum(len(span.address.paths) for span in source.spans()) == source.spec.samples == count
assert len(source.facts().classes) == -(-count // 1300)
"""


@slow
@needs_limits
def test_a_listing_of_a_million_files_takes_less_than_1_kb_each(tmp_path: Path) -> None:
    def measure(count: int) -> int:
        command = [sys.executable, "-c", LIST_MANY, str(tmp_path), count]
        return finish_measured(start_measured(command, cwd=Path(__file__).parents[3])) << 10

    count = 1_000_000
    # About 160 bytes each; the process itself, which takes 35 MB, is less than that.
    assert measure(count) < 300 * count


def test_a_source_of_listed_files_travels_without_the_list(tmp_path: Path) -> None:
    files = tuple(f"{index:04}.png" for index in range(300))
    for name in files:
        Image.new("L", (3, 3)).save(tmp_path / name)
    source = open_source(str(tmp_path), ReadOptions(files=files))
    assert len(pickle.dumps(source)) < 4000
    copy = pickle.loads(pickle.dumps(source))
    assert [copy.read(span).values.shape[0] for span in source.spans()] == [300]


@pytest.mark.parametrize(("total", "length"), [(0, 512), (1_000_000, 512), (14_200_000, 6933), (5_000_000_000, 8192)])
def test_very_many_files_are_read_in_longer_runs(total: int, length: int) -> None:
    assert list_images.choose_run(total) == length
