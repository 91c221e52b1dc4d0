"""Damaged pictures and arrays beside whole ones: what zm keeps of them must be what Pillow alone decodes."""

from __future__ import annotations

import io
import json
import warnings
import zlib
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fuzz.harness import Ending
from fuzz.mutations import LARGE, damage
from fuzz.target import Target

WIDTH, HEIGHT = 19, 14
HEAD = 96
"""Most of the header of most formats."""
MOST_PIXELS = "20M"
"""So that a picture which is huge by right is not taken for a leak of memory."""
WHOLE = "a-whole"
"""The stem of the sound picture that lies beside the damaged one, so that something is left to measure."""
PNG = b"\x89PNG\r\n\x1a\n"
TOKENS = (
    *LARGE, b"\xff\xd8\xff\xe1", b"\xff\xc2\0\x0b\x08", b"II*\0", b"MM\0*", b"Exif\0\0", b"RIFF", b"WEBPVP8L",
    b"GIF89a", b"\x89PNG", b"BM", b"P6 9 9 65535\n", b"\0\0\1\0", b"\x93NUMPY\1\0", b"ftypavif", b"\xff\x4f\xff\x51",
    b"8BPS",
)  # fmt: skip
CHUNKS = (b"tEXt", b"zTXt", b"iTXt", b"iCCP", b"eXIf", b"acTL", b"fcTL", b"fdAT", b"tRNS", b"gAMA", b"PLTE", b"sRGB")
SEGMENTS = (0xC0, 0xC2, 0xC4, 0xDB, 0xDD, 0xE0, 0xE1, 0xE2, 0xED, 0xEE, 0xFE)
MIXTURES = ("mixes ", "would clip or round", "holds arrays", "is a picture, not an array", "--resize is for pictures",
            "samples of one size", "one dataset needs one size")  # fmt: skip
"""Why sound files may be refused together."""
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""Where each pass of an interlaced PNG begins and how far it steps, across and down."""
_DEEP = {"I;16": np.uint16, "I": np.int32, "F": np.float32}


def make_seeds(folder: Path) -> None:
    """Writes one small picture of each format, mode and compression to `folder`, each in a folder of its own."""
    for name, data in seeds().items():
        place = folder / Path(name).stem / name
        place.parent.mkdir()
        place.write_bytes(data)


@cache
def seeds() -> dict[str, bytes]:
    """The bytes of the sound files by name."""
    from PIL import Image, features

    made = {f"png-{mode.replace(';', '')}.png": _save(mode, "PNG") for mode in ("1", "L", "LA", "P", "RGB", "RGBA")}
    made |= {"png-deep.png": _save("I;16", "PNG"), "png-interlaced.png": _interlace()}
    made["png-exif.png"] = _save("RGB", "PNG", exif=_turned())
    made["png-animated.png"] = _save("RGB", "PNG", save_all=True, append_images=[_picture("RGB", 2)])
    made |= {f"jpeg-{mode}.jpg": _save(mode, "JPEG") for mode in ("L", "RGB", "CMYK")}
    made["jpeg-progressive.jpg"] = _save("RGB", "JPEG", progressive=True, exif=_turned())
    made["mpo.jpg"] = _save("RGB", "MPO", save_all=True, append_images=[_picture("RGB", 2)])
    made["gif.gif"] = _save("P", "GIF", save_all=True, append_images=[_picture("P", 2)])
    for name, mode in (("bmp", "RGB"), ("pcx", "P"), ("tga", "RGBA"), ("ppm", "RGB"), ("pgm", "I;16"), ("ico", "RGBA"),
                       ("sgi", "RGB"), ("qoi", "RGBA"), ("dds", "RGBA"), ("im", "L"), ("icns", "RGBA")):  # fmt: skip
        made[f"{name}.{name}"] = _save(mode, {"pgm": "PPM"}.get(name, name.upper()))
    for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits", "group4"):
        mode = "1" if compression == "group4" else "RGB"
        made[f"tiff-{compression}.tif"] = _save(mode, "TIFF", compression=compression, exif=_turned())
    made |= {f"tiff-{mode.replace(';', '')}.tif": _save(mode, "TIFF") for mode in ("I;16", "F")}
    if features.check("webp"):
        made |= {f"webp-{lossless:d}.webp": _save("RGBA", "WEBP", lossless=lossless) for lossless in (False, True)}
    if features.check("avif"):
        made["avif.avif"] = _save("RGB", "AVIF")
    if features.check("jpg_2000"):
        made |= {
            f"jpeg2000-{bare:d}.j{'2k' if bare else 'p2'}": _save("RGB", "JPEG2000", no_jp2=bare)
            for bare in (False, True)
        }
    made["array.npy"] = _save_npy(np.random.default_rng(3).normal(size=(HEIGHT, WIDTH, 2)).astype(np.float32))
    made["array-f.npy"] = _save_npy(np.asfortranarray(np.asarray(_picture("I;16"))))
    made["array-tiff.tif"] = _save_bands()
    Image.init()
    return dict(sorted(made.items()))


def mutate(data: bytes, generator: np.random.Generator) -> bytes:
    """The data damaged: anywhere, in the parts of its own format with checksums put right, or joined with another's."""
    match int(generator.integers(8)):
        case 0:
            others = list(seeds().values())
            other = others[int(generator.integers(len(others)))]
            return data[: int(generator.integers(len(data)))] + other[int(generator.integers(len(other))) :]
        case 1 | 2 if data.startswith(PNG):
            return _change_chunks(data, generator)
        case 1 | 2 if data.startswith(b"\xff\xd8"):
            segment = bytes(generator.integers(0, 256, int(generator.integers(40)), np.uint8))
            marker = SEGMENTS[int(generator.integers(len(SEGMENTS)))]
            head = (b"Exif\0\0II*\0\x08\0\0\0", b"MPF\0", b"")[int(generator.integers(3))]
            added = bytes([0xFF, marker]) + (len(head + segment) + 2).to_bytes(2, "big") + head + segment
            return data[:2] + added + data[2:]
        case 1 | 2 if data[:4] in (b"II*\0", b"MM\0*"):
            return _change_tags(data, generator)
    damaged = damage(data, generator, head=HEAD, tokens=TOKENS)
    return _join_chunks(_split_chunks(damaged)) if generator.random() < 0.5 else damaged


