"""The images format: what is found, in which mode it is read, what is refused, and what is written."""

from __future__ import annotations

import io
import json
import os
import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import tifffile
from PIL import Image

from tests.made import png
from zm_cli.data.block import BLOCK_BYTES, Block
from zm_cli.data.options import ReadOptions
from zm_cli.data.sink import WriteOptions
from zm_cli.errors import DataError, UsageError
from zm_cli.formats import create_sink, open_source
from zm_cli.formats.images import recognises
from zm_cli.formats.images.source import ImageSource
from zm_cli.formats.images.tree_sink import digest_names, sum_sizes

RECEIPT = {"format": "zm-receipt", "version": 1, "operation": "center"}
SEED = 7


def numbers(shape: tuple[int, ...], dtype: str = "uint8", seed: int = SEED) -> np.ndarray:
    top = 256 if dtype == "uint8" else 60000
    return np.random.default_rng(seed).integers(0, top, shape).astype(dtype)


def save(folder: Path, name: str, values: np.ndarray, mode: str | None = None, **how: Any) -> Path:
    place = folder / name
    place.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(values)
    (picture.convert(mode) if mode else picture).save(place, **how)
    return place


def look(path: Path, **options: Any) -> ImageSource:
    source = open_source(str(path), ReadOptions(**options), "images")
    assert isinstance(source, ImageSource)
    return source


def blocks(source: Any) -> list[Block]:
    return [source.read(span) for span in source.spans()]


def pixels(source: Any) -> np.ndarray:
    return np.concatenate([block.values for block in blocks(source)])


def write(source: Any, output: str, dtype: str = "float32", form: str | None = None) -> None:
    sink = create_sink(source, output, WriteOptions(np.dtype(dtype), RECEIPT, form))
    try:
        for span in source.spans():
            sink.write(sink.encode(source.read(span)))
        sink.commit()
    except BaseException:
        sink.discard()
        raise


# What is found


def test_files_are_read_in_the_order_of_their_path_parts(tmp_path: Path) -> None:
    for name in ("b/1.png", "a/2.png", "a.png", "a-z/3.png", "a/10.png"):
        save(tmp_path, name, numbers((2, 2)))
    source = look(tmp_path)
    expected = sorted(["b/1.png", "a/2.png", "a.png", "a-z/3.png", "a/10.png"], key=lambda name: name.split("/"))
    assert source.files == expected
    assert [name for block in blocks(source) for name in block.carried] == expected
    assert source.classes == ("a", "a-z", "b")
    assert source.facts().others["classes"] == "a 2, a-z 1, b 1"


def test_hidden_and_other_files_are_left_out_and_counted(tmp_path: Path) -> None:
    save(tmp_path, "a.png", numbers((2, 2)))
    save(tmp_path, ".cache/b.png", numbers((2, 2)))
    save(tmp_path, ".c.png", numbers((2, 2)))
    for name in ("notes.txt", "README", "data.h5", "page.pdf", "drawing.eps", "sky.fits"):
        (tmp_path / name).write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n")
    source = look(tmp_path)
    assert source.files == ["a.png"]
    assert source.facts().left_out == 8


def test_a_picture_without_a_suffix_is_found(tmp_path: Path) -> None:
    values = numbers((3, 4, 3))
    save(tmp_path, "picture", values, format="PNG")
    np.testing.assert_array_equal(pixels(look(tmp_path)), values[None])


def test_a_folder_without_images_says_what_was_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("no image")
    (tmp_path / ".hidden").write_text("no image")
    with pytest.raises(DataError, match=r"holds no image \(left out: 1 \.txt, 1 hidden\)"):
        look(tmp_path)


def test_linked_files_and_folders_are_followed_and_a_loop_is_noticed(tmp_path: Path) -> None:
    save(tmp_path, "else/1.png", numbers((2, 2)))
    data = tmp_path / "data"
    save(data, "a/0.png", numbers((2, 2)))
    (data / "b").symlink_to(tmp_path / "else", target_is_directory=True)
    (data / "a" / "loop").symlink_to(data, target_is_directory=True)
    (data / "a" / "self").symlink_to(data / "a" / "self")
    (data / "c.png").symlink_to(tmp_path / "else" / "1.png")
    source = look(data)
    assert source.files == ["a/0.png", "b/1.png", "c.png"]
    assert any("back to where it began" in note for note in source.facts().notes)


def test_one_file_is_a_source_of_one_sample(tmp_path: Path) -> None:
    values = numbers((5, 4, 3))
    source = look(save(tmp_path, "a.bmp", values))
    assert source.spec.sample_shape == (5, 4, 3)
    assert (source.spec.samples, source.nbytes) == (1, (tmp_path / "a.bmp").stat().st_size)
    np.testing.assert_array_equal(pixels(source), values[None])


