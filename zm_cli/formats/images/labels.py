"""Labels: the class of every image as a number, the same in all data that the same statistics are applied to."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zm_cli.data.sink import WriteOptions
from zm_cli.errors import DataError
from zm_cli.formats.images.classes import Folders, find_folders, find_splits
from zm_cli.formats.shared.split_names import is_split, mentions_training
from zm_cli.inputs.name_lists import MAX_NAMES, quote_few
from zm_cli.inputs.option_text import spell_names
from zm_cli.suggest import find_near

if TYPE_CHECKING:
    from zm_cli.formats.images.source import ImageSource

NO_CLASS = -1
"""The label of images that are not in the folder of a class."""


@dataclass(frozen=True)
class Labels:
    """How images are labelled: by the index in `classes` of the folder that they are in.

    `classes` are those of the statistics; None: those of the images that are written are numbered. `has_statistics`
    says whether there are statistics that could have named them. `folders` are those of the source at `path`, and
    `operation` is what is done to it. `labelled` says whether there are labels at all, `is_part` whether the images are
    one part of the data (`--shard`).
    """

    path: str
    folders: Folders
    classes: tuple[str, ...] | None
    has_statistics: bool
    operation: str
    labelled: bool
    is_part: bool

    @classmethod
    def of_source(cls, source: ImageSource, options: WriteOptions) -> Labels:
        """Returns the labels of a source; raises DataError for a class that the statistics do not name,
        unless forced."""
        folders = source.folders
        known = source.known_classes
        # Statistics of earlier versions may take splits for classes.
        classes = None if not known or find_splits(known) else known
        strange = [] if classes is None else [name for name in folders.classes if name not in set(classes)]
        if strange and not options.force:
            what = "a class" if len(strange) == 1 else "classes"
            raise DataError(
                f"has {what} that the statistics do not name: {quote_few(strange)}",
                where=source.path,
                hint=_advise(strange, classes or ()),
            )
        is_part = source.spec.shard is not None
        # Labels must not depend on the images that lie in one part.
        every = find_folders(source.possible_files) if is_part else folders
        labelled = bool(every.classes)
        if is_part and classes is None:
            classes = tuple(sorted(every.classes))
        operation = str(options.receipt.get("operation", "center"))
        return cls(source.path, folders, classes, known is not None, operation, labelled, is_part)

    def number(self, paths: Sequence[str]) -> tuple[tuple[str, ...], list[int]]:
        """Returns the names of the classes, and the label of each image by its relative path;
        both are empty without classes."""
        if not self.labelled:
            return (), []
        # Only classes of images that were written: --on-error skip may leave out all images of a class.
        classes = tuple(sorted(self._list_classes(paths))) if self.classes is None else self.classes
        index = {name: label for label, name in enumerate(classes)}
        return classes, [index.get(_find_folder(path), NO_CLASS) for path in paths]

    def explain(self, paths: Iterable[str]) -> Iterator[str]:
        """Yields notes on the labels of the images with these relative paths."""
        found, splits = list(self.folders.classes), list(self.folders.splits)
        if splits:
            yield self._explain_splits(splits)
        if doubtful := list(filter(is_split, found)):
            yield f"{quote_few(doubtful)} is taken for a class: it lies beside others and has no folders of its own"
        if self.classes is None:
            if found and self.has_statistics:
                classes, _ = self.number(list(paths))
                numbered = quote_few([f"{name} {label}" for label, name in enumerate(classes)])
                yield (
                    f"the statistics do not name classes; labels are numbered by those of {self.path} alone: {numbered}"
                )
            return
        if not found:
            if not splits and not self.is_part:
                yield f"{self.path}: no image is in the folder of a class, so there are no labels"
            return
        here = self._list_classes(paths)
        if strange := [name for name in found if name not in self.classes]:
            yield f"classes that the statistics do not name, whose images get the label -1: {quote_few(strange)}"
        missing = [name for name in self.classes if name not in here]
        if missing and not self.is_part:
            yield f"classes of the statistics without images here: {quote_few(missing)}"

    def _explain_splits(self, splits: Sequence[str]) -> str:
        one = len(splits) == 1
        named = f"{quote_few(splits)} {'is named like a split' if one else 'are named like splits'} and not"
        named += " taken for a class" if one else " taken for classes"
        if self.folders.classes:
            patterns = spell_names(f"{name}/" for name in splits)
            return f"{named}; images there get the label -1, --exclude {patterns} leaves them out"
        # Images that lie directly in a split would have no labels there either.
        parted = [name for name in splits if name in self.folders.parted]
        if not parted:
            return f"{named}, so there are no labels"
        first = next(filter(mentions_training, parted), parted[0])
        output = f"{first}.h5"
        path = shlex.quote(os.path.join(self.path, first))
        others = "" if len(parted) == 1 else f", and the others with --stats {shlex.quote(output)}.stats.json"
        return (
            f"{named}, so there are no labels; for labels, write each alone: "
            f"zm {self.operation} {path} -o {shlex.quote(output)}{others}"
        )

    def _list_classes(self, paths: Iterable[str]) -> set[str]:
        return {folder for path in paths if (folder := _find_folder(path)) in self.folders.classes}


def _find_folder(path: str) -> str:
    folder, slash, _ = path.partition("/")
    return folder if slash else ""


def _advise(strange: Sequence[str], classes: Sequence[str]) -> str:
    near = find_near(strange[0], classes)
    meant = f"is '{near}' meant? " if near else ""
    patterns = spell_names(f"{name}/" for name in strange[:MAX_NAMES])
    return f"{meant}--exclude {patterns} leaves their images out, --force gives them the label -1"