def commands(damaged: Path, output: Path) -> list[list[str]]:
    """zm over the damaged file beside its sound original, per channel and per pixel, written, looked at, and alone."""
    folder = damaged.parent
    (folder / f"{WHOLE}{damaged.suffix}").write_bytes(seeds()[damaged.name])
    resize = [] if damaged.stem.startswith("array") else ["--resize", "8x6"]
    skip = ["--on-error", "skip", "--max-pixels", MOST_PIXELS]
    return [
        ["stats", f"{folder}", "-o", f"{output / 'channel.json'}", *skip, "-j", "1"],
        ["stats", f"{folder}", "-o", f"{output / 'pixel.json'}", "--per", "pixel", *resize, "--exif", *skip, "-j", "1"],
        ["standardize", f"{folder}", "-o", f"{output / 'out.h5'}", *resize, "--exif", *skip, "-j", "1"],
        ["standardize", f"{folder}", "-o", f"{output / 'tree'}/", *skip, "-j", "2"],
        ["inspect", f"{folder}", "--json", "--max-pixels", MOST_PIXELS, "-j", "1"],
        ["stats", f"{damaged}", "--json", "--max-pixels", MOST_PIXELS, "-j", "1"],
    ]


def check(damaged: Path, output: Path, endings: Sequence[Ending]) -> str | None:
    """What is wrong: a file kept in one pass and not in the other, a wrong number, a sound file left out."""
    for ending in endings[:5]:
        if ending.kind == "refused" and not any(clause in ending.err for clause in MIXTURES):
            return f"refused in spite of --on-error skip: {ending.err.strip()}"
    channel, pixel, written, tree, shown, alone = (ending.kind == "done" for ending in endings)
    if pixel and written and (wrong := _compare_passes(output)):
        return wrong
    if not channel:
        return None
    document = json.loads((output / "channel.json").read_text())
    skipped = document["sources"][0]["skipped"]
    if tree:
        kept = sorted(path.name.split(".")[0] for path in (output / "tree").glob("*.npy"))
        if kept != sorted(path.stem for path in damaged.parent.iterdir() if path.name not in skipped):
            return f"the written tree holds {kept}, the statistics left out {skipped}"
    unreadable = json.loads(endings[4].out)["unreadable"] if shown else []
    if shown and [sample["name"] for sample in unreadable] != skipped:
        return f"inspect left out {unreadable}, the statistics {skipped}"
    if damaged.name in skipped:
        pillow = None if damaged.suffix == ".npy" else _decode_alone(damaged, "RGB")
        if pillow is not None and any(
            "decoded" in one["reason"] and "limit" not in one["reason"] for one in unreadable
        ):
            return f"left out, but Pillow reads it: {unreadable}"
        return None
    if not alone:
        return f"kept in a folder, but not alone: {endings[5].err.strip()}"
    return _compare_numbers(damaged, document)