def test_folders_and_image_suffixes_are_recognised(tmp_path: Path) -> None:
    assert recognises(tmp_path)
    assert recognises(Path("a.JPG"))
    assert recognises(Path("a.npy"))
    assert not recognises(Path("a.csv"))
    assert not recognises(Path("a.h5"))


# Modes


def test_gray_stays_gray_whatever_its_storage(tmp_path: Path) -> None:
    gray = numbers((4, 6))
    bits = gray > 127
    save(tmp_path, "a.png", gray)
    save(tmp_path, "b.png", bits)
    save(tmp_path, "c.png", np.dstack([gray, 255 - gray]))
    source = look(tmp_path)
    assert (source.spec.decoding["mode"], source.spec.dtype.name, source.spec.names) == ("L", "uint8", ("L",))
    np.testing.assert_array_equal(pixels(source)[..., 0], np.stack([gray, bits * np.uint8(255), gray]))
    notes = source.facts().notes
    assert "1 of 3 images was converted to L: 1 1-bit" in notes
    assert "the alpha of 1 image was dropped: 1 LA" in notes
    assert source.facts().types == {"L": 1, "1": 1, "LA": 1}


@pytest.mark.parametrize(("suffix", "order"), [("png", "="), ("tif", "<"), ("tif", ">")])
def test_16_bit_gray_keeps_every_bit(tmp_path: Path, suffix: str, order: Any) -> None:
    deep = numbers((4, 6), "uint16")
    if order == "=":
        save(tmp_path, "a.png", deep)
    else:
        tifffile.imwrite(tmp_path / "a.tif", deep, byteorder=order)
    source = look(tmp_path)
    assert (source.spec.dtype.name, source.spec.decoding["mode"]) == ("uint16", "I;16")
    np.testing.assert_array_equal(pixels(source)[0, ..., 0], deep)
    for mode, dtype in (("I", np.int32), ("F", np.float32)):
        wide = look(tmp_path, mode=mode)
        assert wide.spec.dtype == dtype
        assert pixels(look(tmp_path, mode=mode, resize=(6, 4))).dtype == dtype
        np.testing.assert_array_equal(pixels(wide)[0, ..., 0], deep.astype(dtype))


def test_a_16_bit_pgm_is_read_as_16_bit(tmp_path: Path) -> None:
    deep = numbers((3, 5), "uint16")
    (tmp_path / "a.pgm").write_bytes(b"P5 5 3 65535\n" + deep.astype(">u2").tobytes())
    save(tmp_path, "b.png", deep)
    source = look(tmp_path)
    assert source.spec.dtype == np.uint16
    np.testing.assert_array_equal(pixels(source)[..., 0], np.stack([deep, deep]))


def test_a_pgm_of_another_range_is_told_to_be_stretched(tmp_path: Path) -> None:
    (tmp_path / "a.pgm").write_bytes(b"P5 2 1 1023\n" + np.array([0, 1023], ">u2").tobytes())
    source = look(tmp_path)
    assert any("stretches" in note for note in source.facts().notes)
    assert pixels(source).ravel().tolist() == [0, 65535]


