"""HDF5 files that nobody means well with, or that came to harm: ways out of the file, claims, damage, odd names.

Files are written with h5py itself, by other calls than those under test; whether a file was touched, the kernel tells.
"""

from __future__ import annotations

import ctypes
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from h5py import h5d, h5g, h5o, h5p, h5s, h5t
from numpy.typing import NDArray

from fuzz.harness import run_zm as run_forked
from tests.shell import run_zm
from zm_cli.data import block
from zm_cli.data.options import ReadOptions
from zm_cli.data.sink import WriteOptions
from zm_cli.data.source import Source
from zm_cli.errors import DataError, UsageError, ZmError
from zm_cli.formats import create_sink, open_source
from zm_cli.formats.hdf5 import claims

VALUES = np.arange(40, dtype="<u2").reshape(8, 5)
HOSTILE = Path(__file__).parents[2] / "data" / "hostile" / "hdf5"
IN_ACCESS, IN_OPEN = 1, 32
"""Events of <sys/inotify.h>."""


def open_data(path: Path, **options: Any) -> Source:
    return open_source(str(path), ReadOptions(**options), "hdf5")


def read_values(source: Source) -> NDArray[Any]:
    values = np.concatenate([source.read(span).values for span in source.spans()])
    source.close()
    return values


def error_of(path: Path, **options: Any) -> ZmError:
    with pytest.raises(ZmError) as caught:
        read_values(open_data(path, **options))
    assert "\n" not in str(caught.value)
    return caught.value


def rewrite(path: Path, output: Path, **options: Any) -> list[str]:
    """Writes the file to `output` with 0.5 added to every value; returns the notes."""
    source = open_data(path, **options)
    sink = create_sink(source, str(output), WriteOptions(np.dtype("f4"), {"format": "zm-receipt"}))
    for span in source.spans():
        one = source.read(span)
        sink.write(sink.encode(replace(one, values=one.values.astype("f8") + 0.5)))
    sink.commit()
    source.close()
    return sink.notes