def _compare_passes(output: Path) -> str | None:
    """What differs between the files measured and those written, measured once and written after measuring."""
    import h5py

    left_out = [json.loads((output / name).read_text())["sources"][0]["skipped"]
                for name in ("pixel.json", "out.h5.stats.json")]  # fmt: skip
    with h5py.File(output / "out.h5", locking=False) as file:
        kept = [name.decode() for name in file["files"][()]]
        if len(kept) != len(file["images"]):
            return f"{len(kept)} names for {len(file['images'])} images"
    return None if left_out[0] == left_out[1] and not {*kept} & {*left_out[0]} else f"kept {kept}, left out {left_out}"


def _compare_numbers(damaged: Path, document: dict[str, Any]) -> str | None:
    """How the statistics differ from those of the pixels that Pillow (NumPy, tifffile) alone decodes."""
    mode = document["decoding"]["mode"]
    arrays = [_decode_alone(path, mode) for path in sorted(damaged.parent.iterdir())]
    if any(array is None for array in arrays):
        return "kept, but Pillow does not read it"
    rows = np.concatenate([array.reshape(-1, array.shape[-1]) for array in arrays if array is not None])
    rows = rows.astype(np.float64)
    finite = np.where(np.isfinite(rows), rows, np.nan)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        expected: dict[str, Callable[..., NDArray[Any]]] = {
            "mean": np.nanmean, "var": np.nanvar, "min": np.nanmin, "max": np.nanmax
        }  # fmt: skip
        for name, measure in expected.items():
            theirs, ours = measure(finite, axis=0), np.array(document[name], np.float64)
            largest = float(np.nanmax(np.abs(finite), initial=0)) ** (2 if name == "var" else 1)
            if theirs.shape != ours.shape or not np.allclose(
                ours, theirs, rtol=1e-9, atol=1e-10 * largest, equal_nan=True
            ):
                return f"{name} is {ours}, of Pillow's pixels {theirs}"
    return None


def _decode_alone(path: Path, mode: str) -> NDArray[Any] | None:
    """The pixels (H,W,C) by Pillow's front door, None where it does not read the file."""
    from PIL import Image

    warnings.simplefilter("ignore")
    try:
        if mode == "array":
            values = np.load(path) if path.suffix == ".npy" else _read_bands(path)
        else:
            # From memory: some files without values are mapped and read as if they had some.
            with Image.open(io.BytesIO(path.read_bytes())) as picture:
                picture.load()
                if mode in _DEEP:
                    values = np.asarray(picture).astype(_DEEP[mode])
                else:
                    straight = {"La": "LA", "LAB": "RGB"}.get(picture.mode)
                    values = np.asarray((picture.convert(straight) if straight else picture).convert(mode))
    except Exception:
        return None
    return values[..., np.newaxis] if values.ndim == 2 else values


def _read_bands(path: Path) -> NDArray[Any]:
    import tifffile

    with tifffile.TiffFile(path) as tiff:
        values: NDArray[Any] = tiff.pages[0].asarray()
        return np.moveaxis(values, 0, -1) if tiff.pages[0].axes == "SYX" else values


def _picture(mode: str, seed: int = 1) -> Any:
    from PIL import Image

    rng = np.random.default_rng(seed)
    if mode in _DEEP:
        return Image.fromarray(rng.integers(0, 60000, (HEIGHT, WIDTH)).astype(_DEEP[mode]))
    slopes = rng.integers(0, 60, (HEIGHT, WIDTH, 4)) + 10 * np.arange(WIDTH)[:, np.newaxis]
    picture = Image.fromarray(slopes.astype(np.uint8), "RGBA")
    return picture.convert(mode) if mode in ("LA", "RGBA") else picture.convert("RGB").convert(mode)