def test_signed_and_16_bit_gray_together_are_int32(tmp_path: Path) -> None:
    signed, deep = np.array([[-5, 7]], np.int32), np.array([[9, 65535]], np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", signed)
    save(tmp_path, "b.png", deep)
    source = look(tmp_path)
    assert source.spec.dtype == np.int32
    np.testing.assert_array_equal(pixels(source)[..., 0], np.stack([signed, deep.astype(np.int32)]))


def test_float_gray_is_float32(tmp_path: Path) -> None:
    values = np.array([[0.1, -3e20], [np.nan, 5]], np.float32)
    tifffile.imwrite(tmp_path / "a.tif", values)
    source = look(tmp_path)
    assert (source.spec.dtype.name, source.spec.decoding["mode"]) == ("float32", "F")
    np.testing.assert_array_equal(pixels(source)[0, ..., 0], values)


def test_any_colour_makes_all_rgb(tmp_path: Path) -> None:
    rgb, gray = numbers((4, 5, 3)), numbers((4, 5))
    palette = numbers((256, 3), seed=3)
    save(tmp_path, "a.png", rgb)
    save(tmp_path, "b.png", gray)
    indexed = Image.fromarray(gray)
    indexed.putpalette(palette.tobytes())
    indexed.save(tmp_path / "c.png")
    save(tmp_path, "d.png", np.dstack([rgb, gray]))
    Image.fromarray(np.dstack([255 - rgb, np.zeros((4, 5), np.uint8)]), "CMYK").save(tmp_path / "e.tif")
    source = look(tmp_path)
    assert (source.spec.names, source.spec.sample_shape) == (("R", "G", "B"), (4, 5, 3))
    expected = [rgb, np.dstack([gray] * 3), palette[gray], rgb, rgb]
    np.testing.assert_array_equal(pixels(source), np.stack(expected))
    assert "3 of 5 images were converted to RGB: 1 L, 1 P, 1 CMYK" in source.facts().notes
    assert "the alpha of 1 image was dropped: 1 RGBA" in source.facts().notes


def test_depths_are_not_mixed_by_themselves(tmp_path: Path) -> None:
    save(tmp_path, "a.png", numbers((2, 2)))
    save(tmp_path, "b.png", numbers((2, 2), "uint16"))
    with pytest.raises(DataError, match=r"1 L \(a\.png\), 1 I;16 \(b\.png\).*--mode I"):
        look(tmp_path)
    mixed = look(tmp_path, mode="i")
    np.testing.assert_array_equal(pixels(mixed)[1, ..., 0], numbers((2, 2), "uint16").astype(np.int32))
    np.testing.assert_array_equal(pixels(mixed)[0, ..., 0], numbers((2, 2)))
    save(tmp_path, "c.png", numbers((2, 2, 3)))
    with pytest.raises(DataError, match="different depth"):
        look(tmp_path)


@pytest.mark.parametrize("mode", ["L", "RGB", "I;16"])
def test_a_mode_that_would_clip_deep_gray_is_refused(tmp_path: Path, mode: str) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.ones((2, 2), np.float32))
    with pytest.raises(DataError, match=r"a\.tif: is F, which .* would clip or round"):
        look(tmp_path, mode=mode)


@pytest.mark.parametrize(
    ("mode", "names", "dtype"),
    [
        ("l", ("L",), "uint8"),
        ("la", ("L", "A"), "uint8"),
        ("rgb", ("R", "G", "B"), "uint8"),
        ("RGBA", ("R", "G", "B", "A"), "uint8"),
        ("cmyk", ("C", "M", "Y", "K"), "uint8"),
        ("YCBCR", ("Y", "Cb", "Cr"), "uint8"),
        ("lab", ("L", "A", "B"), "uint8"),
        ("hsv", ("H", "S", "V"), "uint8"),
        ("i;16", ("I",), "uint16"),
        ("I", ("I",), "int32"),
        ("f", ("F",), "float32"),
    ],
)
def test_every_mode_can_be_asked_for(tmp_path: Path, mode: str, names: tuple[str, ...], dtype: str) -> None:
    gray = numbers((4, 5))
    save(tmp_path, "gray.png", gray)
    save(tmp_path, "p.png", np.dstack([gray] * 3), "P")
    save(tmp_path, "rgb.png", np.dstack([gray] * 3))
    source = look(tmp_path, mode=mode)
    assert (source.spec.names, source.spec.dtype.name) == (names, dtype)
    read = pixels(source)
    assert read.shape == (3, 4, 5, len(names))
    if len(names) == 1:
        np.testing.assert_array_equal(read[0, ..., 0], gray)
    again = look(tmp_path, mode=source.spec.decoding["mode"])
    assert again.spec == source.spec
    np.testing.assert_array_equal(pixels(again), read)


def test_an_unknown_mode_names_the_choices(tmp_path: Path) -> None:
    save(tmp_path, "a.png", numbers((2, 2)))
    with pytest.raises(UsageError, match="auto, L, LA, RGB"):
        look(tmp_path, mode="BGR")


# Precision


def test_16_bit_colour_is_refused_unless_8_bits_are_asked_for(tmp_path: Path) -> None:
    values = np.array([0, 256, 512, 65535, 300, 0x1234], ">u2")
    (tmp_path / "deep.png").write_bytes(png(2, 1, 16, 2, b"\0" + values.tobytes()))
    with pytest.raises(
        DataError, match=r"deep\.png: holds 16 bits a channel, of which the decoder keeps 8; --mode RGB"
    ):
        look(tmp_path)
    source = look(tmp_path, mode="RGB")
    assert pixels(source).ravel().tolist() == [0, 1, 2, 255, 1, 0x12]
    assert "1 file holds 16 bits a channel, of which the decoder keeps 8" in source.facts().notes
    save(tmp_path, "flat.png", numbers((1, 2, 3)))
    kept = look(tmp_path, on_error="skip")
    assert kept.files == ["flat.png"]
    assert [skip.name for skip in kept.facts().skipped] == ["deep.png"]


