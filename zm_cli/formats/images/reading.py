"""Reads the files and frames of spans one after another, whatever is then done with their pixels."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any, NamedTuple

from numpy.typing import NDArray

from zm_cli.data.block import Skipped, Span
from zm_cli.formats.images.ahead import open_file, read_ahead
from zm_cli.formats.images.animations import Animations
from zm_cli.formats.images.decode import Decoding, decode_frame, decode_page
from zm_cli.formats.images.frames import SEPARATOR
from zm_cli.formats.images.limits import limit_pillow
from zm_cli.formats.images.pictures import broken, make_file_error, quieten, say_why
from zm_cli.formats.images.tiff import start_at
from zm_cli.running.guard import get_file_note

Shape = tuple[int, int, int]


class Place(NamedTuple):
    """Where a sample is in its file: the number of its frame (0: the first),
    and the offset of its page (0: not a TIFF)."""

    number: int
    offset: int


class Address(NamedTuple):
    """The address of a span: the relative paths of its samples and their shape (H,W,C).

    `places` says where each sample is in its file; None if each sample is a whole file.
    """

    paths: tuple[str, ...]
    shape: Shape
    places: tuple[Place, ...] | None = None


class Visited(NamedTuple):
    """The samples of some spans: the relative paths of those that were decoded, those that were skipped,
    and a hash for each span."""

    kept: list[str]
    skipped: list[Skipped]
    digest: bytes


class Reader:
    """Reads spans. It pickles without its open files; safe to use from several threads at once.

    With `skip`, samples that cannot be decoded are left out; otherwise, one raises DataError, naming the file.
    """

    def __init__(self, base: str, decoding: Decoding, max_pixels: int, *, skip: bool) -> None:
        self._base = base
        self._decoding = decoding
        self._max_pixels = max_pixels
        self._skip = skip
        self._animations = Animations()

    def read_files(self, spans: Sequence[Span], use: Callable[[bytes, str, Shape, int], None]) -> Visited:
        """Calls `use` for every file of the spans with its bytes, its relative path, its shape (H,W,C), and the number
        of files before it that could be used."""
        from xxhash import xxh3_128

        self._prepare()
        seen = Visited([], [], b"")
        note_file = get_file_note()
        digests: list[bytes] = []
        full_paths = [os.path.join(self._base, path) for span in spans for path in span.address.paths]
        with closing(read_ahead(full_paths)) as files:
            following = zip(full_paths, files, strict=True)
            for span in spans:
                address: Address = span.address
                digest = xxh3_128()
                for path, (where, data) in zip(address.paths, following, strict=False):
                    digest.update(os.fsencode(path) + b"\0")
                    note_file(where)
                    try:
                        if not isinstance(data, bytes):
                            raise data
                        digest.update(data)
                        use(data, path, address.shape, len(seen.kept))
                    except broken() as error:
                        self._leave_out(seen, path, where, error)
                    else:
                        seen.kept.append(path)
                digests.append(digest.digest())
        return seen._replace(digest=b"".join(digests))

    def read_frames(self, address: Address, allocate: Callable[[int], NDArray[Any]]) -> Visited:
        """Decodes the frames of a span, each into the array (H,W,C) that `allocate` returns for the number of frames
        decoded before it. The digest is that of their values."""
        from xxhash import xxh3_128

        self._prepare()
        seen = Visited([], [], b"")
        note_file = get_file_note()
        digest = xxh3_128()
        for path, place in zip(address.paths, address.places or (), strict=True):
            file = os.path.join(self._base, path.rpartition(SEPARATOR)[0] if place.number else path)
            digest.update(os.fsencode(path) + b"\0")
            note_file(file)
            try:
                out = allocate(len(seen.kept))
                if place.offset:
                    self._read_page(file, place.offset, out)
                else:
                    self._read_frame(file, place.number, out)
                digest.update(out.tobytes())
            except broken() as error:
                self._leave_out(seen, path, os.path.join(self._base, path), error)
            else:
                seen.kept.append(path)
        return seen._replace(digest=digest.digest())

    def close(self) -> None:
        """Closes the animations that were read in this process."""
        self._animations.close()

    def _read_page(self, path: str, offset: int, out: NDArray[Any]) -> None:
        with open_file(path) as file, start_at(file, offset) as page:
            decode_page(page, self._decoding, out)

    def _read_frame(self, path: str, number: int, out: NDArray[Any]) -> None:
        animation = self._animations.take(path, number)
        try:
            picture, turn = animation.decode(number)
        except broken() as error:
            self._animations.drop(animation, error)
            raise
        try:
            decode_frame(picture, turn, self._decoding, out)
        finally:
            self._animations.give_back(animation)

    def _prepare(self) -> None:
        quieten()
        limit_pillow(self._max_pixels)

    def _leave_out(self, seen: Visited, path: str, where: str, error: BaseException) -> None:
        if not self._skip:
            raise make_file_error(where, error) from error
        seen.skipped.append(Skipped(path, say_why(error)))
