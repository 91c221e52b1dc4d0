"""Makes the inputs, runs the rows, prints the tables: `python -m bench`, from the root of a checkout.

All rows at full size are also written to `bench/RESULTS.md`: these tables, and then `bench/NOTES.md`, which says what
they cannot and is written by hand.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from pathlib import Path

from bench.contest import Result, Setting, hold_contest
from bench.growing import GrowthResult, input_of, measure_growth
from bench.inputs.sizes import SIZES
from bench.process import CommandError
from bench.report import write_report
from bench.results import count_disturbed, tabulate
from bench.rows import GROWTHS, ROWS

HERE = Path(__file__).parent
FULL_ROUNDS = 5
QUICK_ROUNDS = 2


def parse_arguments() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measures zm against what else does its work.")
    parser.add_argument("--quick", action="store_true", help="small inputs, few rounds; prints only")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="rows by name, or by how their names begin")
    parser.add_argument("--rounds", type=int, help=f"timed rounds (default: {FULL_ROUNDS}, quick {QUICK_ROUNDS})")
    parser.add_argument("--data", type=Path, default=HERE / ".data", help="where inputs are kept and outputs go")
    parser.add_argument("--output", type=Path, help="write the report here (default: bench/RESULTS.md, if complete)")
    parser.add_argument("--keep", action="store_true", help="keep the last outputs in DATA/scratch")
    options = parser.parse_args()
    if options.rounds is not None and options.rounds < 1:
        parser.error("--rounds must be at least 1")
    if options.output and options.only:
        parser.error("a report needs all rows: leave out --only or --output")
    names = [work.name for work in (*ROWS, *GROWTHS)]
    for wanted in options.only or ():
        if not any(name.startswith(wanted) for name in names):
            parser.error(f"no row is named {wanted}; there are {', '.join(names)}")
    return options


def main() -> None:
    """Runs what was asked for."""
    options = parse_arguments()
    size = "quick" if options.quick else "full"
    rounds = options.rounds or (QUICK_ROUNDS if options.quick else FULL_ROUNDS)
    factors = SIZES[size].factors
    data, scratch = options.data.resolve() / size, options.data.resolve() / "scratch"
    setting = Setting(data, scratch, rounds, options.keep)
    chosen = tuple(options.only or ("",))
    rows = [row for row in ROWS if row.name.startswith(chosen)]
    growing = [growth for growth in GROWTHS if growth.name.startswith(chosen)]

    inputs = [name for row in rows for name in row.inputs]
    inputs += [input_of(growth, factor) for growth in growing for factor in factors]
    subprocess.run([sys.executable, "-m", "bench.inputs", data, size, *dict.fromkeys(inputs)], check=True)

    results: list[Result] = []
    growths: list[GrowthResult] = []
    begin = time.monotonic()
    try:
        for row in rows:
            print(f"{time.monotonic() - begin:4.0f} s  {row.name}", file=sys.stderr)
            results.append(hold_contest(row, setting))
        for growth in growing:
            print(f"{time.monotonic() - begin:4.0f} s  {growth.name}", file=sys.stderr)
            growths.append(measure_growth(growth, factors, setting))
    except (CommandError, subprocess.CalledProcessError) as error:
        sys.exit(f"bench: {error}")
    finally:
        if not options.keep:
            shutil.rmtree(scratch, ignore_errors=True)

    print(tabulate(results, growths), count_disturbed(results, growths), sep="\n\n")
    if options.quick:
        print(
            "These inputs are so small that much of the time goes into starting up: the targets are for `make bench`."
        )
    complete = not options.quick and not options.only
    output = options.output or (HERE / "RESULTS.md" if complete else None)
    if output:
        write_report(output, results, growths, SIZES[size], rounds)


if __name__ == "__main__":
    main()