@contextmanager
def untouched(*paths: Path) -> Iterator[None]:
    """Fails where one of the files is opened or read meanwhile."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "inotify_init1"):
        pytest.skip("no inotify here")
    watch = libc.inotify_init1(os.O_NONBLOCK)
    for path in paths:
        assert libc.inotify_add_watch(watch, os.fsencode(path), IN_OPEN | IN_ACCESS) >= 0
    try:
        yield
        with pytest.raises(BlockingIOError):
            os.read(watch, 4096)
    finally:
        os.close(watch)


# Ways out of the file


def put_virtual(group: Any, name: str, filename: str, source: str) -> None:
    layout = h5py.VirtualLayout(VALUES.shape, "<u2")
    layout[:] = h5py.VirtualSource(filename, source, VALUES.shape)
    group.create_virtual_dataset(name, layout)


def put_growing(group: Any, name: str, filename: str, source: str) -> None:
    """A virtual dataset that has as many rows as its source, which the library must open to know."""
    layout = h5py.VirtualLayout(VALUES.shape, "<u2", maxshape=(None, 5))
    there = h5py.VirtualSource(filename, source, VALUES.shape, maxshape=(None, 5))
    layout[: h5s.UNLIMITED, :] = there[: h5s.UNLIMITED, :]
    group.create_virtual_dataset(name, layout)


def put_numbered(group: Any, name: str, filename: str, source: str) -> None:
    """A virtual dataset of as many sources as there are, of 8 rows each, numbered at `%b`."""
    plist = h5p.create(h5p.DATASET_CREATE)
    space = h5s.create_simple(VALUES.shape, (h5s.UNLIMITED, 5))
    space.select_hyperslab((0, 0), (h5s.UNLIMITED, 1), (8, 5), (8, 5))
    plist.set_virtual(space, filename.encode(), source.encode(), h5s.create_simple(VALUES.shape))
    space = h5s.create_simple(VALUES.shape, (h5s.UNLIMITED, 5))
    h5d.create(group.id, name.encode(), h5t.STD_U16LE, space, plist)


def put_raw(group: Any, name: str) -> None:
    group.create_dataset(name, VALUES.shape, "<u2", external=[("raw.bin", 0, VALUES.nbytes)])


WAYS: dict[str, Callable[[h5py.File], Any]] = {
    "away": lambda file: file.__setitem__("away", h5py.ExternalLink("part0.h5", "/y")),
    "soft": lambda file: file.__setitem__("soft", h5py.SoftLink("/away")),
    "softer": lambda file: file.__setitem__("softer", h5py.SoftLink("./soft")),
    "root/y": lambda file: file.__setitem__("root", h5py.ExternalLink("part0.h5", "/")),
    "midway": lambda file: file.__setitem__("midway", h5py.SoftLink("root/y")),
    "raw": lambda file: put_raw(file, "raw"),
    "virtual": lambda file: put_virtual(file, "virtual", "part0.h5", "y"),
    "growing": lambda file: put_growing(file, "growing", "part0.h5", "y"),
    "numbered": lambda file: put_numbered(file, "numbered", "part%b.h5", "y"),
    "of virtual": lambda file: put_virtual(file, "of virtual", ".", "virtual"),
    "of those of virtual": lambda file: put_growing(file, "of those of virtual", "data.h5", "of virtual"),
    "of raw": lambda file: put_virtual(file, "of raw", ".", "raw"),
    "of a link": lambda file: put_virtual(file, "of a link", ".", "softer"),
    "of numbered": lambda file: put_numbered(file, "of numbered", ".", "link%b"),
}
"""Each makes a dataset whose values lie in other files, by its name."""


@pytest.fixture
def open_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with a dataset x of its own and every way out of it."""
    monkeypatch.chdir(tmp_path)
    for name in ("part0.h5", "root.h5"):
        with h5py.File(tmp_path / name, "w") as file:
            file.create_dataset("y", data=VALUES, maxshape=(None, 5))
    (tmp_path / "raw.bin").write_bytes(VALUES.tobytes())
    with h5py.File(tmp_path / "data.h5", "w", libver="latest") as file:
        file["x"] = VALUES + 1
        file["link0"] = h5py.ExternalLink("part0.h5", "/y")
        for put in WAYS.values():
            put(file)
    return tmp_path / "data.h5"


@pytest.mark.parametrize("way", WAYS)
def test_no_way_out_of_the_file_is_taken_unbidden(open_file: Path, way: str) -> None:
    with untouched(open_file.parent / "part0.h5", open_file.parent / "raw.bin"):
        error = error_of(open_file, dataset=way)
    assert isinstance(error, UsageError)
    assert error.where == f"{open_file}: /{way}"
    assert "raw.bin" in error.what or "part" in error.what
    assert "--allow-external" in (error.hint or "")


@pytest.mark.parametrize("way", WAYS)
def test_every_way_is_taken_where_that_is_allowed(open_file: Path, way: str) -> None:
    np.testing.assert_array_equal(read_values(open_data(open_file, dataset=way, allow_external=True)), VALUES)


def test_what_else_is_in_a_file_is_copied_without_a_look_at_other_files(open_file: Path) -> None:
    with untouched(open_file.parent / "part0.h5", open_file.parent / "raw.bin"):
        assert rewrite(open_file, open_file.parent / "out.h5", dataset="x") == []
    with h5py.File(open_file.parent / "out.h5") as file:
        np.testing.assert_array_equal(file["x"][()], VALUES + 1.5)
        for way in ("soft", "root/y", "raw", "growing", "numbered", "of virtual", "of raw"):
            np.testing.assert_array_equal(file[way][()], VALUES)
    (open_file.parent / "raw.bin").unlink()
    (open_file.parent / "part0.h5").unlink()
    assert b"\x20\x00\x21\x00\x22\x00\x23\x00" not in (open_file.parent / "out.h5").read_bytes()


