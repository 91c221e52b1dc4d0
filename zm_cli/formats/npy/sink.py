"""The Sink of a NumPy array: writes a file of the same form, with the array in the new dtype, and its receipt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.block import Block
from zm_cli.data.sink import WriteOptions
from zm_cli.errors import DataError, UsageError, escape_controls
from zm_cli.formats.npy.choose import ERRORS, SUFFIX, sign_file
from zm_cli.formats.npy.pack import pack_archive
from zm_cli.formats.npy.receipts import extend_receipt
from zm_cli.formats.npy.writer import ArrayWriter
from zm_cli.formats.shared.examples import LISTED
from zm_cli.formats.shared.npy_header import NpyHeader
from zm_cli.formats.shared.receipt_beside import draft_receipt, hash_file
from zm_cli.inputs.name_lists import list_few
from zm_cli.outputs.draft import Draft
from zm_cli.outputs.shard_record import add_to_shard, is_later_shard

if TYPE_CHECKING:
    from zm_cli.formats.npy.source import NpySource


def check_name(output: str, *, archive: bool) -> None:
    """Raises UsageError for an output without the suffix of a single array, or with `archive` of an archive."""
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

    `encode` may be called from several threads at once, the other methods only from one. Raises DataError if the input
    cannot be read or the output cannot be written.
    """

    encodes_to = None

    def __init__(self, source: NpySource, output: str, options: WriteOptions) -> None:
        self.notes: list[str] = []
        self._source = source
        self._output = output
        features = options.features
        other_rank = features is not None and len(features.axes) != len(source.header.shape)
        axis = 0 if other_rank else source.axis
        self._receipt = add_to_shard(options.receipt, axis=axis, total=source.total)
        self._alone = is_later_shard(options.receipt)
        self._dtype = options.dtype.newbyteorder("=")
        shape = [size or 0 for size in (source.spec if features is None else features).sample_shape]
        shape.insert(axis, source.spec.samples or 0)
        self._draft = Draft(Path(output))
        if self._alone and (kept := source.facts().kept):
            named = list_few(list(map(escape_controls, kept)), LISTED)
            self.notes.append(f"other arrays are in the first part only: {named}")
        # The array of an archive is packed when it is complete; until then it is a separate file.
        self._array_draft = Draft(Path(f"{output}{SUFFIX}")) if source.array.name else self._draft
        header = NpyHeader(self._dtype, tuple(shape), source.header.fortran_order)
        with self._failures_explained():
            self._writer = ArrayWriter(self._array_draft.path, header, axis)

    def __getstate__(self) -> dict[str, Any]:
        return {"_dtype": self._dtype}

    def encode(self, block: Block) -> NDArray[Any]:
        """Returns the block's values in the output's dtype, C-contiguous, the sample axis first."""
        return np.ascontiguousarray(block.values, self._dtype)

    def write(self, encoded: NDArray[Any]) -> None:
        """Appends encoded samples along the sample axis; raises DataError if that fails."""
        with self._failures_explained():
            self._writer.write(encoded)

    def commit(self) -> None:
        """Completes the file, and gives it and its receipt their names; raises DataError if that fails."""
        with self._failures_explained():
            self._writer.close()
            if self._array_draft is not self._draft:
                name, array = self._source.array.name, self._array_draft.path
                pack_archive(self._source.path, name, array, self._draft.path, alone=self._alone)
                self._array_draft.discard()
                self._check_unchanged()
            digest, nbytes = hash_file(self._draft.path), self._draft.path.stat().st_size
            # The receipt is committed first: it fits no other file, but a file without it might be centered twice.
            draft_receipt(self._output, self._describe_array(), nbytes, digest).commit()
            self._draft.commit()

    def discard(self) -> None:
        """Removes what was written; does nothing after `commit`."""
        if hasattr(self, "_writer"):
            self._writer.close()
        self._array_draft.discard()
        self._draft.discard()

    def _describe_array(self) -> Mapping[str, Any]:
        """Returns the receipt; for an archive, it names the array and keeps the receipts of the other arrays."""
        name = self._source.array.name
        if not name:
            return self._receipt
        return extend_receipt(self._receipt, None if self._alone else self._source.path, name)

    def _check_unchanged(self) -> None:
        """Raises DataError if the archive has changed since it was opened, because its members were read again."""
        path = self._source.path
        if sign_file(path) != self._source.signature:
            raise DataError(
                "changed while it was read", where=path, hint="run zm again when no other program writes to it"
            )

    @contextmanager
    def _failures_explained(self) -> Iterator[None]:
        """Discards everything if an error is raised inside;
        raises those of the file system and the archive as DataError."""
        try:
            yield
        except BaseException as error:
            self.discard()
            if isinstance(error, ERRORS):
                reason = getattr(error, "strerror", None) or str(error)
                raise DataError(f"cannot be written: {reason}", where=self._output) from error
            raise
