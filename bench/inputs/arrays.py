"""HDF5 files: patches of photographs as one chunked dataset `images` (N,H,W,C); and files of the same chunks again."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from bench.inputs.photographs import cut_patches

SIDE = 64
CHUNK_SAMPLES = 16
PIECE = 64 * CHUNK_SAMPLES


def make_arrays(path: Path, samples: int, seed: int, dtype: str = "uint8", gzip: int | None = None) -> None:
    """Writes patches of 64x64 in chunks of 16, floats on the scale 0-1; `gzip` is the level, with shuffle."""
    generator = np.random.default_rng(seed)
    with h5py.File(path, "w") as file:
        data = file.create_dataset(
            "images",
            (samples, SIDE, SIDE, 3),
            dtype,
            chunks=(CHUNK_SAMPLES, SIDE, SIDE, 3),
            compression=gzip,
            shuffle=gzip is not None,
        )
        for start in range(0, samples, PIECE):
            patches = cut_patches(generator, min(PIECE, samples - start), SIDE)
            data[start : start + PIECE] = patches if dtype == "uint8" else patches.astype(dtype) / 255


def repeat_samples(path: Path, source: Path, samples: int) -> None:
    """Writes the first `samples` of `source`, from the first again where it has no more: whole chunks, as stored."""
    with h5py.File(source) as old, h5py.File(path, "w") as new:
        data = old["images"]
        copy = new.create_dataset(
            "images",
            (samples, *data.shape[1:]),
            data.dtype,
            chunks=data.chunks,
            compression=data.compression,
            compression_opts=data.compression_opts,
            shuffle=data.shuffle,
        )
        whole = len(data) // CHUNK_SAMPLES
        for index in range(samples // CHUNK_SAMPLES):
            mask, chunk = data.id.read_direct_chunk((index % whole * CHUNK_SAMPLES, 0, 0, 0))
            copy.id.write_direct_chunk((index * CHUNK_SAMPLES, 0, 0, 0), chunk, mask)