@pytest.mark.parametrize("colour", [4, 6])
def test_16_bit_alpha_pngs_are_refused(tmp_path: Path, colour: int) -> None:
    rows = b"\0" + bytes(2 * {4: 2, 6: 4}[colour])
    (tmp_path / "deep.png").write_bytes(png(1, 1, 16, colour, rows))
    with pytest.raises(DataError, match="16 bits a channel"):
        look(tmp_path)


def test_other_deep_colour_is_refused(tmp_path: Path) -> None:
    plain = b"P3 1 1 65535\n1 2 3\n"
    packed = b"P6 1 1 1023\n" + bytes(6)
    stream = io.BytesIO()
    Image.fromarray(numbers((8, 8, 3))).save(stream, "JPEG2000", no_jp2=True)
    deep_j2k = bytearray(stream.getvalue())
    deep_j2k[42] = 11
    for name, data in (("a.ppm", plain), ("b.ppm", packed), ("c.j2k", bytes(deep_j2k))):
        folder = tmp_path / name[0]
        folder.mkdir()
        (folder / name).write_bytes(data)
        with pytest.raises(DataError, match=r"bits a channel, of which the decoder keeps 8"):
            look(folder)


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_16_bit_colour_tiffs_alone_are_read_whole(tmp_path: Path, planar: Any) -> None:
    values = numbers((4, 5, 3), "uint16")
    stored = values if planar == "contig" else np.moveaxis(values, -1, 0)
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="rgb", planarconfig=planar)
    source = look(tmp_path)
    assert (source.spec.dtype.name, source.spec.decoding["mode"], source.spec.names) == ("uint16", "array", None)
    np.testing.assert_array_equal(pixels(source), values[None])
    np.testing.assert_array_equal(pixels(look(tmp_path, mode="array")), values[None])
    save(tmp_path, "b.png", numbers((4, 5, 3)))
    with pytest.raises(DataError, match=r"a\.tif: holds 16 bits a channel"):
        look(tmp_path)
    assert look(tmp_path, mode="RGB").spec.samples == 2


def test_bands_and_signs_that_pillow_would_lose_are_kept(tmp_path: Path) -> None:
    kinds = {
        "bands": numbers((4, 5, 6)),
        "signed": np.array([[-3, 100]], np.int8)[..., None],
        "unsigned": np.array([[2**32 - 1, 1]], np.uint32)[..., None],
        "double": np.array([[0.1, 1e300]])[..., None],
        "half": np.array([[0.5, 2]], np.float16)[..., None],
    }
    for name, values in kinds.items():
        (tmp_path / name).mkdir()
        flat = values[..., 0] if values.shape[-1] == 1 else values
        photometric = "rgb" if name == "bands" else "minisblack"
        planar = "contig" if name == "bands" else None
        tifffile.imwrite(tmp_path / name / "a.tif", flat, photometric=photometric, planarconfig=planar)
        source = look(tmp_path / name)
        assert source.spec.dtype == values.dtype
        np.testing.assert_array_equal(pixels(source), values[None])


# Sizes, rotation, resize, frames


def test_ragged_sizes_are_cut_into_spans_of_one_shape(tmp_path: Path) -> None:
    for index, shape in enumerate([(2, 3), (2, 3), (4, 3), (2, 3)]):
        save(tmp_path, f"{index}.png", numbers((*shape, 3), seed=index))
    source = look(tmp_path)
    assert source.spec.sample_shape == (None, None, 3)
    assert [block.values.shape for block in blocks(source)] == [(2, 2, 3, 3), (1, 4, 3, 3), (1, 2, 3, 3)]
    assert source.facts().shapes == {"3x2": 3, "3x4": 1}
    assert sum(span.nbytes for span in source.spans()) == source.nbytes == source.facts().nbytes
    assert [span.index for span in source.spans()] == [0, 1, 2]
    assert all(block.values.flags.c_contiguous for block in blocks(source))


