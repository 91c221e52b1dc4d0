"""The Sink of a NumPy array: a file of the same form, with the array in the new dtype and a receipt beside it."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.block import Block
from zm_cli.data.sink import WriteOptions
from zm_cli.errors import DataError, UsageError
from zm_cli.formats.npy.choose import ERRORS, SUFFIX, sign_file
from zm_cli.formats.npy.mapped import COPY_BYTES
from zm_cli.formats.npy.receipts import extend_receipt
from zm_cli.formats.npy.writer import ArrayWriter
from zm_cli.formats.shared.npy_header import NpyHeader
from zm_cli.formats.shared.receipt_beside import draft_receipt, hash_file
from zm_cli.outputs.draft import Draft

if TYPE_CHECKING:
    from zm_cli.formats.npy.source import NpySource

LARGE_MEMBER = 1 << 30
"""The size in bytes from which a member is written with 64-bit size fields, which allow more than 4 GB."""


def check_name(output: str, *, archive: bool) -> None:
    """Raises UsageError for an output that is not a file with the suffix for one array, or for an archive."""
    suffix = ".npz" if archive else ".npy"
    if output == "-":
        raise UsageError(
            "arrays cannot be written to standard output", where="--output", hint=f"name a {suffix} file with -o"
        )
    if Path(output).suffix.lower() != suffix:
        what = "an archive of arrays is written as" if archive else "one array is written as"
        raise UsageError(f"{what} {suffix}", where=output, hint=f"name a file ending in {suffix}")


class NpySink:
    """Writes the source's array to `output`, in its shape and memory order; an archive keeps its other members.

    `encode` may be called from several threads at once, the other methods only from one. Raises DataError where the
    input cannot be read or the output cannot be written.
    """

    def __init__(self, source: NpySource, output: str, options: WriteOptions) -> None:
        self.notes: list[str] = []
        self._source = source
        self._output = output
        self._receipt = options.receipt
        self._dtype = options.dtype.newbyteorder("=")
        shape = list(source.header.shape)
        shape[source.axis] = source.spec.samples or 0
        self._draft = Draft(Path(output))
        # The array of an archive is packed when it is complete: until then it is a file of its own.
        self._array_draft = Draft(Path(f"{output}{SUFFIX}")) if source.array.name else self._draft
        header = NpyHeader(self._dtype, tuple(shape), source.header.fortran_order)
        with self._failures_explained():
            self._writer = ArrayWriter(self._array_draft.path, header, source.axis)

    def encode(self, block: Block) -> NDArray[Any]:
        """The block's values in the output's dtype, C-contiguous, the sample axis first."""
        return np.ascontiguousarray(block.values, self._dtype)

    def write(self, encoded: NDArray[Any]) -> None:
        """Appends encoded samples along the sample axis; DataError where that fails."""
        with self._failures_explained():
            self._writer.write(encoded)

    def commit(self) -> None:
        """Completes the file, and gives it and its receipt their names; DataError where that fails."""
        with self._failures_explained():
            self._writer.close()
            if self._array_draft is not self._draft:
                self._pack()
                self._array_draft.discard()
                self._check_unchanged()
            digest, nbytes = hash_file(self._draft.path), self._draft.path.stat().st_size
            # The receipt comes first. It fits no other file, but a file without it might be centered twice.
            draft_receipt(self._output, self._describe_array(), nbytes, digest).commit()
            self._draft.commit()

    def discard(self) -> None:
        """Removes what was written; does nothing after `commit`."""
        if hasattr(self, "_writer"):
            self._writer.close()
        self._array_draft.discard()
        self._draft.discard()

    def _describe_array(self) -> Mapping[str, Any]:
        """The receipt, which says of an archive which array it is about, and keeps those of its other arrays."""
        name = self._source.array.name
        return extend_receipt(self._receipt, self._source.path, name) if name else self._receipt

    def _check_unchanged(self) -> None:
        """Raises DataError if the archive is another one than when it was opened: its members were read again."""
        path = self._source.path
        if sign_file(path) != self._source.signature:
            raise DataError("changed while it was read", where=path, hint="run it again when nobody writes to it")

    def _pack(self) -> None:
        """Writes the archive: every member in its order and packed as it was."""
        own = self._source.array.name + SUFFIX
        with (
            zipfile.ZipFile(self._source.path) as old,
            zipfile.ZipFile(self._draft.path, "w") as new,
        ):
            for info in old.infolist():
                if info.filename == own:
                    # Without a time: the same data give the same bytes.
                    made = zipfile.ZipInfo(own)
                    stream: IO[bytes] = self._array_draft.path.open("rb")
                else:
                    made = zipfile.ZipInfo(info.filename, info.date_time)
                    stream = old.open(info)
                made.compress_type, made.external_attr = info.compress_type, info.external_attr
                large = max(info.file_size, self._writer.nbytes) >= LARGE_MEMBER
                with stream, new.open(made, "w", force_zip64=large) as target:
                    shutil.copyfileobj(stream, target, COPY_BYTES)

    @contextmanager
    def _failures_explained(self) -> Iterator[None]:
        """Discards all and raises DataError where the file system or the archive fails."""
        try:
            yield
        except BaseException as error:
            self.discard()
            if isinstance(error, ERRORS):
                reason = getattr(error, "strerror", None) or str(error)
                raise DataError(f"cannot be written: {reason}", where=self._output) from error
            raise
