"""Datasets with values in other files, which are read only where that is allowed; the kernel reports each access."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from h5py import h5d, h5p, h5s, h5t

from tests.formats.hdf5.files import VALUES, error_of, open_data, put_virtual, read_values, rewrite
from tests.shell import run_zm
from tests.systems import slow
from zm_cli.errors import DataError, UsageError
from zm_cli.system import find_c_function

IN_ACCESS, IN_OPEN = 1, 32
"""Events of <sys/inotify.h>."""


@contextmanager
def untouched(*paths: Path) -> Iterator[None]:
    """Fails if one of the files is opened or read inside the `with` block."""
    if find_c_function("inotify_init1") is None:
        pytest.skip("no inotify here")
    libc = ctypes.CDLL(None, use_errno=True)
    watch = libc.inotify_init1(os.O_NONBLOCK)
    for path in paths:
        assert libc.inotify_add_watch(watch, os.fsencode(path), IN_OPEN | IN_ACCESS) >= 0
    try:
        yield
        with pytest.raises(BlockingIOError):
            os.read(watch, 4096)
    finally:
        os.close(watch)


def put_growing(group: Any, name: str, filename: str, source: str) -> None:
    """A virtual dataset that has as many rows as its source; the library must open the source to count them."""
    layout = h5py.VirtualLayout(VALUES.shape, "<u2", maxshape=(None, 5))
    there = h5py.VirtualSource(filename, source, VALUES.shape, maxshape=(None, 5))
    layout[: h5s.UNLIMITED, :] = there[: h5s.UNLIMITED, :]
    group.create_virtual_dataset(name, layout)


def put_numbered(group: Any, name: str, filename: str, source: str) -> None:
    """A virtual dataset of numbered sources of 8 rows each: `%b` in their name stands for the number."""
    plist = h5p.create(h5p.DATASET_CREATE)
    space = h5s.create_simple(VALUES.shape, (h5s.UNLIMITED, 5))
    space.select_hyperslab((0, 0), (h5s.UNLIMITED, 1), (8, 5), (8, 5))
    plist.set_virtual(space, filename.encode(), source.encode(), h5s.create_simple(VALUES.shape))
    space = h5s.create_simple(VALUES.shape, (h5s.UNLIMITED, 5))
    h5d.create(group.id, name.encode(), h5t.STD_U16LE, space, plist)


def put_raw(group: Any, name: str) -> None:
    group.create_dataset(name, VALUES.shape, "<u2", external=[("raw.bin", 0, VALUES.nbytes)])


WITH_VALUES_ELSEWHERE: dict[str, Callable[[h5py.File], Any]] = {
    "away": lambda file: file.__setitem__("away", h5py.ExternalLink("part0.h5", "/y")),
    "soft": lambda file: file.__setitem__("soft", h5py.SoftLink("/away")),
    "softer": lambda file: file.__setitem__("softer", h5py.SoftLink("./soft")),
    "root/y": lambda file: file.__setitem__("root", h5py.ExternalLink("part0.h5", "/")),
    "linked y": lambda file: file.__setitem__("linked y", h5py.SoftLink("root/y")),
    "raw": lambda file: put_raw(file, "raw"),
    "virtual": lambda file: put_virtual(file, "virtual", "part0.h5", "y"),
    "growing": lambda file: put_growing(file, "growing", "part0.h5", "y"),
    "numbered": lambda file: put_numbered(file, "numbered", "part%b.h5", "y"),
    "of virtual": lambda file: put_virtual(file, "of virtual", ".", "virtual"),
    "of virtual again": lambda file: put_growing(file, "of virtual again", "data.h5", "of virtual"),
    "of raw": lambda file: put_virtual(file, "of raw", ".", "raw"),
    "of a link": lambda file: put_virtual(file, "of a link", ".", "softer"),
    "of numbered": lambda file: put_numbered(file, "of numbered", ".", "link%b"),
}
"""By name: what creates a dataset whose values lie in other files."""


@pytest.fixture
def linked_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Returns a file with a dataset x of its own, and one for each entry of WITH_VALUES_ELSEWHERE."""
    monkeypatch.chdir(tmp_path)
    for name in ("part0.h5", "root.h5"):
        with h5py.File(tmp_path / name, "w") as file:
            file.create_dataset("y", data=VALUES, maxshape=(None, 5))
    (tmp_path / "raw.bin").write_bytes(VALUES.tobytes())
    with h5py.File(tmp_path / "data.h5", "w", libver="latest") as file:
        file["x"] = VALUES + 1
        file["link0"] = h5py.ExternalLink("part0.h5", "/y")
        for put in WITH_VALUES_ELSEWHERE.values():
            put(file)
    return tmp_path / "data.h5"


