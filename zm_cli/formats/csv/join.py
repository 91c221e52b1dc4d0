"""Joins the parts of a table: their texts in order are the text that a single run would have written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

from zm_cli.data.format import JoinRequest
from zm_cli.errors import DataError
from zm_cli.formats.csv.compression import GZIP, ZSTD, make_compressor, read_gzip, read_zstd
from zm_cli.formats.csv.sink import check_output_name
from zm_cli.formats.csv.stored import Readable, StoredFile
from zm_cli.formats.shared.receipt_beside import draft_receipt
from zm_cli.outputs.draft import Draft

COPY_BYTES = 1 << 20


def join_tables(request: JoinRequest) -> Sequence[str]:
    """Writes the text of all parts to the output, compressed if its suffix says so, with the receipt beside it.

    Returns no notes. Raises UsageError for a name that such a table cannot have, DataError if a part cannot be read or
    the output cannot be written.
    """
    import xxhash

    output, receipt = request.output, request.receipt
    check_output_name(output, str(receipt.get("delimiter", ",")).encode())
    compressor, hasher, nbytes = make_compressor(Path(output).suffix.lower()), xxhash.xxh3_128(), 0
    draft = Draft(Path(output))
    with draft.writing():
        with draft.path.open("wb") as file:
            for part in request.parts:
                for text in _read_text(part.path):
                    data = compressor.compress(text) if compressor else text
                    nbytes += file.write(data)
                    hasher.update(data)
                request.tick()
            data = compressor.flush() if compressor else b""
            nbytes += file.write(data)
            hasher.update(data)
        # The receipt is committed first: it fits no other table, but a table without it might be centered twice.
        draft_receipt(output, receipt, nbytes, hasher.hexdigest()).commit()
        draft.commit()
    return ()


def _read_text(path: str) -> Iterator[bytes]:
    """Yields the text of a file in its own encoding, without its compression; raises DataError if it cannot be read."""
    import zstandard
    from isal import isal_zlib

    try:
        with open(path, "rb", buffering=0) as file:
            stored = StoredFile(file)
            head = stored.read(4)
            stored.unread(head)
            text: Readable = stored
            if head.startswith(GZIP):
                text = read_gzip(stored)
            elif head.startswith(ZSTD):
                text = read_zstd(stored)
            while data := text.read(COPY_BYTES):
                yield data
    except (OSError, EOFError, cast("type[Exception]", isal_zlib.IsalError), zstandard.ZstdError) as error:
        reason = getattr(error, "strerror", None) or str(error) or "it ends too early"
        raise DataError(f"cannot be read: {reason}", where=path) from error
