"""The file of a checkpoint: a description of the run, and its progress.

It begins with a line that names the format, and a hash of the rest, which shows damage. Then come the description of
the run in JSON, preceded by its length, and the progress, pickled. The file may come from a stranger, and a pickle can
name any function to be called: here it may name only the dataclasses that progress consists of, and `restore_array`.
"""

from __future__ import annotations

import importlib
import io
import json
import pickle
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import xxhash
from numpy.typing import NDArray

from zm_cli.errors import DataError
from zm_cli.pipeline.measuring.digest import SourceDigest
from zm_cli.pipeline.measuring.measure_spans import SpanStatistics
from zm_cli.pipeline.measuring.reduction import Progress
from zm_cli.pipeline.measuring.same_run import Run

MAGIC = b"zm checkpoint 1\n"
BEGIN_ANEW = "remove it to begin anew"
HASH_BYTES = 16
LENGTH_BYTES = 8
ALLOWED_MODULES = ("zm_cli.data.", "zm_cli.numbers.", "zm_cli.statistics.")
"""The packages of the dataclasses that SpanStatistics consist of."""


class _Hashing(io.RawIOBase):
    """Writes to a file, and hashes what is written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.hasher = xxhash.xxh3_128()

    def write(self, data: Any) -> int:
        """Writes all of the data."""
        self.hasher.update(data)
        return self._file.write(data)


def write_checkpoint(path: Path, run: Run, done: Sequence[Progress]) -> None:
    """Writes the progress of a run to a file; OSError where that fails."""
    description = json.dumps(run).encode()
    with path.open("wb") as file:
        file.write(MAGIC + bytes(HASH_BYTES))
        hashing = _Hashing(file)
        hashing.write(len(description).to_bytes(LENGTH_BYTES, "little") + description)
        # Pickled straight into the file, so that the progress is not in memory twice.
        _Pickler(hashing, protocol=5).dump(list(done))
        file.seek(len(MAGIC))
        file.write(hashing.hasher.digest())


def read_checkpoint(path: str) -> tuple[Run, bytes] | None:
    """Returns the run of a checkpoint, and its progress as `restore` takes it; None if there is no file.

    Raises DataError where it cannot be read, is damaged or is not a checkpoint.
    """
    try:
        with open(path, "rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise DataError("is not a checkpoint of this zm", where=path, hint=f"if it was one, {BEGIN_ANEW}")
            digest, content = file.read(HASH_BYTES), file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", where=path) from error
    if xxhash.xxh3_128_digest(content) == digest:
        with suppress(ValueError):
            end = LENGTH_BYTES + int.from_bytes(content[:LENGTH_BYTES], "little")
            return json.loads(content[LENGTH_BYTES:end]), content[end:]
    raise report_damage(path)


def restore(state: bytes, path: str) -> list[Progress]:
    """Returns the progress of each source, from the pickle in a checkpoint; DataError where it is damaged."""
    try:
        done = _Unpickler(io.BytesIO(state)).load()
    except Exception as error:
        # A forged pickle may raise anything.
        raise report_damage(path) from error
    if not (isinstance(done, list) and all(map(_is_progress, done))):
        raise report_damage(path)
    return done


def _is_progress(value: Any) -> bool:
    """Whether a value is progress whose fields have the right types."""
    if not isinstance(value, Progress) or not isinstance(value.digest, SourceDigest):
        return False
    counts = (value.batches, value.samples, value.nbytes)
    return all(type(count) is int and count >= 0 for count in counts) and isinstance(value.trail, bytes)


def report_damage(path: str) -> DataError:
    """Returns the error for a checkpoint that is not as it was written."""
    return DataError("is damaged", where=path, hint=BEGIN_ANEW)


class _Pickler(pickle.Pickler):
    """Pickles arrays so that `restore_array` restores them, and nothing of NumPy has to be allowed."""

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return restore_array, (value.dtype.str, value.shape, value.tobytes())
        return NotImplemented


class _Unpickler(pickle.Unpickler):
    """Restores what progress consists of, and refuses every other class and function."""

    def find_class(self, module: str, name: str) -> Any:
        """Returns the class of that name if it is allowed; UnpicklingError if it is not."""
        for allowed in (restore_array, SpanStatistics, Progress, SourceDigest):
            if (module, name) == (allowed.__module__, allowed.__name__):
                return allowed
        if module.startswith(ALLOWED_MODULES):
            found = getattr(importlib.import_module(module), name)
            if isinstance(found, type) and is_dataclass(found):
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is not allowed in a checkpoint")


def restore_array(dtype: str, shape: tuple[int, ...], data: bytes) -> NDArray[Any]:
    """Returns the numbers in `data` as a writable array of this shape; ValueError where they do not fit together."""
    kind = np.dtype(dtype)
    if kind.kind not in "biuf":
        raise ValueError(f"{dtype} is not a type of numbers")
    return np.frombuffer(data, kind).reshape(shape).copy()
