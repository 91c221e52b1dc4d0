"""Starts Dask workers as SLURM jobs and has zm work on them: pip install dask-jobqueue 'zm-cli[dask]'.

    python slurm-dask.py --jobs 16 stats data/train -o train.stats.json

What follows the number of jobs is the command line of zm.
"""

import argparse
import subprocess
import sys

from dask_jobqueue import SLURMCluster


def main() -> int:
    """Returns the exit code of zm."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=4, help="SLURM jobs of 8 workers each")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="what to run: stats data/train -o train.stats.json")
    options = parser.parse_args()
    # One thread a worker: zm works in a process for each thread.
    with SLURMCluster(cores=8, processes=8, memory="16GB", walltime="04:00:00") as cluster:
        cluster.scale(jobs=options.jobs)
        return subprocess.call(["zm", *options.command, "--dask", cluster.scheduler_address])


if __name__ == "__main__":
    sys.exit(main())
