"""Measures this machine and computes what very large datasets would cost: `python -m bench.scale`.

It writes the figures to bench/scale/figures.json and the report to bench/SCALE.md; with `--figures`, the report is
computed again from a file of figures. The inputs are those of `make bench`, which are made if they are absent.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from bench.scale.cluster import compare
from bench.scale.costs import count_core_hours, count_name_bytes, list_job_steps, list_steps
from bench.scale.figures import DECODED, PHOTOGRAPHS, SPANS, measure_figures
from bench.scale.work import DATASETS, MACHINES, SHARED_FILES, Comparison, Dataset, Figures, Machines, Step
from bench.versions import describe_machine, describe_versions

HERE = Path(__file__).parents[1]
FIGURES = HERE / "scale" / "figures.json"
FEW, MANY = MACHINES[0], MACHINES[2]
"""The numbers of machines in the first table, which docs/scale.md shows."""


def main() -> None:
    """Measures, computes and writes the report."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale")
    parser.add_argument("--spans", type=int, default=SPANS, help="spans that pass the scheduler")
    parser.add_argument("--figures", type=Path, help="a file of figures, to compute the report without measuring")
    parser.add_argument("--output", type=Path, default=HERE / "SCALE.md")
    options = parser.parse_args()
    if options.figures is None:
        _save(FIGURES, *_measure(options.spans), options.spans)
    figures, comparison, spans = _load(options.figures or FIGURES)
    lines = [*_head(figures, comparison, spans), *_summarize(figures), *_forecast(figures)]
    options.output.write_text("\n".join(lines) + "\n")


def _measure(spans: int) -> tuple[Figures, Comparison]:
    """Returns the figures of this machine, and the comparison of workers here with those of Dask."""
    data, scratch = HERE / ".data" / "full", HERE / ".data" / "scale"
    subprocess.run([sys.executable, "-m", "bench.inputs", data, "full", PHOTOGRAPHS, *DECODED], check=True)
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        return measure_figures(data, scratch, spans), compare(data / PHOTOGRAPHS, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _save(path: Path, figures: Figures, comparison: Comparison, spans: int) -> None:
    document = {"figures": asdict(figures), "comparison": asdict(comparison), "spans": spans}
    path.write_text(json.dumps(document, indent=2) + "\n")


def _load(path: Path) -> tuple[Figures, Comparison, int]:
    document = json.loads(path.read_text())
    return Figures(**document["figures"]), Comparison(**document["comparison"]), document["spans"]


def _head(figures: Figures, comparison: Comparison, spans: int) -> list[str]:
    """Returns the lines that say what was measured."""
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
        "Made by `python -m bench.scale`: the first two tables are measured, the others are computed from the first.",
        "",
        f"- Machine: {describe_machine()}.",
        f"- Versions: {describe_versions()}.",
        f"- The figure of a task is that of {spans:,} spans without samples, 8 in a task, through the real scheduler;",
        "  a task that reads headers is assumed to cost the same.",
        "",
        "| seconds of one core | measured |",
        "| --- | --- |",
        *(f"| {name} | {value} |" for name, value in rows),
        "",
        f"| {comparison.photographs:,} photographs, by the clock | seconds | of `-j 2` | of one worker of the kind |",
        "| --- | --- | --- | --- |",
        *_compare_ways(comparison),
        "",
        "Assumed: machines of 32 such cores with a network of 10 Gbit/s, and a file system that gives "
        f"{SHARED_FILES / 1e9:.0f} GB/s to all of them together.",
        "",
    ]


def _compare_ways(comparison: Comparison) -> Iterator[str]:
    """Yields the rows that compare workers of this machine with Dask workers."""
    ways = (
        ("`-j 1`", comparison.one_worker, comparison.one_worker),
        ("`-j 2`", comparison.two_workers, comparison.one_worker),
        ("one Dask worker", comparison.one_dask_worker, comparison.one_dask_worker),
        ("two Dask workers", comparison.two_dask_workers, comparison.one_dask_worker),
    )
    for name, seconds, one in ways:
        yield f"| {name} | {seconds:.2f} | {seconds / comparison.two_workers:.2f}x | {seconds / one:.2f}x |"


def _summarize(figures: Figures) -> Iterator[str]:
    """Yields the lines of the first table, which docs/scale.md shows."""
    many = _count(MANY)
    yield f"| dataset | core-hours | {_count(FEW)} | {many}, `--dask` | {many}, jobs | what bounds the last |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for dataset in DATASETS:
        jobs = list_job_steps(dataset, MANY, figures)
        cells = [
            dataset.name,
            f"{count_core_hours(dataset, figures):,.1f}",
            show_total(list_job_steps(dataset, FEW, figures)),
            show_total(list_steps(dataset, MANY, figures)),
            show_total(jobs),
            max(jobs, key=lambda step: step.seconds).name,
        ]
        yield f"| {' | '.join(cells)} |"
    yield ""


def _forecast(figures: Figures) -> list[str]:
    """Returns the lines of a table for each dataset."""
    lines = []
    for dataset in DATASETS:
        lines += [f"## {dataset.name}", "", _describe(dataset, figures), ""]
        lines += [
            "| machines | --dask | longest step | jobs and merge | longest step |",
            "| --- | --- | --- | --- | --- |",
        ]
        for machines in MACHINES:
            cells = [str(machines.count)]
            for steps in (list_steps(dataset, machines, figures), list_job_steps(dataset, machines, figures)):
                cells += [show_total(steps), show_step(max(steps, key=lambda step: step.seconds))]
            lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    return lines[:-1]


def _describe(dataset: Dataset, figures: Figures) -> str:
    """Returns the sentences over the table of a dataset."""
    hours = f"{count_core_hours(dataset, figures):,.1f} core-hours."
    if dataset.files <= 1:
        return f"{hours} Each job is a `--shard`."
    names = f"{count_name_bytes(dataset, figures) / 1e9:.1f} GB"
    if dataset.folders == 1:
        return f"{hours} Each job is a `--shard`. The client of Dask and each job keep {names} of names in memory."
    whole = f"{dataset.files * figures.listed_bytes / 1e9:,.0f} GB"
    return (
        f"{hours} The names of all files would take {whole} of memory. So the data are cut into {dataset.folders:,} "
        f"folders, each a run of its own with {names} of names: one after another on a Dask cluster, or as jobs that "
        "share the machines."
    )


def _count(machines: Machines) -> str:
    return f"{machines.count} machine" + "s" * (machines.count != 1)


def show_total(steps: list[Step]) -> str:
    """Returns the time of all steps together."""
    return show_minutes(sum(step.seconds for step in steps))


def show_minutes(seconds: float) -> str:
    """Returns a time in minutes, or in hours if it is long."""
    return f"{seconds / 3600:,.1f} h" if seconds >= 7200 else f"{seconds / 60:,.1f} min"


def show_step(step: Step) -> str:
    """Returns the name of a step with its time."""
    return f"{step.name}, {show_minutes(step.seconds)}"


if __name__ == "__main__":
    main()
