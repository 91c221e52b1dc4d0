"""The images format: a folder of pictures or arrays, or one such file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zm_cli.data.format import Confidence, Format, JoinRequest, OpeningTick, ignore_opening
from zm_cli.data.options import ReadOptions
from zm_cli.formats.images.options import (
    AS_STORED,
    EXIF,
    FRAMES,
    INCLUDE,
    LOSSY,
    MAX_PIXELS,
    MODE,
    RESIZE,
)
from zm_cli.formats.images.suffixes import ARRAY, is_image_suffix, suffix_of
from zm_cli.formats.shared.options import (
    BY,
    CLASSES,
    EXCLUDE,
    FILES,
    LIMIT,
    MASK_AND_SCALE,
    ON_ERROR,
    SAMPLE,
    SEED,
    SHARD,
)

if TYPE_CHECKING:
    from zm_cli.data.source import Source
    from zm_cli.data.spec import Spec
    from zm_cli.data.survey import Survey
    from zm_cli.running.plan import Plan


def recognize(path: Path) -> Confidence | None:
    """Returns BY_NAME if `path` has the suffix of a picture, POSSIBLE for a folder or a `.npy` file;
    None for other files."""
    if path.is_dir():
        return Confidence.POSSIBLE
    if suffix_of(path.name) == ARRAY:
        from zm_cli.formats.images.arrays import is_image_array

        return Confidence.POSSIBLE if is_image_array(path) else None
    return Confidence.BY_NAME if is_image_suffix(path.name) else None


def _open(path: str, options: ReadOptions, plan: Plan | None = None, tick: OpeningTick = ignore_opening) -> Source:
    from zm_cli.formats.images.source import ImageSource

    return ImageSource(path, options, plan, tick)


def _find_receipt(output: str, options: ReadOptions) -> Mapping[str, Any] | None:
    from zm_cli.formats.images.listing import read_receipt
    from zm_cli.formats.images.tree_sink import digest_names, sum_sizes

    receipt = read_receipt(output) if Path(output).is_dir() else None
    if receipt is None or receipt.get("files") != digest_names(output) or receipt.get("bytes") != sum_sizes(output):
        return None
    return receipt


def _list_files(path: str, options: ReadOptions) -> Iterator[tuple[str, str]]:
    from zm_cli.formats.images.candidates import list_files

    return list_files(path, options)


def _find_fault(spec: Spec, decoding: Mapping[str, Any]) -> str | None:
    resize = decoding.get("resize")
    if resize is not None and (spec.axes != "NHWC" or spec.sample_shape[:2] != (resize[1], resize[0])):
        return "has a 'resize' that is not the size of the samples"
    return None


def _complete_by(path: str, options: ReadOptions, begun: str) -> Iterator[tuple[str, str]]:
    from zm_cli.formats.images.grouping import CLASS

    if CLASS.startswith(begun):
        yield CLASS, "the folder that an image is in"


def _survey(path: str, options: ReadOptions) -> Survey | None:
    from zm_cli.formats.images.survey import survey_folder

    return survey_folder(path, options)


def _join(request: JoinRequest) -> Sequence[str]:
    from zm_cli.formats.images.join import join_trees

    return join_trees(request)


def _name_part_suffix(format: str | None) -> str:
    """Returns the suffix of a part: each part is one file, unless it is a folder of arrays."""
    return ".h5" if format in (None, "h5") else ""


FORMAT = Format(
    kind="images",
    noun="folder of images",
    recognize=recognize,
    open=_open,
    find_receipt=_find_receipt,
    list_files=_list_files,
    options=(
        *(INCLUDE, EXCLUDE, FILES, LIMIT, SAMPLE, SEED, SHARD, ON_ERROR, CLASSES),
        *(MODE, LOSSY, AS_STORED, RESIZE, EXIF, FRAMES, MASK_AND_SCALE, MAX_PIXELS, BY),
    ),
    find_fault=_find_fault,
    survey=_survey,
    join=_join,
    name_part_suffix=_name_part_suffix,
    completers={"by": _complete_by},
    output_formats=frozenset({"npy", "tiff", "h5"}),
    output_help="Images: one .h5, or a folder of .npy or .tiff (default: by PATH).",
)
