"""Fuzzes images: puts damaged files next to intact ones; zm must keep exactly those that Pillow alone decodes."""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fuzz.harness import Ending
from fuzz.image_mutations import mutate
from fuzz.image_seeds import DEEP_DTYPES, make_seeds, seeds
from fuzz.target import Target

MAX_PIXELS = "20M"
"""Limits the memory that a picture may take; more is a leak."""
INTACT = "a-whole"
"""The stem of the intact file next to the damaged one, so that something is left to measure."""
REFUSALS = ("mixes ", "would clip or round", "holds arrays", "is a picture, not an array", "--resize is for pictures",
            "samples of one size", "one dataset needs one size", " as no data")  # fmt: skip
"""Parts of the messages that refuse intact files because they do not go together."""


def commands(damaged: Path, output: Path) -> list[list[str]]:
    """Returns the commands for the damaged file next to its intact original (measured, written, inspected),
    and for it alone."""
    folder = damaged.parent
    (folder / f"{INTACT}{damaged.suffix}").write_bytes(seeds()[damaged.name])
    resize = [] if damaged.stem.startswith("array") else ["--resize", "8x6"]
    skip = ["--on-error", "skip", "--max-pixels", MAX_PIXELS]
    return [
        ["stats", f"{folder}", "-o", f"{output / 'channel.json'}", *skip, "-j", "1"],
        ["stats", f"{folder}", "-o", f"{output / 'pixel.json'}", "--per", "pixel", *resize, "--exif", *skip, "-j", "1"],
        ["standardize", f"{folder}", "-o", f"{output / 'out.h5'}", *resize, "--exif", *skip, "-j", "1"],
        ["standardize", f"{folder}", "-o", f"{output / 'tree'}/", *skip, "-j", "2"],
        ["inspect", f"{folder}", "--json", "--max-pixels", MAX_PIXELS, "-j", "1"],
        ["stats", f"{damaged}", "--kind", "images", "--json", "--max-pixels", MAX_PIXELS, "-j", "1"],
    ]


def check(damaged: Path, output: Path, endings: Sequence[Ending]) -> str | None:
    """Returns what is wrong: a file kept in one pass and not in the other, a wrong number, an intact file left out."""
    for ending in endings[:5]:
        if ending.kind == "refused" and not any(clause in ending.err for clause in REFUSALS):
            return f"refused in spite of --on-error skip: {ending.err.strip()}"
    channel, pixel, written, tree, inspected, alone = (ending.kind == "done" for ending in endings)
    if pixel and written and (fault := _compare_passes(output)):
        return fault
    if not channel:
        return None
    document = json.loads((output / "channel.json").read_text())
    skipped = document["sources"][0]["skipped"]
    if tree:
        kept = sorted(path.name.split(".")[0] for path in (output / "tree").glob("*.npy"))
        if kept != sorted(path.stem for path in damaged.parent.iterdir() if path.name not in skipped):
            return f"the written folder holds {kept}, the statistics left out {skipped}"
    unreadable = json.loads(endings[4].out)["unreadable"] if inspected else []
    if inspected and [sample["name"] for sample in unreadable] != skipped:
        return f"inspect left out {unreadable}, the statistics {skipped}"
    if damaged.name in skipped:
        expected = None if damaged.suffix == ".npy" else _decode_alone(damaged, "RGB")
        if expected is not None and any(
            "decoded" in sample["reason"] and "limit" not in sample["reason"] for sample in unreadable
        ):
            return f"left out, but Pillow reads it: {unreadable}"
        return None
    if not alone:
        return f"kept in a folder, but not alone: {endings[5].err.strip()}"
    return _compare_numbers(damaged, document)


def _compare_passes(output: Path) -> str | None:
    """Returns how the files that were kept differ between statistics alone and an output with its own statistics."""
    import h5py

    left_out = [json.loads((output / name).read_text())["sources"][0]["skipped"]
                for name in ("pixel.json", "out.h5.stats.json")]  # fmt: skip
    with h5py.File(output / "out.h5", locking=False) as file:
        kept = [name.decode() for name in file["files"][()]]
        if len(kept) != len(file["images"]):
            return f"{len(kept)} names for {len(file['images'])} images"
    return None if left_out[0] == left_out[1] and not {*kept} & {*left_out[0]} else f"kept {kept}, left out {left_out}"


def _compare_numbers(damaged: Path, document: dict[str, Any]) -> str | None:
    """Returns how the statistics differ from those of the pixels that Pillow (NumPy, tifffile) alone decodes."""
    mode = document["decoding"]["mode"]
    arrays = [_decode_alone(path, mode) for path in sorted(damaged.parent.iterdir())]
    if any(array is None for array in arrays):
        return "kept, but Pillow does not read it"
    rows = np.concatenate([array.reshape(-1, array.shape[-1]) for array in arrays if array is not None])
    rows = rows.astype(np.float64)
    finite = np.where(np.isfinite(rows), rows, np.nan)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        functions: dict[str, Callable[..., NDArray[Any]]] = {
            "mean": np.nanmean, "var": np.nanvar, "min": np.nanmin, "max": np.nanmax
        }  # fmt: skip
        for name, measure in functions.items():
            expected, found = measure(finite, axis=0), np.array(document[name], np.float64)
            largest = float(np.nanmax(np.abs(finite), initial=0)) ** (2 if name == "var" else 1)
            if expected.shape != found.shape or not np.allclose(
                found, expected, rtol=1e-9, atol=1e-10 * largest, equal_nan=True
            ):
                return f"{name} is {found}, of Pillow's pixels {expected}"
    return None


def _decode_alone(path: Path, mode: str) -> NDArray[Any] | None:
    """Returns the pixels (H,W,C) as Pillow, NumPy or tifffile reads them without zm; None if they refuse the file."""
    from PIL import Image

    warnings.simplefilter("ignore")
    try:
        if mode == "array":
            values = np.load(path) if path.suffix == ".npy" else _read_array_tiff(path)
        else:
            # Read from memory: Pillow maps some files, and then reads values that are not in them.
            with Image.open(io.BytesIO(path.read_bytes())) as picture:
                picture.load()
                if mode in DEEP_DTYPES:
                    values = np.asarray(picture).astype(DEEP_DTYPES[mode])
                    if picture.mode.startswith("I;16") and _counts_from_white(picture):
                        values = 65535 - values
                else:
                    straight = {"La": "LA", "LAB": "RGB"}.get(picture.mode)
                    values = np.asarray((picture.convert(straight) if straight else picture).convert(mode))
    except Exception:
        return None
    return values[..., np.newaxis] if values.ndim == 2 else values


def _counts_from_white(picture: Any) -> bool:
    """Returns whether the values of a TIFF are inverted, which Pillow undoes only at 8 bits;
    a missing tag counts as 0."""
    photometric = 262
    return hasattr(picture, "tag_v2") and picture.tag_v2.get(photometric, 0) == 0


def _read_array_tiff(path: Path) -> NDArray[Any]:
    import tifffile

    with tifffile.TiffFile(path) as tiff:
        values: NDArray[Any] = tiff.pages[0].asarray()
        return np.moveaxis(values, 0, -1) if tiff.pages[0].axes == "SYX" else values


TARGET = Target(make_seeds, mutate, commands, check, ("zm_cli.cli.main", "numpy", "h5py", "PIL.Image", "tifffile"))
