"""Runs zm over damaged files of one kind, or of all, and counts how it ended; exit code 1 where a case is a defect."""

from __future__ import annotations

import argparse
import importlib
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

from fuzz.harness import Ending, list_seeds, run_zm
from fuzz.target import Target

TARGETS = ("images", "csv", "hdf5", "stats")


def main() -> int:
    """The exit code: 0 where every case ended in a right result or a clear refusal."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", choices=[*TARGETS, []], help="which readers; all of them by default")
    parser.add_argument("--cases", type=int, default=500, help="damaged files of each kind")
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same files")
    parser.add_argument("--first", type=int, default=0, help="the number of the case to begin with")
    parser.add_argument("--keep", type=Path, default=Path("build/fuzz"), help="where files that are defects are kept")
    asked = parser.parse_args()
    defects = 0
    for name in asked.targets or TARGETS:
        began = time.monotonic()
        counts, found = fuzz(name, range(asked.first, asked.first + asked.cases), asked.seed, asked.keep / name)
        told = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
        print(f"{name}: {asked.cases} files, seed {asked.seed}, {time.monotonic() - began:.0f} s: {told}", flush=True)
        defects += found
    return 1 if defects else 0


def fuzz(name: str, cases: range, seed: int, keep: Path) -> tuple[Counter[str], int]:
    """How the runs over the damaged files of a target ended, and how many files are defects, which go to `keep`."""
    target: Target = importlib.import_module(f"fuzz.{name}").TARGET
    for module in target.preload:
        importlib.import_module(module)
    counts: Counter[str] = Counter()
    defects = 0
    with tempfile.TemporaryDirectory(prefix="zm-fuzz-") as scratch:
        seeds = Path(scratch) / "seeds"
        seeds.mkdir()
        target.make_seeds(seeds)
        originals = list_seeds(seeds)
        for case in cases:
            generator = np.random.default_rng([seed, case])
            original = originals[int(generator.integers(len(originals)))]
            place = Path(scratch) / "case"
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            damaged = place / original.relative_to(seeds)
            damaged.parent.mkdir(parents=True, exist_ok=True)
            damaged.write_bytes(target.mutate(original.read_bytes(), generator))
            output = place / "output"
            output.mkdir()
            endings = [run_zm(command) for command in target.commands(damaged, output)]
            counts.update(ending.kind for ending in endings)
            if wrong := _find_wrong(target, damaged, output, endings):
                defects += 1
                keep.mkdir(parents=True, exist_ok=True)
                kept = keep / f"{seed}-{case}-{damaged.name}"
                shutil.copyfile(damaged, kept)
                print(f"{kept}: {wrong}", flush=True)
    return counts, defects


def _find_wrong(target: Target, damaged: Path, output: Path, endings: list[Ending]) -> str | None:
    for ending in endings:
        if not ending.good:
            last = ending.err.strip().splitlines()[-1:]
            return f"{ending.kind}, exit code {ending.code}: {''.join(last)}"
    return target.check(damaged, output, endings)


if __name__ == "__main__":
    sys.exit(main())
