"""Makes statistics of arrays, transforms, and PNG files of any bit depth, for several test files."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.spec import Spec
from zm_cli.methods import methods
from zm_cli.methods.shared.base import TransformRequest
from zm_cli.methods.shared.settings import Settings
from zm_cli.numbers.axes import Per, find_feature_axes
from zm_cli.numbers.moments.moments import Moments
from zm_cli.numbers.stored import find_unit_divisor
from zm_cli.statsfile.stats import SourceRecord, Stats

DIGEST = "xxh3_128:" + "0" * 32


def make_stats(
    values: NDArray[Any],
    per: Any,
    *,
    axes: str,
    names: tuple[str, ...] | None = None,
    unit: bool = False,
    ignore: float | None = None,
    kind: str = "hdf5",
) -> Stats:
    """The statistics of an array, as if it had been read from a file of this kind."""
    chosen: Per = per
    moments = Moments.from_block(values, find_feature_axes(axes, chosen), () if ignore is None else (ignore,))
    return Stats(
        per=chosen,
        samples=len(values),
        axes=axes,
        sample_shape=values.shape[1:],
        names=names,
        dtype=values.dtype.name,
        unit=unit,
        ignore=ignore,
        decoding={},
        sources=(SourceRecord("made", kind, len(values), int(values.nbytes), DIGEST),),
        moments=moments.divide(find_unit_divisor(np.dtype(values.dtype))) if unit else moments,
    )


def png(width: int, height: int, depth: int, colour: int, rows: bytes, chunks: bytes = b"") -> bytes:
    """A PNG file: `rows` are pixels with their filter bytes, `chunks` come before the pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunks
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def make_transform(
    stats: Stats, spec: Spec, dtype: np.dtype[Any], *, method: str = "standardize", **options: Any
) -> Any:
    """The transform of a method; `options` are fields of TransformRequest or of Settings."""
    use = {name: options.pop(name) for name in ("inverse", "unit") if name in options}
    chosen = methods()[method]
    return chosen.make_transform(stats, chosen.complete(Settings(**options)), TransformRequest(spec, dtype, **use))