def test_datasets_of_a_named_type_with_values_elsewhere_are_copied_as_they_are(open_file: Path) -> None:
    with h5py.File(open_file, "a") as file:
        file["type"] = np.dtype("<u2")
        for name in ("raw", "growing"):
            old = file[name].id
            made = h5d.create(
                file.id, f"{name} typed".encode(), file["type"].id, old.get_space(), old.get_create_plist()
            )
            h5py.Dataset(made).attrs["to"] = file["x"].ref
    with untouched(open_file.parent / "part0.h5", open_file.parent / "raw.bin"):
        rewrite(open_file, open_file.parent / "out.h5", dataset="x")
    with h5py.File(open_file.parent / "out.h5") as file:
        for name in ("raw typed", "growing typed"):
            np.testing.assert_array_equal(file[name][()], VALUES)
            assert file[file[name].attrs["to"]] == file["x"]


def test_the_commands_take_no_way_out_and_say_how_to(open_file: Path) -> None:
    with untouched(open_file.parent / "part0.h5", open_file.parent / "raw.bin"):
        ran = run_zm("inspect", open_file, "--dataset", "x", "-q")
        assert ran.code == 0
        assert "/away to /y in part0.h5" in ran.out
        assert "/raw (8, 5) uint16 in another file" in ran.out
        for command in (["stats"], ["center", "-o", "out.h5"], ["inspect"]):
            ran = run_zm(*command, open_file, "--dataset", "growing")
            assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
            assert "--allow-external" in ran.err
    assert run_zm("stats", open_file, "--dataset", "growing", "--allow-external").code == 0
    assert run_zm("center", open_file, "--dataset", "soft", "--allow-external", "-o", "out.h5").code == 0


def test_what_is_read_may_come_from_the_file_itself_by_any_name(tmp_path: Path) -> None:
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


def test_another_file_under_the_name_of_this_one_is_another_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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


def test_a_way_out_put_in_after_the_file_was_opened_is_noticed(open_file: Path) -> None:
    source = open_data(open_file, dataset="x")
    spans = list(source.spans())
    with h5py.File(open_file, "a") as file:
        del file["x"]
        file["x"] = h5py.ExternalLink("part0.h5", "/y")
    with untouched(open_file.parent / "part0.h5"), pytest.raises(UsageError, match="leads to /y in another file"):
        source.read(spans[0])


def test_the_only_dataset_that_can_be_meant_is_not_read_from_elsewhere(tmp_path: Path) -> None:
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


def test_a_dataset_of_another_file_takes_the_place_of_its_link(open_file: Path) -> None:
    with h5py.File(open_file.parent / "part0.h5", "a") as file:
        file["type"] = np.dtype("i4")
        file["y"].attrs["text"] = "some"
        file["y"].attrs["to"] = file["y"].ref
        file["y"].attrs.create("typed", 3, dtype=file["type"])
    for way in ("away", "softer"):
        (note,) = rewrite(open_file, open_file.parent / "out.h5", dataset=way, allow_external=True)
        assert "/away is written without its attribute to" in note
        with h5py.File(open_file.parent / "out.h5") as file:
            assert file.get("away", getclass=True, getlink=True) is h5py.HardLink
            np.testing.assert_array_equal(file[way][()], VALUES + 0.5)
            assert (file["away"].attrs["text"], file["away"].attrs["typed"]) == ("some", 3)
            assert file.get("link0", getclass=True, getlink=True) is h5py.ExternalLink
            assert file.get("soft", getclass=True, getlink=True) is h5py.SoftLink


def test_a_dataset_beyond_a_link_has_no_place_in_the_output(open_file: Path) -> None:
    for way in ("root/y", "midway"):
        with pytest.raises(UsageError, match="lies in another file"):
            rewrite(open_file, open_file.parent / "out.h5", dataset=way, allow_external=True)
    assert not (open_file.parent / "out.h5").exists()


