"""Runs zm on damaged files of one kind, or of all, and counts how it ended; exit code 1 if any case is a defect."""

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
from zm_cli.formats import formats

TARGETS = (*formats(), "stats")
"""Every format, and stats files; each is a module of this package."""


def main() -> int:
    """Returns the exit code: 0 if every case ended with a correct result or a clear error."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", choices=[*TARGETS, []], help="the readers to test (default: all)")
    parser.add_argument("--cases", type=int, default=500, help="damaged files of each kind")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same files")
    parser.add_argument("--first", type=int, default=0, help="the number of the first case")
    parser.add_argument("--keep", type=Path, default=Path("build/fuzz"), help="where to keep files that cause defects")
    args = parser.parse_args()
    defects = 0
    for name in args.targets or TARGETS:
        began = time.monotonic()
        counts, found = fuzz(name, range(args.first, args.first + args.cases), args.seed, args.keep / name)
        listed = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
        print(
            f"{name}: {args.cases} files, seed {args.seed}, {time.monotonic() - began:.0f} s: {listed}",
            flush=True,
        )
        defects += found
    return 1 if defects else 0


def fuzz(name: str, cases: range, seed: int, keep: Path) -> tuple[Counter[str], int]:
    """Counts how the runs on damaged files of a target ended, and the files that cause defects, which go to `keep`."""
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
            folder = Path(scratch) / "case"
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            damaged = folder / original.relative_to(seeds)
            damaged.parent.mkdir(parents=True, exist_ok=True)
            damaged.write_bytes(target.mutate(original.read_bytes(), generator))
            output = folder / "output"
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