def _save(mode: str, form: str, **how: Any) -> bytes:
    stream = io.BytesIO()
    picture = _picture(mode)
    (picture.resize((32, 32)) if form == "ICNS" else picture).save(stream, form, **how)
    return stream.getvalue()


def _save_npy(values: NDArray[Any]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, values)
    return stream.getvalue()


def _save_bands() -> bytes:
    import tifffile

    stream = io.BytesIO()
    bands = np.random.default_rng(4).integers(0, 60000, (HEIGHT, WIDTH, 5)).astype(np.uint16)
    tifffile.imwrite(stream, bands, photometric="minisblack", planarconfig="contig", compression="zlib", metadata=None)
    return stream.getvalue()


def _turned() -> Any:
    from PIL import Image

    exif = Image.Exif()
    exif[274] = 6
    return exif


def _interlace() -> bytes:
    """A gray PNG in the seven passes of Adam7, which Pillow does not write."""
    values = np.asarray(_picture("L"))
    rows = [
        b"\0" + row.tobytes()
        for left, top, right, down in ADAM7
        for row in values[top::down, left::right]
        if values[top::down, left::right].size
    ]
    header = WIDTH.to_bytes(4, "big") + HEIGHT.to_bytes(4, "big") + bytes([8, 0, 0, 0, 1])
    return _join_chunks((PNG, [(b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows))), (b"IEND", b"")], b""))


def _split_chunks(data: bytes) -> tuple[bytes, list[tuple[bytes, bytes]], bytes]:
    """The signature, the names and contents of the chunks of a PNG, and what is left over; no chunks of others."""
    if not data.startswith(PNG):
        return data, [], b""
    parts, position = [], len(PNG)
    while position + 12 <= len(data):
        end = position + 8 + int.from_bytes(data[position : position + 4], "big")
        if end + 4 > len(data):
            break
        parts.append((data[position + 4 : position + 8], data[position + 8 : end]))
        position = end + 4
    return PNG, parts, data[position:]


def _join_chunks(split: tuple[bytes, list[tuple[bytes, bytes]], bytes]) -> bytes:
    signature, parts, rest = split
    chunks = (
        len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big") for name, body in parts
    )
    return signature + b"".join(chunks) + rest


def _change_chunks(data: bytes, generator: np.random.Generator) -> bytes:
    """One chunk of a PNG added, dropped, doubled or changed, its length and checksum in order."""
    signature, parts, rest = _split_chunks(data)
    place = int(generator.integers(1, len(parts)))
    name, body = parts[place]
    match int(generator.integers(6)):
        case 0:
            new = CHUNKS[int(generator.integers(len(CHUNKS)))]
            text = b"Raw profile type exif\0\0" if new == b"zTXt" else b"k\0\0"
            filler = bytes(generator.integers(0, 256, int(generator.integers(40)), np.uint8))
            parts.insert(place, (new, text + (zlib.compress(bytes(9_000_000)) if generator.random() < 0.1 else filler)))
        case 1:
            parts.insert(place, (name, body))
        case 2:
            del parts[place]
        case 3 if name == b"IDAT":
            pixels = damage(zlib.decompress(body), generator)
            parts[place] = name, zlib.compress(pixels)
        case 4:
            parts[place] = name, damage(body, generator, tokens=TOKENS)
        case _:
            parts[0] = b"IHDR", damage(parts[0][1], generator)
    return _join_chunks((signature, parts, rest))


def _change_tags(data: bytes, generator: np.random.Generator) -> bytes:
    """One to three fields of the first directory of a TIFF written over: tag, type, count or value."""
    order = "little" if data.startswith(b"II") else "big"
    changed = bytearray(data)
    start = int.from_bytes(data[4:8], order)  # type: ignore[arg-type]
    entries = int.from_bytes(data[start : start + 2], order)  # type: ignore[arg-type]
    for _ in range(int(generator.integers(1, 4))):
        at = start + 2 + 12 * int(generator.integers(entries)) + (0, 2, 4, 8, 8, 8)[int(generator.integers(6))]
        value = int(generator.choice([0, 1, 2, 3, 8, 9, 16, 64, 32767, 65535, len(data)]))
        changed[at : at + 2] = value.to_bytes(2, order)  # type: ignore[arg-type]
    return bytes(changed)


TARGET = Target(make_seeds, mutate, commands, check, ("zm_cli.cli.main", "numpy", "h5py", "PIL.Image", "tifffile"))
