"""Reads what lies beside the values of an array: labels, weights and a mask, each from an array of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.block import Block, Labels, Span, Values
from zm_cli.errors import DataError
from zm_cli.formats.shared.sampling import SampleRange

TEXTS_AT_ONCE = 1 << 16
"""The number of labels that are held as text at a time: a block of small samples may have millions."""
BOOLEANS = {0: "False", 1: "True"}


class Rows(Protocol):
    """Reads entries of an array along the sample axis, which comes first; safe to use from several threads at once."""

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Returns the entries from `start` to `stop`, (stop - start, ...); booleans as uint8, text as bytes or str."""
        ...


@dataclass(frozen=True)
class Entries:
    """An array with one label or weight for each sample; `where` names it in messages.

    `names` are the names of labels that are stored as numbers; None: a number is its own name. With `named`, a number
    without a name is not a label. Numbers in `missing` are neither labels nor weights.
    """

    rows: Rows
    where: str
    names: Mapping[int, str] | None = None
    named: bool = False
    missing: tuple[float, ...] = ()


@dataclass(frozen=True)
class Mask:
    """An array that is not 0 where values are missing; `extents` is its shape as in `MaskFit`."""

    rows: Rows
    extents: tuple[int, ...]


class ReadBeside(NamedTuple):
    """What was read beside the values of some samples, as a Block holds it; `digested` are the bytes of all of it."""

    labels: Labels | None
    weights: NDArray[np.float64] | None
    masked: NDArray[np.bool_] | None
    digested: bytes


@dataclass(frozen=True)
class Beside:
    """The arrays beside the data; None for those that were not asked for."""

    labels: Entries | None = None
    weights: Entries | None = None
    mask: Mask | None = None

    def read(self, address: SampleRange, shape: tuple[int, ...]) -> ReadBeside:
        """Returns what belongs to the samples of a range, whose values have this shape. Raises DataError for values
        that are not labels or weights, and the errors of the arrays' readers."""
        labels = None if self.labels is None else read_labels(self.labels, address)
        weights = None if self.weights is None else read_weights(self.weights, address)
        masked = None if self.mask is None else _read_mask(self.mask, address)
        parts: list[bytes] = []
        if labels is not None:
            parts += [labels.codes.tobytes(), "\0".join(labels.names).encode()]
        parts += [part.tobytes() for part in (weights, masked) if part is not None]
        wide = None if masked is None else np.broadcast_to(masked, shape)
        return ReadBeside(labels, weights, wide, b"\0".join(parts))

    def make_block(self, span: Span, values: Values) -> Block:
        """Returns the block of a span, whose address is a SampleRange, with these values and what lies beside them.

        Everything is in its digest. Raises DataError as `read` does.
        """
        import xxhash

        address: SampleRange = span.address
        beside = self.read(address, values.shape)
        digest = xxhash.xxh3_128(values.reshape(-1).view(np.uint8).data)
        digest.update(beside.digested)
        return Block(
            span,
            values,
            digest.digest(),
            numbers=address.numbers,
            labels=beside.labels,
            weights=beside.weights,
            masked=beside.masked,
        )


def read_labels(entries: Entries, address: SampleRange) -> Labels:
    """Returns the labels of the samples of a range; empty text and NaN are not labels.

    Raises DataError for a number that is not whole, and the errors of the array's reader.
    """
    first = entries.rows.read(address.start, min(address.stop, address.start + TEXTS_AT_ONCE))
    if first.dtype.kind in "OSU":
        return _keep_used(name_texts(_read_texts(entries.rows, first, address), address.stop - address.start), address)
    rest = entries.rows.read(address.start + len(first), address.stop) if len(first) < _count(address) else first[:0]
    numbers = address.pick(np.concatenate([first.reshape(-1), rest.reshape(-1)]))
    return _name_numbers(numbers, entries, address)


def read_weights(entries: Entries, address: SampleRange) -> NDArray[np.float64]:
    """Returns the weights of the samples of a range, shape (samples,);
    raises DataError for a negative or infinite one, or NaN."""
    numbers = address.pick(entries.rows.read(address.start, address.stop).reshape(-1))
    weights = numbers.astype(np.float64)
    bad = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)) | np.isin(numbers, entries.missing))
    if len(bad):
        raise DataError(
            f"the weight of sample {address.numbers[int(bad[0])]:,} is {numbers[bad[0]]:g}",
            where=entries.where,
            hint="weights are finite and not negative",
        )
    return weights


def name_texts(texts: Iterable[Any], number: int) -> Labels:
    """Returns the labels in `number` texts, bytes or str, without the spaces around them;
    an empty text is not a label."""
    seen: dict[Any, int] = {}
    found = np.fromiter((seen.setdefault(text, len(seen)) for text in texts), np.int64, number)
    return _merge_names([_read_name(text) for text in seen], found)


def _count(address: SampleRange) -> int:
    return address.stop - address.start


def _read_texts(rows: Rows, first: NDArray[Any], address: SampleRange) -> Iterator[Any]:
    yield from first.reshape(-1).tolist()
    for start in range(address.start + len(first), address.stop, TEXTS_AT_ONCE):
        yield from rows.read(start, min(address.stop, start + TEXTS_AT_ONCE)).reshape(-1).tolist()


def _read_name(text: Any) -> str:
    if isinstance(text, bytes):
        try:
            text = text.decode()
        except UnicodeDecodeError:
            # Text of fixed length has no encoding declared.
            text = text.decode("latin-1")
    # A lone surrogate, which an array can hold, cannot be written to a file.
    name: str = text.encode("utf-8", "replace").decode()
    return name.strip("\0").strip()


def _merge_names(names: Sequence[str], codes: NDArray[np.int64]) -> Labels:
    """Returns the labels with these codes into `names`, some of which may be equal; empty names are not labels."""
    index: dict[str, int] = {}
    merged = [index.setdefault(name, len(index)) if name else -1 for name in names]
    return Labels(np.array(merged, np.int64)[codes], tuple(index))


def _name_numbers(numbers: NDArray[Any], entries: Entries, address: SampleRange) -> Labels:
    missing = np.isin(numbers, entries.missing)
    missing |= np.isnan(numbers) if numbers.dtype.kind == "f" else False
    if numbers.dtype.kind == "f":
        odd = np.flatnonzero(~missing & ((np.trunc(numbers) != numbers) | np.isinf(numbers)))
        if len(odd):
            raise DataError(
                f"the label of sample {address.numbers[int(odd[0])]:,} is {numbers[odd[0]]:g}",
                where=entries.where,
                hint="labels are whole numbers or text",
            )
    names = entries.names or {}
    if entries.named:
        missing |= ~np.isin(numbers, list(names))
    found, positions = np.unique(numbers[~missing], return_inverse=True)
    labels = _merge_names([names.get(int(value), str(int(value))) for value in found], positions.reshape(-1))
    codes = np.full(len(numbers), -1, np.int64)
    codes[~missing] = labels.codes
    return Labels(codes, labels.names)


def _keep_used(labels: Labels, address: SampleRange) -> Labels:
    """Returns the labels of the picked samples of a range, whose labels these are."""
    if address.picked is None:
        return labels
    return Labels(labels.codes[list(address.picked)], labels.names).drop_unused()


def _read_mask(mask: Mask, address: SampleRange) -> NDArray[np.bool_]:
    stored = address.pick(mask.rows.read(address.start, address.stop))
    hidden: NDArray[np.bool_] = (stored != 0).reshape(len(stored), *mask.extents)
    return hidden
