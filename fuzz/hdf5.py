"""Fuzzes HDF5 files: finds crashes of the library, and values that differ from those that h5py reads."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from h5py import h5d, h5p, h5s, h5t
from numpy.typing import NDArray

from fuzz.harness import SECONDS, Ending
from fuzz.mutations import LARGE, damage
from fuzz.target import Target

HEAD = 2048
"""The first bytes of a file, which get half of the damage: superblock, root group, first object headers."""
TOKENS = (
    *LARGE,
    *(b"OHDR", b"OCHK", b"FRHP", b"FHDB", b"BTHD", b"BTLF", b"SNOD", b"TREE", b"HEAP", b"GCOL", b"FAHD", b"EAHD"),
    *(bytes(7) + b"\x01", b"\x01" + bytes(7), b"\xff" * 8, b"\xfe" + b"\xff" * 7, bytes(8)),
)
"""Extreme numbers, the signatures of the format's structures, and addresses that lead nowhere."""
MAX_VALUES = 1 << 26
"""Datasets with more values are not compared."""


def draw(shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
    """Returns integers from 0 to 99, the same each time."""
    return np.random.default_rng(len(shape)).integers(0, 100, shape).astype(dtype)


def make_seeds(folder: Path) -> None:
    """Writes a small file for each way to store values, and files with every kind of other object."""
    for libver in ("earliest", "latest"):
        bounds: Any = (libver, "latest")
        with h5py.File(folder / f"contiguous-{libver}.h5", "w", libver=bounds) as file:
            file["x"] = draw((30, 4), "<f4")
        with h5py.File(folder / f"gzip-{libver}.h5", "w", libver=bounds) as file:
            file.create_dataset("x", data=draw((40, 6), ">i2"), chunks=(8, 6), compression="gzip", shuffle=True)
        with h5py.File(folder / f"growing-{libver}.h5", "w", libver=bounds) as file:
            file.create_dataset("x", data=draw((20, 3, 3, 3), "u1"), chunks=(4, 3, 3, 3), maxshape=(None, 3, 3, 3))
        with h5py.File(folder / f"others-{libver}.h5", "w", libver=bounds) as file:
            add_other_objects(file)
    for name, storage in (
        ("fletcher32", {"fletcher32": True}),
        ("lzf", {"compression": "lzf"}),
        ("scaleoffset", {"scaleoffset": 0}),
    ):
        with h5py.File(folder / f"{name}.h5", "w") as file:
            file.create_dataset("x", data=draw((40, 6), "i4"), chunks=(8, 6), **storage)
    with h5py.File(folder / "scales.h5", "w", track_order=True) as file:
        file["x"], file["time"], file["band"] = draw((9, 5), "f8"), np.arange(9.0), np.arange(5)
        for index, name in enumerate(("time", "band")):
            file[name].make_scale(name)
            file["x"].dims[index].attach_scale(file[name])
            file["x"].dims[index].label = name
        file["x"].attrs["_FillValue"] = -1.0
    with h5py.File(folder / "userblock.h5", "w", userblock_size=512) as file:
        plist = h5p.create(h5p.DATASET_CREATE)
        plist.set_layout(h5d.COMPACT)
        h5d.create(file.id, b"x", h5t.STD_U16LE, h5s.create_simple((8, 5)), plist)
        file["x"][()] = draw((8, 5), "u2")
    with h5py.File(folder / "virtual.h5", "w", libver="latest") as file:
        layout = h5py.VirtualLayout((12, 5), "u2")
        for index in range(2):
            file[f"parts/{index}"] = draw((6, 5), "u2")
            layout[6 * index : 6 * index + 6] = h5py.VirtualSource(".", f"parts/{index}", (6, 5))
        file.create_virtual_dataset("x", layout)


def add_other_objects(file: h5py.File) -> None:
    """Adds a dataset of numbers, and what zm copies with it: groups, links, other datasets, references, attributes."""
    file["x"] = draw((12, 5), "i4")
    file["names"] = ["some", "texts", ""]
    file["pairs"] = np.array([(1, 2.5), (3, 4.5)], [("a", ">i4"), ("b", "f8")])
    file["type"] = np.dtype([("a", "i4"), ("b", "f8")])
    file.create_dataset("typed", (2,), file["type"])
    group = file.create_group("group", track_order=True)
    group["hard"], group["soft"] = file["names"], h5py.SoftLink("/x")
    group["away"] = h5py.ExternalLink("absent.h5", "/y")
    file["references"] = np.array([file["x"].ref, group.ref], h5py.ref_dtype)
    file.create_dataset("regions", data=np.array([file["x"].regionref[2:4]], h5py.regionref_dtype))
    file.create_dataset("ragged", data=np.array([np.arange(2), np.arange(3)], object), dtype=h5py.vlen_dtype("i4"))
    for item in (file, group, file["x"]):
        item.attrs["text"], item.attrs["numbers"], item.attrs["to"] = "grüße", np.arange(3), file["x"].ref


def mutate(data: bytes, generator: np.random.Generator) -> bytes:
    """Returns the file with some damage: a few bytes of its metadata changed, or any part of it damaged.

    Most of the time, the checksums of the metadata are made to fit again.
    """
    damaged = _change_metadata(data, generator) if generator.random() < 0.7 else _damage_anywhere(data, generator)
    return mend_checksums(damaged) if generator.random() < 0.8 else damaged


def _damage_anywhere(data: bytes, generator: np.random.Generator) -> bytes:
    return damage(data, generator, head=HEAD, tokens=TOKENS)


def _change_metadata(data: bytes, generator: np.random.Generator) -> bytes:
    """Returns the file with one to three changes near its beginning or after the signature of a structure."""
    damaged = bytearray(data)
    starts = [found.start() for found in re.finditer(b"OHDR|OCHK|TREE|SNOD|HEAP|GCOL|FRHP|BTHD|BTLF|FAHD|EAHD", data)]
    for _ in range(int(generator.integers(1, 4))):
        start = 0 if generator.random() < 0.5 else int(generator.choice([0, *starts]))
        reach = damaged[start : start + (HEAD if start == 0 else 200)]
        # Only bytes that are not zero are changed: between structures there are only zeros.
        nonzero = np.flatnonzero(np.frombuffer(bytes(reach), np.uint8))
        offset = start + int(generator.choice(nonzero))
        token = TOKENS[int(generator.integers(len(TOKENS)))]
        match int(generator.integers(5)):
            case 0:
                damaged[offset] ^= 1 << int(generator.integers(8))
            case 1:
                damaged[offset] = int(generator.integers(256))
            case 2:
                damaged[offset] = (damaged[offset] + int(generator.choice([-1, 1, 2, 8]))) % 256
            case 3:
                damaged[offset] = 0
            case _:
                damaged[offset : offset + len(token)] = token
    return bytes(damaged[: max(len(data), 1)])


def mend_checksums(data: bytes) -> bytes:
    """Returns the file with correct checksums in all superblocks and object headers of the newer kinds.

    Without it, the library would refuse almost any damage to such a structure at once.
    """
    mended = bytearray(data)
    if mended.startswith(b"\x89HDF\r\n\x1a\n") and len(mended) > 48 and mended[8] in (2, 3):
        mended[44:48] = lookup3(bytes(mended[:44])).to_bytes(4, "little")
    start = mended.find(b"OHDR")
    while start >= 0:
        end = _find_end_of_header(mended, start)
        if end is not None:
            mended[end : end + 4] = lookup3(bytes(mended[start:end])).to_bytes(4, "little")
        start = mended.find(b"OHDR", start + 4)
    return bytes(mended)


def _find_end_of_header(data: bytes | bytearray, start: int) -> int | None:
    """Returns the offset of the checksum of the object header at `start`; None if the file ends before it."""
    if len(data) < start + 30:
        return None
    flags = data[start + 5]
    size_offset = start + 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
    width = 1 << (flags & 3)
    end = size_offset + width + int.from_bytes(data[size_offset : size_offset + width], "little")
    return end if end + 4 <= len(data) else None


def lookup3(data: bytes) -> int:
    """Returns Bob Jenkins' 32-bit hash (lookup3, hashlittle), which the format uses for checksums."""
    a = b = c = (0xDEADBEEF + len(data)) & 0xFFFFFFFF
    blocks = [data[start : start + 12] for start in range(0, len(data), 12)] or [b""]
    for index, part in enumerate(blocks):
        words = [int.from_bytes(part[offset : offset + 4], "little") for offset in (0, 4, 8)]
        a, b, c = ((word + more) & 0xFFFFFFFF for word, more in zip((a, b, c), words, strict=True))
        last = index == len(blocks) - 1
        a, b, c = _mix_last(a, b, c) if last and part else _mix(a, b, c) if part else (a, b, c)
    return c


def _rotate(value: int, by: int) -> int:
    return (value << by | value >> 32 - by) & 0xFFFFFFFF


def _mix(a: int, b: int, c: int) -> tuple[int, int, int]:
    for by in (4, 6, 8, 16, 19, 4):
        a, c = (a - c & 0xFFFFFFFF) ^ _rotate(c, by), c + b & 0xFFFFFFFF
        a, b, c = b, c, a
    return a, b, c


def _mix_last(a: int, b: int, c: int) -> tuple[int, int, int]:
    for by in (14, 11, 25, 16, 4, 14, 24):
        c = (c ^ b) - _rotate(b, by) & 0xFFFFFFFF
        a, b, c = b, c, a
    return c, a, b


def make_commands(damaged: Path, output: Path) -> Sequence[Sequence[str]]:
    """Returns the commands to try: statistics of `x`, the file centered, and `inspect`."""
    data = ("--per", "all", "-j", "1", "-q")
    return (
        ("stats", str(damaged), "--dataset", "x", *data, "-o", str(output / "stats.json")),
        ("center", str(damaged), "--dataset", "x", *data, "-o", str(output / "centered.h5"), "--dtype", "float64"),
        ("inspect", str(damaged), "-j", "1", "-q"),
    )


def check(damaged: Path, output: Path, endings: Sequence[Ending]) -> str | None:
    """Returns how zm's results differ from what h5py reads, None if they agree;
    compares in a process of its own, as h5py may crash."""
    measured, centered = (ending.kind == "done" for ending in endings[:2])
    if not measured and not centered:
        return None
    receiving, sending = os.pipe()
    child = os.fork()
    if not child:
        signal.alarm(SECONDS)
        os.write(sending, _compare(damaged, output, measured, centered).encode())
        os._exit(0)
    os.close(sending)
    with open(receiving, "rb") as stream:
        difference = stream.read().decode()
    os.waitpid(child, 0)
    return difference or None


def _compare(damaged: Path, output: Path, measured: bool, centered: bool) -> str:
    try:
        with h5py.File(damaged) as file:
            if file["x"].size > MAX_VALUES:
                return ""
            with np.errstate(all="ignore"):
                values = file["x"][()].astype("f8")
            contradictory = _contradicts_itself(file["x"])
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        return f"zm reads what h5py does not: {error}"
    if contradictory:
        return ""
    finite = values[np.isfinite(values)]
    if measured:
        stats = json.loads((output / "stats.json").read_text())
        ours = [np.ravel(stats[name])[0] for name in ("count", "mean", "min", "max")]
        with np.errstate(all="ignore"):
            theirs = [finite.size, finite.mean(), finite.min(), finite.max()]
        if not np.allclose(ours, theirs, rtol=1e-9, equal_nan=True):
            return f"statistics {ours} are not those of h5py {theirs}"
    if centered:
        with h5py.File(output / "centered.h5") as file, np.errstate(all="ignore"):
            same = np.allclose(
                file["x"][()], values - finite.mean(), rtol=1e-9, atol=abs(finite.mean()) * 1e-9, equal_nan=True
            )
        if not same:
            return "the centered values are not those of h5py"
    return ""


def _contradicts_itself(dataset: h5py.Dataset) -> bool:
    """Returns whether the index lists a chunk that cannot be found through it:
    zm reads the listed chunks, h5py the found ones."""
    corners: list[tuple[int, ...]] = []
    if dataset.chunks is not None:
        dataset.id.chunk_iter(lambda stored: corners.append(stored.chunk_offset))
    try:
        for corner in corners:
            dataset.id.read_direct_chunk(corner)
    except (RuntimeError, OSError, ValueError):
        return True
    return False


TARGET = Target(
    make_seeds,
    mutate,
    make_commands,
    check,
    preload=("zm_cli.cli.main", "h5py", "isal.isal_zlib", "zm_cli.formats.hdf5.sink", "zm_cli.pipeline.applying.apply"),
)
