"""Where a dataset is; opens it there, and leaves the file only if that is allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from zm_cli.errors import DataError, UsageError
from zm_cli.formats.hdf5.external import find_other_file
from zm_cli.formats.hdf5.links import ExternalLink, follow
from zm_cli.formats.hdf5.names import encode_name, format_name
from zm_cli.outputs.hdf5_errors import H5PY_ERRORS, explain_error


@dataclass(frozen=True)
class Location:
    """A dataset's path `name` in the file at `path`; with `allow_external`, its values may come from other files."""

    path: str
    name: str
    allow_external: bool

    def __str__(self) -> str:
        return f"{self.path}: {format_name(self.name)}"

    def open_item(self, file: Any) -> Any | None:
        """Returns the h5py object (`Dataset`, `Group`, `Datatype`) at this location of the open `file`; None if there
        is none.

        Raises UsageError if the path leads to another file and that is not allowed, DataError if such a link cannot be
        followed.
        """
        found = follow(file.id, encode_name(self.name))
        if not isinstance(found, ExternalLink):
            return None if found is None else _wrap(found)
        if not self.allow_external:
            raise UsageError(
                found.describe(), where=str(self), hint="--allow-external follows it; or give that file itself"
            )
        try:
            return file[encode_name(self.name)]
        except H5PY_ERRORS as error:
            what = f"{found.describe()}, which cannot be followed: {explain_error(error)}"
            raise DataError(what, where=str(self)) from error

    def open_dataset(self, file: Any) -> Any:
        """Returns the `h5py.Dataset` at this location of the open `file`.

        Raises UsageError if it leads to another file and that is not allowed; DataError if it is no longer a dataset.
        """
        import h5py

        dataset = self.open_item(file)
        if not isinstance(dataset, h5py.Dataset):
            raise DataError("is no longer there", where=str(self))
        self.check_self_contained(dataset)
        return dataset

    def check_self_contained(self, dataset: Any) -> None:
        """Raises UsageError if values of the `h5py.Dataset` at this location lie in other files and
        that is not allowed."""
        if self.allow_external:
            return
        try:
            elsewhere = find_other_file(dataset.id, self.path)
        except H5PY_ERRORS as error:
            raise DataError(f"cannot be read: {explain_error(error)}", where=str(self)) from error
        if elsewhere is not None:
            raise UsageError(elsewhere, where=str(self), hint="--allow-external reads other files, too")


def _wrap(item: Any) -> Any:
    """Returns the high-level h5py object for a low-level id."""
    import h5py
    from h5py import h5d, h5g

    if isinstance(item, h5d.DatasetID):
        return h5py.Dataset(item)
    return h5py.Group(item) if isinstance(item, h5g.GroupID) else h5py.Datatype(item)
