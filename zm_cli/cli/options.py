"""Every option of the command line, once: its name, its help, and how its text becomes a value."""

from __future__ import annotations

import csv
import io
import math
import re
import sys
from typing import Annotated, Literal

import typer

import zm_cli
from zm_cli.errors import UsageError

DATA = "What is read"
TABLE = "Tables"
IMAGE = "Images"
ARRAY = "HDF5"
NUMBERS = "What is computed"
WRITING = "What is written"
RUNNING = "How to run"


def parse_size(text: str) -> int:
    """Bytes in a text such as `256MB`, `1.5G` or `800000`; units are powers of 1024."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?", text.strip().lower())
    if match is None:
        raise UsageError(f"'{text}' is no size", where="--memory", hint="write it as 256MB or 2GB")
    return int(min(float(match[1]) * 1024 ** " kmgt".index(match[2] or " "), float(sys.maxsize // 2)))


def parse_resize(text: str | None) -> tuple[int, int] | None:
    """Width and height in a text such as `224x224`."""
    if text is None:
        return None
    match = re.fullmatch(r"([1-9]\d*)[xX]([1-9]\d*)", text.strip())
    if match is None:
        raise UsageError(f"'{text}' is no size", where="--resize", hint="write it as WIDTHxHEIGHT: 224x224")
    return int(match[1]), int(match[2])


def parse_pixels(text: str | None) -> int | None:
    """A number of pixels in a text such as `180M`, `2.5G` or `40000000`, units being powers of 1000; `none`: any."""
    if text is None:
        return None
    if text.strip().lower() == "none":
        return sys.maxsize
    match = re.fullmatch(r"(\d{1,18}(?:\.\d{1,9})?)\s*([kmg]?)", text.strip().lower())
    pixels = round(float(match[1]) * 1000 ** " kmg".index(match[2] or " ")) if match else 0
    if not pixels:
        raise UsageError(f"'{text}' is no number of pixels", where="--max-pixels", hint="write it as 180M, or none")
    return min(pixels, sys.maxsize)


def parse_names(texts: list[str] | None) -> tuple[str, ...] | None:
    """Column names separated by commas, in one option or several; a name with a comma stands in double quotes."""
    if not texts:
        return None
    try:
        rows = [row for text in texts for row in csv.reader(io.StringIO(text, newline=""))]
    except csv.Error as error:
        raise UsageError(f"cannot be told apart into names: {error}", where="--columns or --exclude") from error
    return tuple(name.strip() for row in rows for name in row if name.strip())


def parse_number(text: str | None) -> float | None:
    """The number in a text, a whole one as an integer, so that none of its digits is lost."""
    if text is None:
        return None
    if re.fullmatch(r"\s*[-+]?\d{1,20}\s*", text):
        return int(text)
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise UsageError(f"'{text}' is no number", where="--ignore", hint="NaN and infinities are missing anyway")
    return number


def parse_epsilon(number: float) -> float:
    """The number itself, which must be finite."""
    if not math.isfinite(number):
        raise UsageError("must be finite", where="--epsilon")
    return number


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"zm {zm_cli.__version__}")
        raise typer.Exit


Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE", help="Folder of images, CSV or HDF5 file; several are pooled; - reads CSV from a pipe."
    ),
]
SourcePath = Annotated[
    str, typer.Argument(metavar="SOURCE", help="Folder of images, CSV or HDF5 file; - reads CSV from a pipe.")
]
InspectPath = Annotated[str, typer.Argument(metavar="PATH", help="A dataset, or a stats file.")]

Kind = Annotated[
    Literal["images", "csv", "hdf5"] | None,
    typer.Option(help="What the source is, where its name does not tell.", rich_help_panel=DATA),
]
OnError = Annotated[
    Literal["fail", "skip"] | None,
    typer.Option(help="Unreadable images: stop (default), or leave them out and count them.", rich_help_panel=DATA),
]
Ignore = Annotated[
    str | None, typer.Option(metavar="VALUE", help="A value that stands for no data.", rich_help_panel=DATA)
]
Missing = Annotated[
    Literal["skip", "error"],
    typer.Option(help="NaN and empty cells: count and leave out, or stop.", rich_help_panel=DATA),
]

Mode = Annotated[
    str | None,
    typer.Option(
        metavar="auto|L|RGB|...",
        help="Read every image in this mode. auto: gray stays gray at its depth, all else is RGB.",
        rich_help_panel=IMAGE,
    ),
]
Resize = Annotated[
    str | None, typer.Option(metavar="WxH", help="Bring every image to this size first.", rich_help_panel=IMAGE)
]
Exif = Annotated[
    bool | None,
    typer.Option(
        "--exif/--no-exif",
        metavar="",
        help="Turn images as their EXIF says (default: as stored).",
        rich_help_panel=IMAGE,
    ),
]
MaxPixels = Annotated[
    str | None,
    typer.Option(
        "--max-pixels",
        metavar="N",
        help="Refuse images that claim more: 500M, none for no limit (default 180M).",
        rich_help_panel=IMAGE,
    ),
]

Dataset = Annotated[
    str | None, typer.Option(metavar="PATH", help="The dataset inside the file.", rich_help_panel=ARRAY)
]
Layout = Annotated[
    str | None,
    typer.Option(metavar="NHWC|NCHW|...", help="Which axis is what: N samples, C channels.", rich_help_panel=ARRAY),
]
AllowExternal = Annotated[
    bool,
    typer.Option(
        "--allow-external",
        metavar="",
        help="Read other files, too, that the file points to.",
        rich_help_panel=ARRAY,
    ),
]

Columns = Annotated[
    list[str] | None,
    typer.Option(metavar="A,B", help="Only these columns (default: every numeric one).", rich_help_panel=TABLE),
]
Exclude = Annotated[
    list[str] | None, typer.Option(metavar="A,B", help="Leave these columns as they are.", rich_help_panel=TABLE)
]
Delimiter = Annotated[
    str | None, typer.Option(metavar="CHAR", help="Between the cells; tab for a tab.", rich_help_panel=TABLE)
]
Encoding = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Of the text: latin-1, shift_jis, ... (default UTF-8, or as marked).",
        rich_help_panel=TABLE,
    ),
]
NoHeader = Annotated[
    bool, typer.Option("--no-header", metavar="", help="The first row is data already.", rich_help_panel=TABLE)
]
NullValue = Annotated[
    list[str] | None,
    typer.Option(metavar="TEXT", help="One more text that means missing; may be repeated.", rich_help_panel=TABLE),
]

Per = Annotated[
    Literal["channel", "pixel", "column", "all"] | None,
    typer.Option(help="What gets a mean of its own: channel for images, column for tables.", rich_help_panel=NUMBERS),
]
Unit = Annotated[
    bool,
    typer.Option(
        "--unit", metavar="", help="Integers count as 0-1: divided by their type's maximum.", rich_help_panel=NUMBERS
    ),
]
Ddof = Annotated[Literal["0", "1"], typer.Option(help="Degrees of freedom taken off.", rich_help_panel=NUMBERS)]
Epsilon = Annotated[
    float, typer.Option(metavar="X", min=0.0, help="Divide by at least this much.", rich_help_panel=NUMBERS)
]
StatsFile = Annotated[
    str | None,
    typer.Option(
        "--stats", metavar="FILE", help="Apply these statistics instead of the source's own.", rich_help_panel=NUMBERS
    ),
]
Inverse = Annotated[bool, typer.Option("--inverse", metavar="", help="Undo it.", rich_help_panel=NUMBERS)]
Impute = Annotated[
    Literal["mean"] | None,
    typer.Option(help="Fill missing values with the mean (default: they stay missing).", rich_help_panel=NUMBERS),
]

StatsOutput = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write a stats file: .json, .npz or .h5; - is standard output.",
        rich_help_panel=WRITING,
    ),
]
Output = Annotated[
    str,
    typer.Option(
        "--output", "-o", metavar="PATH", help="Where to write; - is standard output (CSV).", rich_help_panel=WRITING
    ),
]
Form = Annotated[
    Literal["h5", "npy", "tiff"] | None,
    typer.Option(
        "--format", help="Images: one .h5, or a folder of .npy or .tiff (default: by PATH).", rich_help_panel=WRITING
    ),
]
Dtype = Annotated[
    Literal["float16", "float32", "float64"] | None,
    typer.Option(help="Of the output (default float32; float64 for float64 and CSV).", rich_help_panel=WRITING),
]
SaveStats = Annotated[
    str | None,
    typer.Option(
        metavar="FILE", help="Where to leave the statistics (default: PATH.stats.json).", rich_help_panel=WRITING
    ),
]
Force = Annotated[
    bool,
    typer.Option(
        "--force",
        metavar="",
        help="Go on where the data are transformed already or look to be of another scale.",
        rich_help_panel=WRITING,
    ),
]
Json = Annotated[
    bool,
    typer.Option(
        "--json", metavar="", help="The result as one JSON document on standard output.", rich_help_panel=WRITING
    ),
]

Workers = Annotated[
    int | None,
    typer.Option(
        "--workers", "-j", metavar="N", min=1, help="Default: a worker for each core.", rich_help_panel=RUNNING
    ),
]
Memory = Annotated[str, typer.Option(metavar="SIZE", help="For the data in flight.", rich_help_panel=RUNNING)]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", metavar="", help="Say nothing but errors.", rich_help_panel=RUNNING)
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", metavar="", help="Say more.", rich_help_panel=RUNNING)]
Progress = Annotated[
    bool | None,
    typer.Option(
        "--progress/--no-progress",
        metavar="",
        help="A bar on standard error (default: at a terminal).",
        rich_help_panel=RUNNING,
    ),
]
Debug = Annotated[
    bool,
    typer.Option("--debug", metavar="", help="Show the traceback of an error.", rich_help_panel=RUNNING),
]
Version = Annotated[
    bool,
    typer.Option("--version", callback=_show_version, is_eager=True, metavar="", help="Show the version and exit."),
]
