"""Which files of a folder are read as images, in which order, and what is left out."""

from __future__ import annotations

import json
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.formats.images.opened import open_images, read_blocks, read_pixels
from tests.formats.images.samples import encode_picture, random_picture, random_values, save_picture
from tests.shell import run_zm
from tests.systems import needs_fifo, needs_users, skip_without_fifos
from zm_cli.data.format import Confidence
from zm_cli.errors import DataError
from zm_cli.formats.images import recognize


def test_files_are_read_in_the_order_of_their_path_parts(tmp_path: Path) -> None:
    for name in ("b/1.png", "a/2.png", "a.png", "a-z/3.png", "a/10.png"):
        save_picture(tmp_path, name, random_values((2, 2)))
    source = open_images(tmp_path)
    expected = sorted(["b/1.png", "a/2.png", "a.png", "a-z/3.png", "a/10.png"], key=lambda name: name.split("/"))
    assert source.files == expected
    assert [name for block in read_blocks(source) for name in block.carried] == expected
    assert source.classes == ("a", "a-z", "b")
    assert source.facts().classes == {"a": 2, "a-z": 1, "b": 1}


def test_hidden_and_other_files_are_left_out_and_counted(tmp_path: Path) -> None:
    save_picture(tmp_path, "a.png", random_values((2, 2)))
    save_picture(tmp_path, ".cache/b.png", random_values((2, 2)))
    save_picture(tmp_path, ".c.png", random_values((2, 2)))
    for name in ("notes.txt", "README", "data.h5", "page.pdf", "drawing.eps", "sky.fits"):
        (tmp_path / name).write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n")
    source = open_images(tmp_path)
    assert source.files == ["a.png"]
    assert source.facts().left_out == 8


def test_a_picture_without_a_suffix_is_found(tmp_path: Path) -> None:
    values = random_values((3, 4, 3))
    save_picture(tmp_path, "picture", values, format="PNG")
    np.testing.assert_array_equal(read_pixels(open_images(tmp_path)), values[None])


def test_the_error_for_a_folder_without_images_says_what_was_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("no image")
    (tmp_path / ".hidden").write_text("no image")
    with pytest.raises(DataError, match=r"holds no image \(left out: 1 \.txt, 1 hidden\)"):
        open_images(tmp_path)


def test_links_are_followed_and_a_loop_of_links_is_reported(tmp_path: Path) -> None:
    save_picture(tmp_path, "other/1.png", random_values((2, 2)))
    data = tmp_path / "data"
    save_picture(data, "a/0.png", random_values((2, 2)))
    (data / "b").symlink_to(tmp_path / "other", target_is_directory=True)
    (data / "a" / "loop").symlink_to(data, target_is_directory=True)
    (data / "a" / "self").symlink_to(data / "a" / "self")
    (data / "c.png").symlink_to(tmp_path / "other" / "1.png")
    source = open_images(data)
    assert source.files == ["a/0.png", "b/1.png", "c.png"]
    assert any("back to where it began" in note for note in source.facts().notes)


def test_one_file_is_a_source_of_one_sample(tmp_path: Path) -> None:
    values = random_values((5, 4, 3))
    source = open_images(save_picture(tmp_path, "a.bmp", values))
    assert source.spec.sample_shape == (5, 4, 3)
    assert (source.spec.samples, source.nbytes) == (1, (tmp_path / "a.bmp").stat().st_size)
    np.testing.assert_array_equal(read_pixels(source), values[None])


def test_folders_and_image_suffixes_are_recognized(tmp_path: Path) -> None:
    assert recognize(Path("a.JPG")) == Confidence.BY_NAME
    assert recognize(tmp_path) == recognize(Path("a.npy")) == Confidence.POSSIBLE
    assert recognize(Path("a.csv")) is recognize(Path("a.h5")) is None


def test_a_broken_link_is_an_unreadable_file(tmp_path: Path) -> None:
    save_picture(tmp_path, "a.png", random_values((2, 2)))
    (tmp_path / "b.png").symlink_to(tmp_path / "gone.png")
    with pytest.raises(DataError, match=r"b\.png: cannot be read: No such file"):
        open_images(tmp_path)
    assert [skip.name for skip in open_images(tmp_path, on_error="skip").facts().skipped] == ["b.png"]


