"""Surveys what cannot be measured: what a file or folder contains, why it is not measured, and how to go on."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zm_cli.data.options import ReadOptions
from zm_cli.data.source import Source
from zm_cli.data.survey import Content, Survey
from zm_cli.errors import DataError, NothingToMeasureError, UsageError, ZmError
from zm_cli.formats import detect, formats
from zm_cli.formats.shared.foreign import find_foreign
from zm_cli.pipeline.describing.folder import survey_folder


@dataclass(frozen=True)
class SurveyResult:
    """What is known of a file or folder that is not measured, and the error that says why.

    `kind` is None for a folder without images, and for an empty file whose name does not tell its kind.
    """

    path: str
    kind: str | None
    nbytes: int
    survey: Survey
    reason: ZmError

    @property
    def is_sound(self) -> bool:
        """Whether the data are sound, and the user only has to choose a dataset, or there is nothing to measure."""
        return isinstance(self.reason, NothingToMeasureError) or self.survey.choices > 1

    @property
    def advice(self) -> str | None:
        """How to go on; None if that is not known."""
        return self.survey.advice or self.reason.hint

    def to_document(self) -> dict[str, Any]:
        """Returns what is known as JSON values."""
        return {
            "format": "zm-survey",
            "version": 1,
            "path": self.path,
            "kind": self.kind,
            "noun": self.survey.noun,
            "bytes": self.nbytes,
            "choices": self.survey.choices,
            "contents": [_to_document(content) for content in self.survey.contents],
            "facts": dict(self.survey.facts),
            "reason": self.reason.what,
            "advice": self.advice,
            "notes": [],
            "warnings": [],
        }


def survey_path(path: str, options: ReadOptions, kind: str | None, reason: ZmError) -> SurveyResult | None:
    """Returns what is at `path`, which could not be opened for this reason.

    None if nothing more is known than the reason says: no such file, standard input, a file that zm does not read.
    """
    if not os.path.exists(path) or not (os.path.isfile(path) or os.path.isdir(path)):
        return None
    try:
        entry = detect(path, kind)
    except NothingToMeasureError:
        return SurveyResult(path, None, 0, Survey("file", ""), reason)
    except UsageError:
        return None
    foreign = find_foreign(path)
    if foreign is not None and foreign.kind != entry.kind:
        return None
    own_options = {name: value for name, value in options.to_dict().items() if name in entry.option_names}
    try:
        found = entry.survey(path, ReadOptions(**own_options)) if os.path.isdir(path) or os.path.getsize(path) else None
    except DataError:
        found = None
    if found is None and os.path.isdir(path):
        folder = survey_folder(path)
        return SurveyResult(path, None, _sum_sizes(folder), folder, reason)
    if found is None:
        return SurveyResult(path, entry.kind, os.path.getsize(path), Survey(entry.noun, ""), reason)
    nbytes = _sum_sizes(found) if os.path.isdir(path) else os.path.getsize(path)
    return SurveyResult(path, entry.kind, nbytes, found, reason)


def survey_source(source: Source, reason: ZmError) -> SurveyResult:
    """Returns what is known, without its values, of an opened source that could not be measured for this reason."""
    facts, spec = source.facts(), source.spec
    noun = formats()[spec.kind].noun
    known: Mapping[str, str] = {
        "samples": "" if spec.samples is None else f"{spec.samples:,}",
        "shapes": ", ".join(list(facts.shapes)[:5]),
        **facts.others,
    }
    columns = tuple(Content(name) for name in spec.names or ()) if spec.axes == "NC" else ()
    survey = Survey(noun, "column", columns, facts={name: text for name, text in known.items() if text})
    return SurveyResult(source.path, spec.kind, facts.nbytes, survey, reason)


def _sum_sizes(survey: Survey) -> int:
    return sum(content.nbytes or 0 for content in survey.contents)


def _to_document(content: Content) -> dict[str, Any]:
    return {
        "name": content.name,
        "type": content.type,
        "shape": None if content.shape is None else list(content.shape),
        "bytes": content.nbytes,
        "count": content.count,
        "usable": content.usable,
        "remark": content.remark,
    }
