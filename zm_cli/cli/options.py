"""Every option of the command line, once: its name, its help, its place in the help."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

import zm_cli
from zm_cli.cli.completion import ENCODINGS, complete_columns, complete_dataset, complete_layout, complete_mode, offer

DATA = "What is read"
TABLE = "Tables"
IMAGE = "Images"
ARRAY = "HDF5"
NUMBERS = "What is computed"
CHECKS = "Checks"
WRITING = "What is written"
RUNNING = "How to run"


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"zm {zm_cli.__version__}")
        raise typer.Exit


def _install_completion(wanted: bool) -> None:
    if wanted:
        from zm_cli.cli.shells import install_completion

        typer.echo(install_completion())
        raise typer.Exit


def _show_completion(wanted: bool) -> None:
    if wanted:
        from zm_cli.cli.shells import show_completion

        show_completion()
        raise typer.Exit


Sources = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="SOURCE",
        show_default=False,
        help="Folder of images, CSV or HDF5 file; several are pooled; - is CSV from a pipe, @FILE a list of files.",
    ),
]
SourcePath = Annotated[
    str | None,
    typer.Argument(
        metavar="SOURCE",
        show_default=False,
        help="Folder of images, CSV or HDF5 file; - is CSV from a pipe, @FILE a list of images.",
    ),
]
InspectPath = Annotated[
    str | None, typer.Argument(metavar="PATH", show_default=False, help="A dataset, or a stats file.")
]

Kind = Annotated[
    Literal["images", "csv", "hdf5"] | None,
    typer.Option(help="What the source is, where its name does not tell.", rich_help_panel=DATA),
]
OnError = Annotated[
    Literal["fail", "skip"] | None,
    typer.Option(help="Unreadable images: stop (default), or leave them out and count them.", rich_help_panel=DATA),
]
FilesFrom = Annotated[
    str | None,
    typer.Option(
        metavar="FILE", help="Read what a list names, a path a line; - is standard input.", rich_help_panel=DATA
    ),
]
Include = Annotated[
    list[str] | None,
    typer.Option(
        metavar="GLOB,...", help="Images: only files that match, written as in .gitignore.", rich_help_panel=DATA
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option(
        metavar="GLOB,...",
        autocompletion=complete_columns,
        help="Columns to leave as they are (names, ranges, globs), or images to leave out.",
        rich_help_panel=DATA,
    ),
]
Limit = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Only the first N samples of a source, for a trial.", rich_help_panel=DATA),
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
        autocompletion=complete_mode,
        help="Read every image in this mode. auto: gray stays gray at its depth, all else is RGB.",
        rich_help_panel=IMAGE,
    ),
]
Resize = Annotated[
    str | None,
    typer.Option(
        metavar="WxH",
        autocompletion=offer("224x224", "256x256", "384x384", "512x512"),
        help="Bring every image to this size first.",
        rich_help_panel=IMAGE,
    ),
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
        autocompletion=offer("180M", "500M", "1G", "none"),
        help="Refuse images that claim more: 500M, none for no limit (default 180M).",
        rich_help_panel=IMAGE,
    ),
]

Dataset = Annotated[
    str | None,
    typer.Option(
        metavar="/PATH",
        autocompletion=complete_dataset,
        help="The dataset inside the file.",
        rich_help_panel=ARRAY,
    ),
]
Layout = Annotated[
    str | None,
    typer.Option(
        metavar="NHWC|NCHW|...",
        autocompletion=complete_layout,
        help="Which axis is what: N samples, C channels.",
        rich_help_panel=ARRAY,
    ),
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
    typer.Option(
        metavar="A,B,...",
        autocompletion=complete_columns,
        help="Only these: names, ranges (2:785), globs ('pixel*'). Default: every numeric column.",
        rich_help_panel=TABLE,
    ),
]
Delimiter = Annotated[
    str | None,
    typer.Option(
        metavar="CHAR",
        autocompletion=offer("tab", "comma", "semicolon", "pipe", "space"),
        help="Between the cells; tab for a tab.",
        rich_help_panel=TABLE,
    ),
]
Encoding = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        autocompletion=offer(*ENCODINGS),
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

Check = Annotated[
    Literal["centered", "standardized"] | None,
    typer.Option(help="Whether the data are so; exit code 1 where they are not.", rich_help_panel=CHECKS),
]
Tolerance = Annotated[
    float | None,
    typer.Option(
        metavar="X",
        help="How far means and deviations may be off, in deviations (default 0.001).",
        rich_help_panel=CHECKS,
    ),
]
Against = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Compare with the statistics of training data; exit code 1 where a limit is passed.",
        rich_help_panel=CHECKS,
    ),
]
MaxShift = Annotated[
    float | None,
    typer.Option(metavar="X", help="How far a mean may move, in deviations (default 0.1).", rich_help_panel=CHECKS),
]
MaxRatio = Annotated[
    float | None,
    typer.Option(
        metavar="X", help="How many times a deviation may grow or shrink (default 1.2).", rich_help_panel=CHECKS
    ),
]
MaxMissing = Annotated[
    float | None,
    typer.Option(
        metavar="X", help="How much the share of missing values may grow (default 0.01).", rich_help_panel=CHECKS
    ),
]
MaxOutside = Annotated[
    float | None,
    typer.Option(
        metavar="X",
        help="The share of values that may be beyond the training range (default: any).",
        rich_help_panel=CHECKS,
    ),
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
        "--output",
        "-o",
        metavar="PATH",
        help="Where to write (default -: standard output, CSV only).",
        show_default=False,
        rich_help_panel=WRITING,
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
    typer.Option(
        metavar="float16|float32|float64",
        help="Of the output (default float32; float64 for float64 and CSV).",
        rich_help_panel=WRITING,
    ),
]
SaveStats = Annotated[
    str | None,
    typer.Option(
        metavar="FILE", help="Where to leave the statistics (default: PATH.stats.json).", rich_help_panel=WRITING
    ),
]
IfChanged = Annotated[
    bool,
    typer.Option(
        "--if-changed",
        metavar="",
        help="Do nothing if what is there was made of the same data, options and version.",
        rich_help_panel=WRITING,
    ),
]
Force = Annotated[
    bool,
    typer.Option(
        "--force",
        metavar="",
        help="Go on where data are transformed already or of another scale, or statistics of a trial.",
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
Memory = Annotated[
    str,
    typer.Option(
        metavar="SIZE",
        autocompletion=offer("256MB", "512MB", "1GB", "2GB"),
        help="For the data in flight.",
        rich_help_panel=RUNNING,
    ),
]
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
InstallCompletion = Annotated[
    bool,
    typer.Option(
        "--install-completion",
        callback=_install_completion,
        is_eager=True,
        metavar="",
        help="Set up completion: bash, zsh, fish.",
    ),
]
ShowCompletion = Annotated[
    bool,
    typer.Option(
        "--show-completion",
        callback=_show_completion,
        is_eager=True,
        metavar="",
        help="Print what completes in this shell.",
    ),
]