@pytest.mark.parametrize("name", WITH_VALUES_ELSEWHERE)
def test_other_files_are_not_read_unless_that_is_allowed(linked_file: Path, name: str) -> None:
    with untouched(linked_file.parent / "part0.h5", linked_file.parent / "raw.bin"):
        error = error_of(linked_file, dataset=name)
    assert isinstance(error, UsageError)
    assert error.where == f"{linked_file}: /{name}"
    assert "raw.bin" in error.what or "part" in error.what
    assert "--allow-external" in (error.hint or "")


@pytest.mark.parametrize("name", WITH_VALUES_ELSEWHERE)
def test_other_files_are_read_where_that_is_allowed(linked_file: Path, name: str) -> None:
    np.testing.assert_array_equal(read_values(open_data(linked_file, dataset=name, allow_external=True)), VALUES)


def test_other_datasets_are_copied_without_opening_other_files(linked_file: Path) -> None:
    with untouched(linked_file.parent / "part0.h5", linked_file.parent / "raw.bin"):
        assert rewrite(linked_file, linked_file.parent / "out.h5", dataset="x") == []
    with h5py.File(linked_file.parent / "out.h5") as file:
        np.testing.assert_array_equal(file["x"][()], VALUES + 1.5)
        for name in ("soft", "root/y", "raw", "growing", "numbered", "of virtual", "of raw"):
            np.testing.assert_array_equal(file[name][()], VALUES)
    (linked_file.parent / "raw.bin").unlink()
    (linked_file.parent / "part0.h5").unlink()
    assert b"\x20\x00\x21\x00\x22\x00\x23\x00" not in (linked_file.parent / "out.h5").read_bytes()


def test_datasets_of_a_named_type_with_values_elsewhere_are_copied_as_they_are(linked_file: Path) -> None:
    with h5py.File(linked_file, "a") as file:
        file["type"] = np.dtype("<u2")
        for name in ("raw", "growing"):
            old = file[name].id
            copy = h5d.create(
                file.id, f"{name} typed".encode(), file["type"].id, old.get_space(), old.get_create_plist()
            )
            h5py.Dataset(copy).attrs["to"] = file["x"].ref
    with untouched(linked_file.parent / "part0.h5", linked_file.parent / "raw.bin"):
        rewrite(linked_file, linked_file.parent / "out.h5", dataset="x")
    with h5py.File(linked_file.parent / "out.h5") as file:
        for name in ("raw typed", "growing typed"):
            np.testing.assert_array_equal(file[name][()], VALUES)
            assert file[file[name].attrs["to"]] == file["x"]


@slow
def test_commands_open_no_other_file_and_name_the_option_for_it(linked_file: Path) -> None:
    with untouched(linked_file.parent / "part0.h5", linked_file.parent / "raw.bin"):
        ran = run_zm("inspect", linked_file, "--dataset", "x", "-q")
        assert ran.code == 0
        assert "/away to /y in part0.h5" in ran.out
        assert "/raw (8, 5) uint16 in another file" in ran.out
        for command in (["stats"], ["center", "-o", "out.h5"], ["inspect"]):
            ran = run_zm(*command, linked_file, "--dataset", "growing")
            assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
            assert "--allow-external" in ran.err
    assert run_zm("stats", linked_file, "--dataset", "growing", "--allow-external").code == 0
    assert run_zm("center", linked_file, "--dataset", "soft", "--allow-external", "-o", "out.h5").code == 0


