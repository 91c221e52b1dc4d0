"""What the bench ran with: the versions of everything, and the machine in general terms."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

LIBRARIES = {
    "NumPy": "numpy",
    "Pillow": "pillow",
    "h5py": "h5py",
    "polars": "polars",
    "isal": "isal",
    "pandas": "pandas",
    "scikit-learn": "scikit-learn",
    "DuckDB": "duckdb",
}

INSIDE = """
import h5py, PIL.features
print("HDF5", h5py.version.hdf5_version, end=", ")
print("libjpeg-turbo", PIL.features.version_feature("libjpeg_turbo"))
"""


def describe_versions() -> str:
    """The versions of zm, Python and the libraries, in one line."""
    # In a process of its own: the bench itself must stay small (see bench/process.py).
    inside = subprocess.run([sys.executable, "-c", INSIDE], check=True, capture_output=True, text=True).stdout.strip()
    libraries = ", ".join(f"{name} {version(package)}" for name, package in LIBRARIES.items())
    return f"zm {version('zm-cli')}, Python {platform.python_version()}, {libraries}, {inside}"


def describe_machine() -> str:
    """The number of cores that may be used, the model of the processor, and the memory, in one line."""
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{cores} cores ({models[0] if models else platform.machine()}), {memory / 1e9:.0f} GB of memory, Linux"
