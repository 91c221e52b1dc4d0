"""h5py and NumPy: a dataset in slabs, their sums and sums of squares in float64, as one would write it by hand.

python h5py_numpy_stats.py FILE channel|pixel ANSWER.npz
"""

import sys

import h5py
import numpy as np

path, per, answer = sys.argv[1:]
axes = (0, 1, 2) if per == "channel" else (0,)
count, total, squares = 0, 0.0, 0.0
with h5py.File(path) as file:
    data = file["images"]
    for start in range(0, len(data), 256):
        slab = data[start : start + 256].astype(np.float64)
        total += slab.sum(axis=axes)
        squares += np.square(slab).sum(axis=axes)
    count = data.size // np.size(total)
mean = total / count
np.savez(answer, mean=mean, std=np.sqrt(squares / count - mean**2))