def test_a_span_holds_as_many_files_as_a_block_may_weigh(tmp_path: Path) -> None:
    side = 1024
    for index in range(9):
        Image.new("L", (side, side), index).save(tmp_path / f"{index}.png")
    lengths = [len(span.address[0]) for span in look(tmp_path).spans()]
    assert lengths == [BLOCK_BYTES // side**2, 1]


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
@pytest.mark.parametrize("turn", range(2, 9))
def test_exif_rotation_is_applied_only_when_asked_for(tmp_path: Path, suffix: str, turn: int) -> None:
    exif = Image.Exif()
    exif[274] = turn
    how: dict[str, Any] = {"lossless": True} if suffix == "webp" else {}
    place = save(tmp_path, f"a.{suffix}", numbers((8, 16, 3)), exif=exif, **how)
    stored = np.asarray(Image.open(place).convert("RGB"))
    # The definition of the tag: where the stored first row and first column belong.
    upright = {
        2: stored[:, ::-1],
        3: stored[::-1, ::-1],
        4: stored[::-1],
        5: stored.transpose(1, 0, 2),
        6: stored[::-1].transpose(1, 0, 2),
        7: stored[::-1, ::-1].transpose(1, 0, 2),
        8: stored[:, ::-1].transpose(1, 0, 2),
    }[turn]
    plain, turned = look(tmp_path), look(tmp_path, exif=True)
    assert any("--exif applies it" in note for note in plain.facts().notes)
    assert not turned.facts().notes
    np.testing.assert_array_equal(pixels(plain)[0], stored)
    assert turned.spec.sample_shape == upright.shape
    np.testing.assert_array_equal(pixels(turned)[0], upright)


def test_resize_gives_one_size_and_is_recorded(tmp_path: Path) -> None:
    for index, shape in enumerate([(4, 6, 3), (8, 2, 3)]):
        save(tmp_path, f"{index}.png", np.full(shape, 50 * (index + 1), np.uint8))
    source = look(tmp_path, resize=(3, 5))
    assert source.spec.sample_shape == (5, 3, 3)
    assert source.spec.decoding == {"mode": "RGB", "lossy": False, "resize": [3, 5], "exif": False}
    assert source.facts().shapes == {"3x5": 2}
    expected = np.stack([np.full((5, 3, 3), 50 * (index + 1)) for index in range(2)])
    np.testing.assert_array_equal(pixels(source), expected)


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_resize_keeps_the_precision_of_deep_gray(tmp_path: Path, dtype: str) -> None:
    values = np.array([[1000, 3001], [1000, 3001]], dtype)
    tifffile.imwrite(tmp_path / "a.tif", values)
    read = pixels(look(tmp_path, resize=(1, 1)))
    assert read.dtype == dtype
    # The mean, half a step of the integer type allowed for its rounding.
    assert abs(float(read.item()) - 2000.5) <= 0.5


def test_several_frames_are_told_and_the_first_is_read(tmp_path: Path) -> None:
    first, second = Image.new("L", (4, 4), 10), Image.new("L", (4, 4), 200)
    first.save(tmp_path / "a.gif", save_all=True, append_images=[second])
    first.save(tmp_path / "b.tif", save_all=True, append_images=[second])
    first.save(tmp_path / "c.png", save_all=True, append_images=[second])
    first.save(tmp_path / "d.png")
    source = look(tmp_path)
    assert "3 files hold several frames; the first is read" in source.facts().notes
    assert (pixels(source) == 10).all()


# Faults


def damaged(kind: str) -> tuple[str, bytes]:
    stream = io.BytesIO()
    Image.fromarray(numbers((40, 40, 3))).save(stream, "JPEG" if kind == "truncated" else "PNG")
    whole = stream.getvalue()
    lzw = io.BytesIO()
    Image.fromarray(numbers((40, 40, 3))).save(lzw, "TIFF", compression="tiff_lzw")
    return {
        "empty": ("x.png", b""),
        "no image": ("x.png", b"this is a text, not a picture, whatever its name says"),
        "cut header": ("x.png", whole[:20]),
        "truncated": ("x.jpg", whole[: len(whole) // 2]),
        "corrupt": ("x.png", whole[:60] + bytes(len(whole) - 60)),
        "no tiff": ("x.tif", b"no tiff at all"),
        "cut tiff": ("x.tif", b"II*\0\x08\0\0\0"),
        "bad npy": ("x.npy", b"\x93NUMPY\x01\0\x10\0{'descr': '<f4', ("),
        "cut lzw": ("x.tif", lzw.getvalue()[:60] + bytes([255, 77]) * 300 + lzw.getvalue()[660:]),
        "cut npy": ("x.npy", b"\x93NUMPY\x01\0\x10\0"),
    }[kind]


@pytest.mark.parametrize(
    "kind",
    ["empty", "no image", "cut header", "truncated", "corrupt", "no tiff", "cut tiff", "cut npy", "bad npy", "cut lzw"],
)
def test_a_damaged_file_stops_by_name_or_is_skipped(
    tmp_path: Path, kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    name, data = damaged(kind)
    values = numbers((40, 40, 3), seed=9)
    save(tmp_path, "a.png", values)
    save(tmp_path, "z.png", values)
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError, match=rf"{name}: .*--on-error skip") as caught:
        blocks(look(tmp_path))
    assert " at 0x" not in str(caught.value)
    source = look(tmp_path, on_error="skip")
    read = blocks(source)
    np.testing.assert_array_equal(np.concatenate([block.values for block in read]), np.stack([values, values]))
    assert [name for block in read for name in block.carried] == ["a.png", "z.png"]
    skipped = [skip.name for block in read for skip in block.skipped] + [skip.name for skip in source.facts().skipped]
    assert skipped == [name]
    assert capfd.readouterr() == ("", "")


def test_a_link_that_leads_nowhere_is_an_unreadable_file(tmp_path: Path) -> None:
    save(tmp_path, "a.png", numbers((2, 2)))
    (tmp_path / "b.png").symlink_to(tmp_path / "gone.png")
    with pytest.raises(DataError, match=r"b\.png: cannot be read: No such file"):
        look(tmp_path)
    assert [skip.name for skip in look(tmp_path, on_error="skip").facts().skipped] == ["b.png"]


def test_an_image_beyond_the_size_that_pillow_trusts_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bomb.png").write_bytes(png(60000, 60000, 8, 2, b""))
    with pytest.raises(DataError, match=r"bomb\.png: cannot be decoded: Image size"):
        look(tmp_path)


def test_a_file_that_changes_after_the_scan_is_noticed(tmp_path: Path) -> None:
    save(tmp_path, "a.png", numbers((2, 2)))
    source = look(tmp_path)
    save(tmp_path, "a.png", numbers((3, 3)))
    with pytest.raises(DataError, match="as its header said"):
        blocks(source)


# Arrays


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "uint8", "int16", ">f4"])
def test_arrays_are_read_as_they_are(tmp_path: Path, dtype: str) -> None:
    values = numbers((2, 4, 5, 2), seed=2).astype(dtype)
    for index in range(2):
        np.save(tmp_path / f"{index}.npy", np.asfortranarray(values[index]))
    source = look(tmp_path)
    assert (source.spec.dtype, source.spec.names) == (values.dtype.newbyteorder("="), None)
    assert source.spec.decoding["mode"] == "array"
    np.testing.assert_array_equal(pixels(source), values)


def test_a_flat_array_has_one_channel(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.ones((4, 5)))
    assert look(tmp_path).spec.sample_shape == (4, 5, 1)


def test_arrays_that_disagree_or_meet_pictures_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.ones((4, 5)))
    np.save(tmp_path / "b.npy", np.ones((4, 5), np.float32))
    with pytest.raises(DataError, match=r"float64 with 1 channel \(a\.npy\); float32 with 1 channel \(b\.npy\)"):
        look(tmp_path)
    (tmp_path / "b.npy").unlink()
    save(tmp_path, "c.png", numbers((4, 5)))
    with pytest.raises(DataError, match="mixes arrays and pictures"):
        look(tmp_path)
    with pytest.raises(DataError, match="not converted to RGB"):
        look(tmp_path, mode="RGB")
    with pytest.raises(DataError, match=r"c\.png: is a picture"):
        look(tmp_path, mode="array")


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([[{}]], object), allow_pickle=True)
    with pytest.raises(DataError, match=r"a\.npy: cannot be decoded: values of dtype object"):
        look(tmp_path)


