"""Creates the HDF5 file of an output, with the properties of its input."""

from __future__ import annotations

from typing import Any

from zm_cli.formats.hdf5.properties import file_creation_list, needs_new_headers
from zm_cli.outputs.draft import Draft
from zm_cli.outputs.hdf5_file import OutputFile


def create_file(like: Any, draft: Draft, output_file: OutputFile) -> Any:
    """Returns a new `h5py.File` that is written to `output_file`, the file of `draft`, with the properties of the
    `h5py.File` `like`. Raises H5PY_ERRORS if it cannot be created."""
    import h5py
    from h5py import h5f, h5fd, h5p

    access = h5p.create(h5p.FILE_ACCESS)
    access.set_fclose_degree(h5f.CLOSE_STRONG)
    # The oldest format that will do, so that old readers can read the file; copied objects may have the newest one.
    access.set_libver_bounds(h5f.LIBVER_V18 if needs_new_headers(like) else h5f.LIBVER_EARLIEST, h5f.LIBVER_LATEST)
    access.set_fileobj_driver(h5fd.fileobj_driver, output_file)
    name = draft.path.name.encode("utf-8", "replace")
    return h5py.File(h5f.create(name, h5f.ACC_TRUNC, file_creation_list(like), access))