def test_a_virtual_dataset_can_name_its_own_file_in_any_way(tmp_path: Path) -> None:
    path = tmp_path / "data.h5"
    (tmp_path / "also.h5").symlink_to("data.h5")
    (tmp_path / "sub").mkdir()
    with h5py.File(path, "w", libver="latest") as file:
        file["group/x"] = VALUES
        file["soft"] = h5py.SoftLink("group/./x")
        file["0%0"] = h5py.SoftLink("/soft")
        for name in (".", "data.h5", "also.h5", str(path), "sub/../data.h5"):
            put_virtual(file, "v" + name.replace("/", "-"), name, "soft")
        put_numbered(file, "numbered", ".", "/%b%%%b")
        names = [name for name in file if name != "group"]
    for name in names:
        np.testing.assert_array_equal(read_values(open_data(path, dataset=name)), VALUES)


def test_another_file_of_the_same_name_is_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
        with h5py.File(tmp_path / folder / "data.h5", "w", libver="latest") as file:
            file["x"] = VALUES
            put_virtual(file, "v", "data.h5", "x")
            put_virtual(file, "w", "/absent/data.h5", "x")
    path = tmp_path / "here" / "data.h5"
    for name in "vw":
        np.testing.assert_array_equal(read_values(open_data(path, dataset=name)), VALUES)
    monkeypatch.setenv("HDF5_VDS_PREFIX", str(tmp_path / "there"))
    for name in "vw":
        assert "another file" in str(error_of(path, dataset=name))


def test_an_external_link_created_after_opening_is_noticed(linked_file: Path) -> None:
    source = open_data(linked_file, dataset="x")
    spans = list(source.spans())
    with h5py.File(linked_file, "a") as file:
        del file["x"]
        file["x"] = h5py.ExternalLink("part0.h5", "/y")
    with untouched(linked_file.parent / "part0.h5"), pytest.raises(UsageError, match="leads to /y in another file"):
        source.read(spans[0])


def test_the_only_suitable_dataset_is_not_read_from_another_file(tmp_path: Path) -> None:
    (tmp_path / "part0.h5").touch()
    with h5py.File(tmp_path / "data.h5", "w", libver="latest") as file:
        put_growing(file, "v", "part0.h5", "y")
    with untouched(tmp_path / "part0.h5"):
        assert "/v: is virtual, with values from another file, part0.h5" in str(error_of(tmp_path / "data.h5"))


@pytest.mark.parametrize("circle", ["a", "ab", "abc"])
def test_virtual_datasets_made_of_themselves_are_refused(tmp_path: Path, circle: str) -> None:
    with h5py.File(tmp_path / "data.h5", "w", libver="latest") as file:
        for index, name in enumerate(circle):
            put_virtual(file, name, ".", circle[(index + 1) % len(circle)])
    assert "made of themselves" in str(error_of(tmp_path / "data.h5", dataset="a"))


def test_a_dataset_of_another_file_replaces_the_link_to_it(linked_file: Path) -> None:
    with h5py.File(linked_file.parent / "part0.h5", "a") as file:
        file["type"] = np.dtype("i4")
        file["y"].attrs["text"] = "some"
        file["y"].attrs["to"] = file["y"].ref
        file["y"].attrs.create("typed", 3, dtype=file["type"])
    for name in ("away", "softer"):
        (note,) = rewrite(linked_file, linked_file.parent / "out.h5", dataset=name, allow_external=True)
        assert "/away is written without its attribute to" in note
        with h5py.File(linked_file.parent / "out.h5") as file:
            assert file.get("away", getclass=True, getlink=True) is h5py.HardLink
            np.testing.assert_array_equal(file[name][()], VALUES + 0.5)
            assert (file["away"].attrs["text"], file["away"].attrs["typed"]) == ("some", 3)
            assert file.get("link0", getclass=True, getlink=True) is h5py.ExternalLink
            assert file.get("soft", getclass=True, getlink=True) is h5py.SoftLink


def test_a_dataset_in_a_group_of_another_file_cannot_be_written(linked_file: Path) -> None:
    for name in ("root/y", "linked y"):
        with pytest.raises(UsageError, match="lies in another file"):
            rewrite(linked_file, linked_file.parent / "out.h5", dataset=name, allow_external=True)
    assert not (linked_file.parent / "out.h5").exists()


def test_an_external_link_to_a_missing_file_is_reported(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x"] = VALUES
        file["away"] = h5py.ExternalLink("absent.h5", "/y")
    error = error_of(tmp_path / "data.h5", dataset="away", allow_external=True)
    assert isinstance(error, DataError)
    assert "leads to /y in another file, absent.h5, which cannot be followed" in str(error)
