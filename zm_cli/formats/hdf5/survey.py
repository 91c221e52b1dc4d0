"""Lists what an HDF5 file holds, if it is not known which dataset is meant or if none can be measured."""

from __future__ import annotations

import math
import shlex
from typing import Any

from zm_cli.data.survey import Content, Survey
from zm_cli.errors import DataError
from zm_cli.formats.hdf5.access import open_file
from zm_cli.formats.hdf5.candidates import HIDDEN, MAX_RANK, explain_passed_over, explain_unusable, find_candidates
from zm_cli.formats.hdf5.choose import find_example
from zm_cli.formats.hdf5.datasets import describe_type, list_datasets
from zm_cli.formats.hdf5.external import is_external, is_virtual, stored_shape
from zm_cli.formats.hdf5.links import describe_external_links
from zm_cli.formats.hdf5.matlab import has_mark
from zm_cli.formats.hdf5.names import format_name
from zm_cli.outputs.hdf5_errors import H5PY_ERRORS, explain_error
from zm_cli.running.time_limit import limited


def survey_file(path: str) -> Survey:
    """Returns every dataset of the HDF5 file at `path`; opens no other file. Raises DataError if it cannot be read."""
    with limited(path), open_file(path) as file:
        try:
            everything = list_datasets(file)
            datasets = [entry for entry in everything if not entry[0].startswith(HIDDEN)]
            contents = tuple(_describe(*entry) for entry in datasets)
            candidates = find_candidates(datasets)
            count = len(everything) - len(datasets)
            facts = {
                "written by": "MATLAB 7.3, which stores axes in reverse" if has_mark(file) else "",
                "cells hold": f"{count:,} more dataset{'s' * (count > 1)}" if count else "",
                "external links": describe_external_links(file),
            }
        except H5PY_ERRORS as error:
            raise DataError(f"its contents cannot be listed: {explain_error(error)}", where=path) from error
        advice = f"give a file with an array of numbers of 1 to {MAX_RANK} axes"
        if facts["external links"]:
            advice += ", or follow a link to another file with --dataset and --allow-external"
        if candidates:
            advice = f"try: zm inspect {shlex.quote(path)} --dataset {shlex.quote(find_example(candidates))}"
    found = {name: text for name, text in facts.items() if text}
    return Survey("HDF5 file", "dataset", contents, len(candidates), advice, found)


def _describe(path: str, dataset: Any) -> Content:
    shape = stored_shape(dataset.id)
    unusable = explain_unusable(dataset)
    elsewhere = "virtual" if is_virtual(dataset.id) else "in another file" if is_external(dataset.id) else ""
    remarks = (unusable, explain_passed_over(path, dataset), elsewhere)
    return Content(
        name=format_name(path),
        type=describe_type(dataset),
        shape=shape,
        nbytes=None if shape is None else math.prod(shape) * int(dataset.id.get_type().get_size()),
        usable=unusable is None,
        remark=", ".join(remark for remark in remarks if remark),
    )
