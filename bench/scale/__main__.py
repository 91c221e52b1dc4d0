"""Measures this machine and writes what very large datasets would cost: `python -m bench.scale`, to bench/SCALE.md.

The inputs are those of `make bench`, which are made where they are absent.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from bench.scale.costs import count_core_hours, list_shard_steps, list_steps
from bench.scale.figures import DECODED, PHOTOGRAPHS, SPANS, measure_figures
from bench.scale.work import DATASETS, MACHINES, SHARED_FILES, Figures, Step
from bench.versions import describe_machine, describe_versions

HERE = Path(__file__).parents[1]


def main() -> None:
    """Measures, computes and writes the report."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale")
    parser.add_argument("--spans", type=int, default=SPANS, help="spans that pass the scheduler")
    parser.add_argument("--output", type=Path, default=HERE / "SCALE.md")
    options = parser.parse_args()
    data, scratch = HERE / ".data" / "full", HERE / ".data" / "scale"
    subprocess.run([sys.executable, "-m", "bench.inputs", data, "full", PHOTOGRAPHS, *DECODED], check=True)
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        figures = measure_figures(data, scratch, options.spans)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    options.output.write_text("\n".join([*_head(figures, options.spans), *_forecast(figures)]) + "\n")


def _head(figures: Figures, spans: int) -> list[str]:
    shown = asdict(figures)
    rows = [
        ("a run of zm on ten rows", f"{shown['start_seconds']:.2f} s"),
        (f"statistics of one photograph ({figures.jpeg_bytes / 1e3:.0f} KB)", f"{1e3 * figures.jpeg_seconds:.2f} ms"),
        ("statistics of 1 GB of HDF5, uint8", f"{figures.hdf5_seconds:.2f} s"),
        ("statistics of 1 GB (decoded) of HDF5 in gzip", f"{figures.gzip_seconds:.2f} s"),
        ("finding a file", f"{1e6 * figures.names_seconds:.1f} us"),
        ("reading its header", f"{1e6 * figures.header_seconds:.1f} us"),
        ("memory for a listed file", f"{figures.listed_bytes:.0f} bytes"),
        ("a task, for scheduler and client together", f"{1e3 * figures.task_seconds:.2f} ms"),
        ("merging a stats file of three channels", f"{1e3 * figures.merge_seconds:.2f} ms"),
    ]
    return [
        "# What very large datasets cost",
        "",
        "Made by `python -m bench.scale`: the first table is measured, the others are computed from it.",
        "",
        f"- Machine: {describe_machine()}.",
        f"- Versions: {describe_versions()}.",
        f"- The figure of a task is that of {spans:,} spans without samples, 8 in a task, through the real scheduler.",
        "",
        "| seconds of one core | measured |",
        "| --- | --- |",
        *(f"| {name} | {value} |" for name, value in rows),
        "",
        "Assumed: machines of 32 such cores with a network of 10 Gbit/s, and a file system that gives "
        f"{SHARED_FILES / 1e9:.0f} GB/s to all of them together.",
        "",
    ]


def _forecast(figures: Figures) -> list[str]:
    lines = []
    for dataset in DATASETS:
        lines += [f"## {dataset.name}", "", f"{count_core_hours(dataset, figures):,.1f} core-hours.", ""]
        lines += [
            "| machines | --dask | longest step | --shard and merge | longest step |",
            "| --- | --- | --- | --- | --- |",
        ]
        for machines in MACHINES:
            cells = [str(machines.count)]
            for steps in (list_steps(dataset, machines, figures), list_shard_steps(dataset, machines, figures)):
                cells += [
                    show_minutes(sum(step.seconds for step in steps)),
                    show_step(max(steps, key=lambda step: step.seconds)),
                ]
            lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    return lines[:-1]


def show_minutes(seconds: float) -> str:
    """Returns a time in minutes, or in hours where it is long."""
    return f"{seconds / 3600:,.1f} h" if seconds >= 7200 else f"{seconds / 60:,.1f} min"


def show_step(step: Step) -> str:
    """Returns the name of a step with its time."""
    return f"{step.name}, {show_minutes(step.seconds)}"


if __name__ == "__main__":
    main()