# Workers


def read_span(source: Any, span: Any) -> Block:
    block: Block = source.read(span)
    return block


def test_a_pickled_source_reads_the_same_blocks_in_other_processes(tmp_path: Path) -> None:
    for index in range(6):
        save(tmp_path, f"{index % 2}/{index}.png", numbers((3 + index // 3, 5, 3), seed=index))
    source = look(tmp_path)
    assert source.small_samples
    assert b"/5.png" not in pickle.dumps(source)
    spans = list(source.spans())
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        remote = list(pool.map(read_span, [source] * len(spans), spans))
    for here, there in zip(blocks(source), remote, strict=True):
        np.testing.assert_array_equal(here.values, there.values)
        assert (here.digest, here.carried) == (there.digest, there.carried)
    assert pickle.loads(pickle.dumps(source)).facts() == source.facts()


def test_the_digest_sees_names_and_bytes(tmp_path: Path) -> None:
    for folder, name in (("a", "1.png"), ("b", "1.png"), ("c", "2.png")):
        save(tmp_path / folder, name, numbers((2, 2)))
    first, same, other = (blocks(look(tmp_path / folder))[0].digest for folder in "abc")
    assert first == same != other


def test_large_images_are_not_small_samples(tmp_path: Path) -> None:
    Image.new("RGB", (300, 300)).save(tmp_path / "a.png")
    assert not look(tmp_path).small_samples


# Sinks


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    for index, name in enumerate(["cat/1.png", "cat/2.png", "dog/1.png", "top.png"]):
        save(folder, name, numbers((4, 5, 3), seed=index))
    return folder


def test_h5_holds_images_labels_files_and_classes(photos: Path, tmp_path: Path) -> None:
    source = look(photos)
    write(source, str(tmp_path / "out.h5"))
    with h5py.File(tmp_path / "out.h5") as file:
        images = file["images"]
        assert images.dtype == np.float32
        np.testing.assert_array_equal(images[:], pixels(source).astype(np.float32))
        assert [images.dims[axis].label for axis in range(4)] == list("NHWC")
        assert json.loads(images.attrs["zm"]) == RECEIPT
        assert file["labels"][:].tolist() == [0, 0, 1, -1]
        assert file["labels"].dtype == np.int64
        assert list(file["files"].asstr()) == ["cat/1.png", "cat/2.png", "dog/1.png", "top.png"]
        assert list(file.attrs["classes"]) == ["cat", "dog"]


def test_h5_without_class_folders_has_no_labels(tmp_path: Path) -> None:
    save(tmp_path / "in", "a.png", numbers((2, 2)))
    write(look(tmp_path / "in"), str(tmp_path / "out.hdf5"), "float16")
    with h5py.File(tmp_path / "out.hdf5") as file:
        assert sorted(file) == ["files", "images"]
        assert file["images"].shape == (1, 2, 2, 1)
        assert file["images"].dtype == np.float16


def test_h5_takes_thousands_of_classes(tmp_path: Path) -> None:
    for index in range(4500):
        place = tmp_path / "in" / f"{index:05}"
        place.mkdir(parents=True)
        np.save(place / "a.npy", np.full((1, 1), index, np.float32))
    write(look(tmp_path / "in"), str(tmp_path / "out.h5"))
    with h5py.File(tmp_path / "out.h5") as file:
        assert len(file.attrs["classes"]) == 4500
        np.testing.assert_array_equal(file["labels"][:], np.arange(4500))


@pytest.mark.parametrize("form", ["h5", "npy", "tiff"])
def test_the_same_data_give_the_same_bytes(photos: Path, tmp_path: Path, form: str) -> None:
    found = []
    for name in ("one", "two"):
        output = tmp_path / name
        write(look(photos), str(output), form=form)
        files = sorted(path for path in output.rglob("*") if path.is_file()) if output.is_dir() else [output]
        found.append([(path.relative_to(output).as_posix(), path.read_bytes()) for path in files])
    assert found[0] == found[1]


def test_h5_refuses_sizes_that_differ(photos: Path, tmp_path: Path) -> None:
    save(photos, "odd.png", numbers((9, 9, 3)))
    with pytest.raises(DataError, match=r"5x4 \(4\), 9x9 \(1\); --resize 5x4"):
        write(look(photos), str(tmp_path / "out.h5"))
    write(look(photos, resize=(5, 4)), str(tmp_path / "out.h5"))
    assert os.listdir(tmp_path / "photos")


def test_h5_is_as_long_as_the_images_that_could_be_read(photos: Path, tmp_path: Path) -> None:
    broken = photos / "cat" / "1.png"
    broken.write_bytes(broken.read_bytes()[:50] + bytes(100))
    source = look(photos, on_error="skip")
    assert source.spec.samples == 4
    write(source, str(tmp_path / "out.h5"))
    with h5py.File(tmp_path / "out.h5") as file:
        assert file["images"].shape[0] == len(file["files"]) == len(file["labels"]) == 3
        np.testing.assert_array_equal(file["images"][:], pixels(source))


@pytest.mark.parametrize(("form", "suffix"), [(None, "npy"), ("npy", "npy"), ("tiff", "tiff")])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_tree_mirrors_the_paths_and_reads_back(
    tmp_path: Path, form: str | None, suffix: str, dtype: str, channels: int
) -> None:
    values = numbers((2, 4, 5, channels)).astype("float64") / 3 - 20
    (tmp_path / "in" / "cat").mkdir(parents=True)
    for index in range(2):
        np.save(tmp_path / "in" / "cat" / f"{index}.npy", values[index])
    write(look(tmp_path / "in"), f"{tmp_path}/out/", dtype, form)
    out = tmp_path / "out"
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*.*")) == [
        f"cat/0.{suffix}",
        f"cat/1.{suffix}",
        "zm.json",
    ]
    load = np.load if suffix == "npy" else tifffile.imread
    first = load(out / "cat" / f"0.{suffix}")
    assert first.dtype == dtype
    np.testing.assert_array_equal(first.reshape(4, 5, channels), values[0].astype(dtype))
    back = look(out)
    assert (back.receipt, back.spec.dtype, back.facts().left_out) == (
        {**RECEIPT, "files": digest_names(out), "bytes": sum_sizes(out)},
        np.dtype(dtype),
        0,
    )
    np.testing.assert_array_equal(pixels(back), values.astype(dtype))


def test_names_that_would_meet_keep_their_suffix(tmp_path: Path) -> None:
    for index, name in enumerate(["a.bmp", "a.png", "b.png", "a.png.png", "c/a.png"]):
        save(tmp_path / "in", name, np.full((2, 2), index, np.uint8))
    write(look(tmp_path / "in"), str(tmp_path / "out"))
    written = {
        path.relative_to(tmp_path / "out").as_posix(): int(np.load(path).flat[0])
        for path in (tmp_path / "out").rglob("*.npy")
    }
    assert written == {"a.bmp.npy": 0, "a.png.npy": 1, "b.npy": 2, "a.png.png.npy": 3, "c/a.npy": 4}


@pytest.mark.parametrize("name", ["out.npy", "out.tiff", "out.tif"])
def test_one_image_may_be_written_as_one_array_file(tmp_path: Path, name: str) -> None:
    values = numbers((4, 5, 3))
    write(look(save(tmp_path, "a.png", values)), str(tmp_path / name))
    read = np.load(tmp_path / name) if name.endswith("npy") else tifffile.imread(tmp_path / name)
    np.testing.assert_array_equal(read, values.astype(np.float32))


def test_a_folder_that_zm_did_not_write_is_left_alone(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="zm did not write"):
        write(look(photos), str(out))
    (out / "zm.json").write_text('{"format": "something else"}')
    with pytest.raises(UsageError, match="zm did not write"):
        write(look(photos), str(out))
    (out / "thesis.txt").rename(tmp_path / "thesis.txt")
    (out / "zm.json").unlink()
    write(look(photos), str(out))
    write(look(photos), str(out))
    assert (out / "cat" / "1.npy").exists()
    (tmp_path / "thesis.txt").rename(out / "thesis.txt")
    with pytest.raises(UsageError, match="not as zm left it"):
        write(look(photos), str(out))
    assert (out / "thesis.txt").exists()
    assert sorted(os.listdir(tmp_path)) == ["out", "photos"]


def test_an_empty_folder_is_taken(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "out.d").mkdir()
    write(look(photos), str(tmp_path / "out.d"))
    assert (tmp_path / "out.d" / "zm.json").exists()


@pytest.mark.parametrize(
    ("output", "match"),
    [
        ("-", "standard output"),
        ("out.csv", r"'\.csv' is no output of images"),
        ("out.npy", "cannot hold a folder"),
        ("photos", "is the input itself"),
        ("photos/out", "lies inside the input"),
        ("photos/out.h5", "lies inside the input"),
        ("link/out", "lies inside the input"),
        (".", "holds the input"),
        ("no/such/out", "does not exist"),
        ("file", "is no folder"),
    ],
)
def test_outputs_that_cannot_be_are_usage_errors(photos: Path, tmp_path: Path, output: str, match: str) -> None:
    (tmp_path / "link").symlink_to(photos, target_is_directory=True)
    (tmp_path / "file").write_text("")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UsageError, match=match):
        write(look(photos), output if output == "-" else str(tmp_path / output))
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("output", ["out.h5", "out/"])
def test_a_failure_midway_leaves_nothing(photos: Path, tmp_path: Path, output: str) -> None:
    broken = photos / "dog" / "1.png"
    broken.write_bytes(broken.read_bytes()[:50] + bytes(100))
    with pytest.raises(DataError):
        write(look(photos), f"{tmp_path}/{output}")
    assert os.listdir(tmp_path) == ["photos"]


def test_tiff_without_its_extra_says_what_to_install(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tifffile.imwrite(
        tmp_path / "a.tif", np.ones((4, 5, 2), np.float32), photometric="minisblack", planarconfig="contig"
    )
    for room in ("arrays", "create", "modes"):
        monkeypatch.setattr(f"zm_cli.formats.images.{room}.has_tifffile", lambda: False)
    with pytest.raises(UsageError, match=r"pip install 'zm-cli\[tiff\]'"):
        write(look(photos), f"{tmp_path}/out/", form="tiff")
    with pytest.raises(DataError, match=r"pip install 'zm-cli\[tiff\]'"):
        look(tmp_path / "a.tif")
