"""Files with several frames or pages: the first is read and the others are told of, or each is a sample."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import tifffile
from PIL import Image

from tests.formats.images.opened import open_images, read_blocks, read_pixels, write_images
from tests.formats.images.samples import encode_picture, random_values, save_picture
from zm_cli.errors import DataError, UsageError
from zm_cli.formats.images import animations

FRAMES = random_values((12, 6, 5, 3))


def save_frames(path: Path, frames: np.ndarray = FRAMES, **options: Any) -> Path:
    """Writes frames (N,H,W) or (N,H,W,3) as an animation, or as pages, in the format of the suffix."""
    first, *others = map(Image.fromarray, frames)
    first.save(path, save_all=True, append_images=others, **options)
    return path


def write_pages(path: Path, pages: list[tuple[np.ndarray, int]]) -> Path:
    """Writes arrays as pages of a TIFF, each with its type: 1 for a copy of lower resolution, 4 for a mask."""
    with tifffile.TiffWriter(path) as tiff:
        for values, kind in pages:
            tiff.write(values, photometric="minisblack", subfiletype=kind, metadata=None)
    return path


@pytest.mark.parametrize("values", [random_values((3, 4, 5), "uint16"), random_values((3, 4, 5, 3), "uint16")])
def test_further_pages_are_told_of_whatever_reads_them(tmp_path: Path, values: np.ndarray) -> None:
    photometric = "rgb" if values.ndim == 4 else "minisblack"
    tifffile.imwrite(tmp_path / "a.tif", values, photometric=photometric)
    first = open_images(tmp_path)
    assert [note for note in first.facts().notes if "--frames all" in note] == [
        "1 file holds several frames or pages; the first is read, --frames all makes each a sample"
    ]
    np.testing.assert_array_equal(read_pixels(first).squeeze(), values[0])
    every = open_images(tmp_path, frames="all")
    np.testing.assert_array_equal(read_pixels(every).reshape(values.shape), values)
    assert (every.files, every.spec.samples) == (["a.tif#1", "a.tif#2", "a.tif#3"], 3)
    assert every.spec.decoding["frames"] == "all"
    assert every.facts().others["frames"] == "3 in 1 file"
    assert not any("--frames all" in note for note in every.facts().notes)


@pytest.mark.parametrize(
    ("name", "options"),
    [("a.tif", {"compression": "tiff_lzw"}), ("a.webp", {"lossless": True}), ("a.png", {}), ("a.gif", {})],
)
def test_every_frame_is_a_sample_in_order(tmp_path: Path, name: str, options: dict[str, Any]) -> None:
    frames = FRAMES // 128 * 200 if name == "a.gif" else FRAMES
    path = save_frames(tmp_path / name, frames, **options)
    source = open_images(path, frames="all")
    np.testing.assert_array_equal(read_pixels(source), frames)
    assert source.files[::11] == [f"{name}#01", f"{name}#12"]
    assert source.nbytes == source.facts().nbytes == sum(span.nbytes for span in source.spans()) == path.stat().st_size
    limited = open_images(path, frames="all", limit=5)
    np.testing.assert_array_equal(read_pixels(limited), frames[:5])


def test_gray_frames_of_a_gif_stay_gray_and_colours_after_gray_are_refused(tmp_path: Path) -> None:
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    gray = [Image.fromarray(ramp), Image.fromarray(ramp.T)]
    gray[0].save(tmp_path / "a.gif", save_all=True, append_images=gray[1:])
    source = open_images(tmp_path, frames="all")
    assert source.spec.decoding["mode"] == "L"
    np.testing.assert_array_equal(read_pixels(source)[..., 0], [ramp, ramp.T])
    gray[0].save(
        tmp_path / "a.gif", save_all=True, append_images=[Image.fromarray(np.dstack([ramp, 255 - ramp, ramp]))]
    )
    with pytest.raises(DataError, match=r"a\.gif: .*first frame is gray and a later one has colours"):
        open_images(tmp_path, frames="all")


def test_copies_masks_and_still_pictures_are_not_samples(tmp_path: Path) -> None:
    big, small = random_values((2, 8, 8), "uint16"), random_values((4, 4), "uint16")
    mask = np.zeros((8, 8), bool)
    write_pages(tmp_path / "a.tif", [(big[0], 0), (small, 1), (mask, 4), (big[1], 0)])
    write_pages(tmp_path / "b.tif", [(small, 1), (big[1], 0), (mask, 4)])
    first = open_images(tmp_path)
    np.testing.assert_array_equal(read_pixels(first)[..., 0], big)
    assert "2 files hold a mask, which is not applied" in first.facts().notes
    every = open_images(tmp_path, frames="all")
    assert every.files == ["a.tif#1", "a.tif#4", "b.tif"]
    np.testing.assert_array_equal(read_pixels(every)[..., 0], big[[0, 1, 1]])
    assert "4 pages are not samples: 2 of lower resolution, 2 with a mask" in every.facts().notes
    animation = open_images(save_frames(tmp_path / "c.png", default_image=True), frames="all")
    np.testing.assert_array_equal(read_pixels(animation), FRAMES[1:])
    assert "1 page is not a sample: 1 instead of an animation" in animation.facts().notes


def test_a_file_of_nothing_but_a_copy_is_read_and_a_note_says_so(tmp_path: Path) -> None:
    write_pages(tmp_path / "a.tif", [(random_values((4, 4), "uint16"), 1)])
    for choice in ("first", "all"):
        source = open_images(tmp_path, frames=choice)
        assert (len(read_pixels(source)), source.files) == (1, ["a.tif"])
    note = "1 file holds only a copy of lower resolution, which is read"
    assert note in open_images(tmp_path).facts().notes


@pytest.mark.parametrize("options", [{"imagej": True}, {"photometric": "minisblack"}])
def test_images_of_a_stack_that_have_no_page_are_told_of(tmp_path: Path, options: dict[str, Any]) -> None:
    tifffile.imwrite(tmp_path / "a.tif", random_values((5, 4, 6), "uint16"), truncate=True, **options)
    note = "1 file says that there are 5 images, of which only the first has a page; it is read"
    assert note in open_images(tmp_path).facts().notes
    with pytest.raises(DataError, match="5 images, of which only the first has a page; save it with a page for each"):
        open_images(tmp_path, frames="all")


def test_one_bad_page_is_an_error_that_names_it_or_is_skipped(tmp_path: Path) -> None:
    path = save_frames(tmp_path / "a.tif", compression="tiff_adobe_deflate")
    with tifffile.TiffFile(path) as tiff:
        offset = tiff.pages[4].dataoffsets[0]
    data = bytearray(path.read_bytes())
    data[offset : offset + 20] = bytes(20)
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"a\.tif#05: cannot be decoded"):
        read_blocks(open_images(tmp_path, frames="all"))
    (block,) = read_blocks(open_images(tmp_path, frames="all", on_error="skip"))
    np.testing.assert_array_equal(block.values, np.delete(FRAMES, 4, axis=0))
    assert [left.name for left in block.skipped] == ["a.tif#05"]


def test_frames_after_a_damaged_one_are_skipped_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save_frames(tmp_path / "a.png")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])
    tried = []
    decode = animations.Animation.decode

    def count(self: animations.Animation, number: int) -> Any:
        tried.append(number)
        return decode(self, number)

    monkeypatch.setattr(animations.Animation, "decode", count)
    (block,) = read_blocks(open_images(path, frames="all", on_error="skip"))
    kept = len(block.values)
    assert 0 < kept < 12
    np.testing.assert_array_equal(block.values, FRAMES[:kept])
    assert len(block.skipped) == 12 - kept
    assert len(tried) == kept + 1


def test_a_damaged_list_of_pages_is_an_error_or_ends_the_file(tmp_path: Path) -> None:
    path = save_frames(tmp_path / "a.tif")
    with tifffile.TiffFile(path) as tiff:
        offsets = [page.offset for page in tiff.pages]
    data = path.read_bytes()
    path.write_bytes(data.replace(offsets[6].to_bytes(4, "little"), b"\xf0\xff\xff\x7f"))
    assert any("several frames or pages" in note for note in open_images(tmp_path).facts().notes)
    with pytest.raises(DataError, match=r"a\.tif: cannot be decoded: a page begins outside of the file"):
        open_images(tmp_path, frames="all")
    source = open_images(tmp_path, frames="all", on_error="skip")
    np.testing.assert_array_equal(read_pixels(source), FRAMES[:6])
    assert [left.name for left in source.facts().skipped] == ["a.tif"]


def test_an_animation_that_claims_more_frames_than_bytes_is_refused(tmp_path: Path) -> None:
    import zlib

    data = save_frames(tmp_path / "a.png").read_bytes()
    start = data.index(b"acTL")
    chunk = b"acTL" + (1 << 30).to_bytes(4, "big") + bytes(4)
    (tmp_path / "a.png").write_bytes(
        data[:start] + chunk + zlib.crc32(chunk).to_bytes(4, "big") + data[start + len(chunk) + 4 :]
    )
    with pytest.raises(DataError, match="claims 1073741824 frames"):
        open_images(tmp_path, frames="all")


@pytest.mark.parametrize("name", ["a.webp", "a.tif"])
def test_frames_are_decoded_once_although_spans_part_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    options: dict[str, Any] = {"lossless": True} if name == "a.webp" else {}
    path = save_frames(tmp_path / name, **options)
    monkeypatch.setattr("zm_cli.data.block.BLOCK_BYTES", FRAMES[0].nbytes * 2)
    source = open_images(path, frames="all")
    spans = list(source.spans())
    assert len(spans) == 6
    opened = []
    open_animation = animations.Animation.__init__

    def count(self: animations.Animation, path: str) -> None:
        opened.append(path)
        open_animation(self, path)

    monkeypatch.setattr(animations.Animation, "__init__", count)
    blocks = [source.read(span) for span in spans]
    assert len(opened) == (name == "a.webp")
    # In any order, in another process or a second pass, the same samples with the same digests come back.
    again = pickle.loads(pickle.dumps(source))
    others = [again.read(span) for span in reversed(spans)][::-1]
    for block, other in zip(blocks, others, strict=True):
        np.testing.assert_array_equal(block.values, other.values)
        assert (block.digest, block.carried) == (other.digest, other.carried)
    source.close()


def test_outputs_name_the_frames_and_never_write_over_one_another(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    (folder / "c").mkdir(parents=True)
    save_frames(folder / "c" / "a.tif", FRAMES[:3])
    save_frames(folder / "c" / "a.png", FRAMES[3:6])
    save_picture(folder / "c", "b_2.png", FRAMES[6])
    save_frames(folder / "c" / "b.tif", FRAMES[7:9])
    source = open_images(folder, frames="all")
    expected = dict(zip(source.files, read_pixels(source), strict=True))
    write_images(source, str(tmp_path / "out.h5"), "uint8")
    with h5py.File(tmp_path / "out.h5") as file:
        assert [name.decode() for name in file["files"]] == source.files
        np.testing.assert_array_equal(file["images"], read_pixels(source))
    write_images(source, str(tmp_path / "tree") + "/", "uint8")
    written = sorted(str(path.relative_to(tmp_path / "tree")) for path in (tmp_path / "tree").rglob("*.npy"))
    assert written == sorted(
        [f"c/a.{kind}#{number}.npy" for kind in ("png", "tif") for number in (1, 2, 3)]
        + ["c/b_1.npy", "c/b_2.png.npy", "c/b.tif#2.npy"]
    )
    for name, sample in (("c/a.tif#2", "c/a.tif#2"), ("c/b_1", "c/b.tif#1"), ("c/b_2.png", "c/b_2.png")):
        np.testing.assert_array_equal(np.load(tmp_path / "tree" / f"{name}.npy"), expected[sample])
    with pytest.raises(UsageError, match=r"one \.npy file cannot hold the 3 frames of an image"):
        write_images(open_images(folder / "c" / "a.tif", frames="all"), str(tmp_path / "one.npy"))


def test_pages_of_several_types_are_refused_by_their_numbers(tmp_path: Path) -> None:
    write_pages(tmp_path / "a.tif", [(random_values((4, 4), "uint16"), 0), (random_values((4, 4)), 0)])
    with pytest.raises(DataError, match=r"1 I;16 \(a\.tif#1\), 1 L \(a\.tif#2\)"):
        open_images(tmp_path, frames="all")


def test_pictures_of_an_mpo_have_sizes_of_their_own(tmp_path: Path) -> None:
    frames = [Image.new("RGB", size, "red") for size in ((8, 8), (4, 6))]
    (tmp_path / "a.jpg").write_bytes(encode_picture("MPO", frames[0], save_all=True, append_images=frames[1:]))
    assert open_images(tmp_path, frames="all").facts().shapes == {"8x8": 1, "4x6": 1}
