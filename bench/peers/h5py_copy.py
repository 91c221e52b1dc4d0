"""The floor for writing HDF5: h5py copies a dataset as float32, in the same chunks, and computes nothing.

python h5py_copy.py FILE OUTPUT
"""

import sys

import h5py
import numpy as np

path, output = sys.argv[1:]
with h5py.File(path) as file, h5py.File(output, "w") as out:
    data = file["images"]
    copy = out.create_dataset("images", data.shape, np.float32, chunks=data.chunks)
    rows = 16 * data.chunks[0]
    for start in range(0, len(data), rows):
        copy[start : start + rows] = data[start : start + rows].astype(np.float32)
