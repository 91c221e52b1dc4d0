"""h5py: a mean that is known is subtracted from a dataset, written as float32 in the same chunks, compressed alike.

python h5py_center.py FILE STATS.json OUTPUT
"""

import json
import sys
from pathlib import Path

import h5py
import numpy as np

path, stats, output = sys.argv[1:]
mean = np.array(json.loads(Path(stats).read_text())["mean"])
with h5py.File(path) as file, h5py.File(output, "w") as out:
    data = file["images"]
    centered = out.create_dataset(
        "images",
        data.shape,
        np.float32,
        chunks=data.chunks,
        compression=data.compression,
        compression_opts=data.compression_opts,
        shuffle=data.shuffle,
    )
    rows = 16 * data.chunks[0]
    for start in range(0, len(data), rows):
        centered[start : start + rows] = (data[start : start + rows] - mean).astype(np.float32)