# Files that are not regular files


@pytest.fixture
def special(tmp_path: Path) -> Iterator[Path]:
    """Yields a folder with one picture, and with everything else that may have the name of one."""
    skip_without_fifos()
    folder = tmp_path / "data"
    (folder / "folder.png").mkdir(parents=True)
    (folder / "folder.png" / "a.png").write_bytes(encode_picture("PNG"))
    os.mkfifo(folder / "pipe.png")
    os.mkfifo(folder / "pipe")
    for name, target in (("zero.png", "/dev/zero"), ("loop.png", "loop.png"), ("gone.png", "nothing")):
        (folder / name).symlink_to(target)
    (folder / "empty.png").touch()
    with socket.socket(socket.AF_UNIX) as bound:
        # A socket must be bound to a path of at most 100 bytes, and those of tests are longer.
        short = Path(tempfile.mkdtemp())
        bound.bind(str(short / "s"))
        shutil.move(short / "s", folder / "socket.png")
        short.rmdir()
        yield folder


def test_pipes_devices_and_sockets_are_left_out_without_opening_them(special: Path) -> None:
    source = open_images(special, on_error="skip")
    assert source.files == ["folder.png/a.png"]
    assert [skip.name for skip in source.facts().skipped] == ["empty.png", "gone.png", "loop.png"]
    assert source.facts().left_out == 4


@pytest.mark.parametrize("name", ["pipe.png", "zero.png", "socket.png"])
def test_a_pipe_device_or_socket_given_as_input_is_an_error_at_once(special: Path, name: str) -> None:
    done = run_zm("stats", special / name)
    assert (done.code, done.err.count("\n")) == (3, 1)
    assert name in done.err


@needs_fifo
def test_a_pipe_with_the_name_of_the_receipt_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encode_picture("PNG"))
    os.mkfifo(tmp_path / "zm.json")
    assert open_images(tmp_path).receipt is None


@needs_users
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
def test_files_and_folders_without_permission_are_unreadable() -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        folder.chmod(0o755)
        for name in ("a.png", "b.png", "closed/c.png"):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(encode_picture("PNG"))
        (folder / "b.png").chmod(0)
        (folder / "closed").chmod(0)
        os.seteuid(65534)
        source = open_images(folder, on_error="skip")
        assert source.files == ["a.png"]
        assert {skip.name: skip.reason for skip in source.facts().skipped} == dict.fromkeys(
            ("b.png", "closed/"), "cannot be read: Permission denied"
        )
        with pytest.raises(DataError, match=r"b\.png: cannot be read: Permission denied"):
            open_images(folder)
    finally:
        os.seteuid(0)
        shutil.rmtree(folder)


def test_names_of_any_bytes_are_read_and_written(tmp_path: Path) -> None:
    data = tmp_path / "data"
    names = ["new\nline/a\x1b[31m.png", os.fsdecode(b"\xff\xfe.png"), "\N{SNOWMAN} ,\"'.png"]
    for index, name in enumerate(names):
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_bytes(encode_picture("PNG", random_picture(seed=index)))
    bad = os.fsdecode(b"bad\n\xff.png")
    (data / bad).write_bytes(b"bad")
    refused = run_zm("stats", data)
    assert (refused.code, refused.err.count("\n"), "\\n" in refused.err) == (3, 1, True)
    for output in ("out.h5", "tree/"):
        done = run_zm("standardize", data, "-o", f"{tmp_path}/{output}", "--on-error", "skip", "-v", "--json")
        assert done.code == 0, done.err
        assert "\x1b" not in done.err
        assert [skip["name"] for skip in json.loads(done.out)["skipped"]] == [bad]
        stats = json.loads((tmp_path / f"{output.rstrip('/')}.stats.json").read_text())
        assert (stats["samples"], stats["sources"][0]["skipped"]) == (3, [bad])
    assert {path.name for path in (tmp_path / "tree").rglob("*.npy")} == {f"{Path(name).stem}.npy" for name in names}
