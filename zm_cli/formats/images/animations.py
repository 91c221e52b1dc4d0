"""Decodes the frames of animations in order, because each is drawn over the one before."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from zm_cli.formats.images.ahead import open_file
from zm_cli.formats.images.pictures import open_picture, orientation

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

_MAX_OPEN = 8
"""The most animations that are kept open between two reads."""


class Animation:
    """A file with several frames, decoded up to one of them."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.number = 0
        self._file = open_file(path)
        try:
            self._picture: ImageFile = open_picture(self._file)
        except BaseException:
            self._file.close()
            raise

    def decode(self, number: int) -> tuple[Image, int]:
        """Returns the frame with this number, counted from 1, and its orientation; it must come after the last one
        decoded.

        The picture is valid until the next call. Raises one of `broken()` if the frame or an earlier one is damaged.
        """
        while self.number < number:
            self._picture.seek(self.number)
            turn = orientation(self._picture)
            self._picture.load()
            self.number += 1
        return self._picture, turn

    def close(self) -> None:
        """Closes the file."""
        self._picture.close()
        self._file.close()


class Animations:
    """Animations that stay open between two reads, so that none is decoded from its start for each of its parts.

    It pickles without them. Safe to use from several threads at once.
    """

    def __init__(self) -> None:
        self._idle: list[Animation] = []
        self._damaged: dict[str, tuple[int, BaseException]] = {}
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type[Animations], tuple[()]]:
        return Animations, ()

    def take(self, path: str, number: int) -> Animation:
        """Returns an animation of the file that can still decode the frame `number`, for this caller alone.

        Raises the error that was given to `drop`, if it is about this frame or an earlier one.
        """
        with self._lock:
            fault = self._damaged.get(path)
            fitting = [each for each in self._idle if each.path == path and each.number < number]
            found = max(fitting, key=lambda each: each.number, default=None)
            if found is not None:
                self._idle.remove(found)
        if fault is not None and fault[0] <= number:
            raise fault[1].with_traceback(None)
        return Animation(path) if found is None else found

    def give_back(self, animation: Animation) -> None:
        """Keeps an animation for the next caller."""
        with self._lock:
            self._idle.append(animation)
            dropped = self._idle.pop(0) if len(self._idle) > _MAX_OPEN else None
        if dropped is not None:
            dropped.close()

    def drop(self, animation: Animation, error: BaseException) -> None:
        """Closes an animation whose next frame raised `error`, as all later ones would."""
        with self._lock:
            self._damaged[animation.path] = animation.number + 1, error
        animation.close()

    def close(self) -> None:
        """Closes all animations that are kept open."""
        with self._lock:
            idle, self._idle = self._idle, []
            self._damaged.clear()
        for animation in idle:
            animation.close()