def test_a_link_that_ends_nowhere_is_told(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x"] = VALUES
        file["away"] = h5py.ExternalLink("absent.h5", "/y")
    error = error_of(tmp_path / "data.h5", dataset="away", allow_external=True)
    assert isinstance(error, DataError)
    assert "leads to /y in another file, absent.h5, which cannot be followed" in str(error)


@pytest.mark.parametrize(("asked", "says"), [("g/../x", "/g/../x"), ("..", "/.."), ("//g//.//x", None), ("./x/", None)])
def test_the_way_to_a_dataset_goes_down_only(tmp_path: Path, asked: str, says: str | None) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x"] = file["g/x"] = VALUES
    if says is None:
        np.testing.assert_array_equal(read_values(open_data(tmp_path / "data.h5", dataset=asked)), VALUES)
    else:
        assert f"has no dataset {says}" in str(error_of(tmp_path / "data.h5", dataset=asked))


@pytest.mark.parametrize("circle", ["soft", "softer", "hard"])
def test_links_in_a_circle_are_told(tmp_path: Path, circle: str) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["g/x"] = VALUES
        file["soft"] = h5py.SoftLink("soft")
        file["softer"] = h5py.SoftLink("/even/softer")
        file["even"] = h5py.SoftLink("/softer")
        file["g/hard"] = file["/"]
        file["hard"] = file["g"]
    path = tmp_path / "data.h5"
    if circle == "hard":
        np.testing.assert_array_equal(read_values(open_data(path, dataset="hard/hard/g/hard/hard/x")), VALUES)
        rewrite(path, tmp_path / "out.h5")
    else:
        assert "soft links lead in a circle" in str(error_of(path, dataset=circle))


# Claims


def test_a_dataset_that_nothing_was_written_to_is_an_error(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file.create_dataset("plain", (100, 5), "f4")
        file.create_dataset("chunked", (100, 5), "i4", chunks=(10, 5), fillvalue=-1)
    for name, fill in (("plain", "0.0"), ("chunked", "-1")):
        error = error_of(tmp_path / "data.h5", dataset=name)
        assert isinstance(error, DataError)
        assert f"/{name}: nothing was ever written to it: all its values would be the fill value {fill}" in str(error)


def test_chunks_never_written_are_told(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file.create_dataset("x", (100, 5), "i4", chunks=(10, 5), fillvalue=7)[:25] = 1
    source = open_data(tmp_path / "data.h5")
    (note,) = source.facts().notes
    assert note.endswith("/x: 7 of 10 chunks were never written and count as the fill value 7")
    assert np.unique(read_values(source)).tolist() == [1, 7]


@pytest.mark.parametrize("filename", [".", "absent.h5"])
def test_sources_of_virtual_datasets_that_are_not_there_are_told(tmp_path: Path, filename: str) -> None:
    with h5py.File(tmp_path / "data.h5", "w", libver="latest") as file:
        put_virtual(file, "x", filename, "absent")
    (note,) = open_data(tmp_path / "data.h5", allow_external=True).facts().notes
    told = "absent" if filename == "." else filename
    assert note.endswith(f"/x: its sources {told} are not there; their values count as the fill value 0")


def test_a_huge_claim_with_hardly_anything_behind_it_is_an_error(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file.create_dataset("x", (10**12, 1), "f4", chunks=(1024, 1))[:10] = 1
        file.create_dataset("y", (1, 10**12), "u1", chunks=(1, 2**20))[0, :10] = 1
    for name in "xy":
        error = error_of(tmp_path / "data.h5", dataset=name)
        assert isinstance(error, DataError)
        assert "of which 1 were ever written" in str(error)


def test_a_sample_larger_than_the_memory_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["sample"] = np.ones((3, 1000))
        file.create_dataset("chunk", data=np.ones((300, 10)), chunks=(300, 10), compression="gzip")
    monkeypatch.setattr(claims, "count_memory", lambda: 7999)
    for name, size in (("sample", "8,000"), ("chunk", "24,000")):
        assert f"one sample or chunk takes {size} bytes" in str(error_of(tmp_path / "data.h5", dataset=name))
    monkeypatch.setattr(claims, "count_memory", lambda: 24000)
    assert read_values(open_data(tmp_path / "data.h5", dataset="chunk")).sum() == 3000


def test_values_beyond_the_end_of_the_file_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "data.h5"
    with h5py.File(path, "w") as file:
        file["x"] = np.ones((1000, 50))
        at = file["x"].id.get_offset()
    # The library looks whether the file is as long as it says of itself, not what lies where.
    whole = path.read_bytes()
    length = len(whole).to_bytes(8, "little")
    path.write_bytes(whole[: at + 1000].replace(length, (at + 1000).to_bytes(8, "little")))
    error = error_of(path)
    assert isinstance(error, DataError)
    assert "likely file corruption" in str(error)


# Chunks


def put_chunk(path: Path, stored: bytes, corner: int, **how: Any) -> None:
    with h5py.File(path, "w") as file:
        dataset = file.create_dataset("x", data=np.ones((100, 5), "u1"), **how)
        dataset.id.write_direct_chunk((corner, 0), stored)


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("rows", [20, 100])
def test_a_small_chunk_that_holds_too_little_is_told(
    tmp_path: Path, rows: int, shuffle: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Blocks of ten samples cut the larger chunk: the library reads it.
    monkeypatch.setattr(block, "BLOCK_BYTES", 50)
    monkeypatch.setattr("zm_cli.formats.hdf5.source.MOST_STRETCH", 2)
    path = tmp_path / "data.h5"
    put_chunk(path, zlib.compress(bytes(49)), 0, chunks=(rows, 5), compression="gzip", shuffle=shuffle)
    assert f"a chunk has 49 bytes instead of {rows * 5}" in str(error_of(path))


@pytest.mark.parametrize("dtype", ["u1", "?"])
@pytest.mark.parametrize(("how", "length"), [({}, 100), ({"shuffle": True}, 100), ({"fletcher32": True}, 104)])
def test_a_chunk_without_gzip_that_is_too_short_is_told(
    tmp_path: Path, how: dict[str, Any], length: int, dtype: str
) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        dataset = file.create_dataset("x", data=np.ones((100, 5), dtype), chunks=(20, 5), **how)
        dataset.id.write_direct_chunk((40, 0), bytes(50))
    assert f"a chunk has 50 bytes instead of {length}" in str(error_of(tmp_path / "data.h5"))


def test_a_chunk_that_holds_too_little_is_told_beside_one_that_is_not_there(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        dataset = file.create_dataset("x", (100, 5), "u1", chunks=(20, 5), compression="gzip")
        dataset.id.write_direct_chunk((40, 0), zlib.compress(bytes(49)))
    assert "a chunk has 49 bytes instead of 100" in str(error_of(tmp_path / "data.h5"))


def test_a_chunk_that_would_unpack_without_end_is_told(tmp_path: Path) -> None:
    put_chunk(tmp_path / "data.h5", zlib.compress(bytes(10**6)), 40, chunks=(20, 5), compression="gzip")
    assert "a chunk has 991 bytes, and 100 when it is unpacked" in str(error_of(tmp_path / "data.h5"))


def test_a_chunk_that_unpacks_to_far_more_is_told(tmp_path: Path) -> None:
    put_chunk(tmp_path / "data.h5", zlib.compress(bytes(10**5)), 40, chunks=(20, 5), compression="gzip")
    assert "a chunk has more than 65736 bytes instead of 100" in str(error_of(tmp_path / "data.h5"))


def test_a_chunk_that_unpacks_to_somewhat_more_is_read_as_the_library_reads_it(tmp_path: Path) -> None:
    put_chunk(tmp_path / "data.h5", zlib.compress(bytes(range(150))), 40, chunks=(20, 5), compression="gzip")
    assert read_values(open_data(tmp_path / "data.h5"))[40:60].reshape(-1).tolist() == list(range(100))


def test_a_filter_that_nobody_has_is_named(tmp_path: Path) -> None:
    plist = h5p.create(h5p.DATASET_CREATE)
    plist.set_chunk((4, 5))
    plist.set_deflate(4)
    with h5py.File(tmp_path / "data.h5", "w") as file:
        h5d.create(file.id, b"x", h5t.STD_U8LE, h5s.create_simple((8, 5)), plist)
        file["x"][()] = 1
    path = tmp_path / "data.h5"
    # The filter's number and length of name, flags, values: a message of version 1.
    message = bytes((1, 0, 8, 0, 1, 0, 1, 0)) + b"deflate\0"
    assert path.read_bytes().count(message) == 1
    path.write_bytes(
        path.read_bytes().replace(message, bytes((0x39, 0x30, 8, 0, 1, 0, 1, 0)) + b"nobody's"[:7] + b"\0")
    )
    error = error_of(path)
    assert isinstance(error, DataError)
    assert "samples 0 to 7 cannot be read" in str(error)
    assert "filter" in str(error)


def test_chunks_that_are_larger_than_the_dataset_are_read(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        for index, how in enumerate(({}, {"compression": "gzip"}, {"compression": "lzf"})):
            file.create_dataset(f"x{index}", data=VALUES, chunks=(999, 77), maxshape=(None, None), **how)
    for index in range(3):
        np.testing.assert_array_equal(read_values(open_data(tmp_path / "data.h5", dataset=f"x{index}")), VALUES)


# What is no array of numbers


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        (h5t.UNIX_D32LE, "holds time values"),
        (h5t.STD_B8LE, "holds bit field values"),
        (h5t.STD_REF_DSETREG, "holds reference values"),
        (h5t.C_S1, "holds string values"),
        (h5t.py_create(np.dtype("c8")), "holds complex64 values"),
        (h5t.py_create(np.dtype("V3")), "holds opaque values"),
        (h5t.py_create(np.dtype(("i4", (3,)))), "values, no plain numbers"),
    ],
)
def test_types_that_are_no_numbers_are_named(tmp_path: Path, kind: Any, says: str) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        h5d.create(file.id, b"x", kind, h5s.create_simple((3, 4)))
    error = error_of(tmp_path / "data.h5", dataset="x")
    assert isinstance(error, DataError)
    assert says in str(error)


# Names, numbers and depths


@pytest.mark.parametrize("name", [b"\xff\xfe", b"\x1b[31mred", b"a\nb", "ü".encode(), b" ", b"g\xff/x"])
def test_a_dataset_of_any_name_is_read_and_written(tmp_path: Path, name: bytes) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file[name] = VALUES
        file[b"other\xff"] = np.arange(3)
        file[b"\xfdsoft"] = h5py.SoftLink(b"/" + name)
    source = open_data(tmp_path / "data.h5")
    np.testing.assert_array_equal(read_values(source), VALUES)
    assert source.spec.decoding["dataset"].encode("utf-8", "surrogateescape") == b"/" + name
    assert all(text.isprintable() for text in source.facts().others.values())
    rewrite(tmp_path / "data.h5", tmp_path / "out.h5")
    with h5py.File(tmp_path / "out.h5") as file:
        np.testing.assert_array_equal(file[name][()], VALUES + 0.5)
        assert file.id.links.exists(b"other\xff")
    again = open_data(tmp_path / "data.h5", **source.spec.decoding)
    np.testing.assert_array_equal(read_values(again), VALUES)


def test_the_commands_print_names_that_cannot_steer_the_terminal(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file[b"x\x1b[31m\xff"] = VALUES
        file[b"y\x1b[31m\xff"] = np.arange(3)
    for command in (["inspect"], ["stats"], ["center", "-o", tmp_path / "out.h5"]):
        ran = run_zm(*command, tmp_path / "data.h5")
        assert ran.code == 0, ran.err
        assert "\x1b" not in ran.out + ran.err


def test_ten_thousand_datasets_are_told_in_one_line(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w", libver="latest") as file:
        plist, space = h5p.create(h5p.DATASET_CREATE), h5s.create_simple((2, 2))
        plist.set_layout(h5d.COMPACT)
        for index in range(10_000):
            h5d.create(file.id, b"%d" % index, h5t.STD_U8LE, space, plist).close()
    for options in ({}, {"dataset": "10000"}):
        error = error_of(tmp_path / "data.h5", **options)
        assert "and 9988 more" in str(error)
        assert len(str(error)) < 1000


def test_a_dataset_a_thousand_groups_deep_is_read_and_written(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        group = file.id
        for _ in range(1000):
            group = h5g.create(group, b"g")
        h5py.Group(group)["x"] = VALUES
    rewrite(tmp_path / "data.h5", tmp_path / "out.h5")
    with h5py.File(tmp_path / "out.h5") as file:
        assert h5o.open(file.id, b"g/" * 1000 + b"x").shape == VALUES.shape


def test_a_long_list_of_attributes_is_kept(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w", libver="latest") as file:
        file["x"] = VALUES
        for index in range(3000):
            file["x"].attrs[f"a{index}"] = index
    assert rewrite(tmp_path / "data.h5", tmp_path / "out.h5") == []
    with h5py.File(tmp_path / "out.h5") as file:
        assert len(file["x"].attrs) == 3001


# Files that once did harm, or could


ENDINGS = {
    "chunk-bomb.h5": "a chunk has more than",
    "chunk-of-no-bytes.h5": "a chunk has 0 bytes instead of 108",
    "filter-lost.h5": "a chunk has 64 bytes instead of 192",
    "huge-claim.h5": "of which 1 were ever written",
    "index-contradicts-itself.h5": None,
    "level-beyond-nine.h5": "filter returned failure",
    "link-to-the-system.h5": "leads to /y in another file, /etc/passwd",
    "raw-of-the-system.h5": "has its values in another file, /etc/passwd",
    "short-chunk.h5": "a chunk has 10 bytes instead of 1000",
    "soft-circle.h5": "soft links lead in a circle",
    "virtual-of-itself.h5": "made of themselves",
    "virtual-of-the-system.h5": "with values from another file, /etc/passwd",
}
"""What is said of each, None where it is read."""


def test_every_kept_file_is_expected_to_end_somehow() -> None:
    assert {path.name for path in HOSTILE.iterdir()} == set(ENDINGS)


@pytest.mark.parametrize("name", ENDINGS)
def test_a_kept_file_ends_in_a_result_or_a_reason(name: str, tmp_path: Path) -> None:
    path, output, says = str(HOSTILE / name), tmp_path / "out.h5", ENDINGS[name]
    commands = (["stats", path, "--dataset", "x"], ["center", path, "--dataset", "x", "-o", str(output)])
    for command in commands:
        ran = run_forked([*command, "--per", "all", "-j", "1", "-q"])
        assert ran.kind == ("done" if says is None else "refused"), ran.err
        assert says is None or says in ran.err
    assert output.exists() == (says is None)
    assert run_forked(["inspect", path, "-j", "1", "-q"]).good


def test_a_link_away_is_told_where_there_is_nothing_else(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["far"] = h5py.ExternalLink("other.h5", "/data")
    ran = run_zm("stats", tmp_path / "x.h5")
    assert (ran.code, ran.err.count("\n")) == (3, 1)
    assert "/far" in ran.err
    assert "--allow-external" in ran.err
