"""pandas: columns of a CSV file standardized with given statistics, chunk by chunk into another CSV file.

python pandas_standardize.py TABLE STATS.json OUTPUT
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

table, stats, output = sys.argv[1:]
known = json.loads(Path(stats).read_text())
names, mean, std = known["names"], np.array(known["mean"]), np.array(known["std"])
with open(output, "w", newline="") as out:
    for index, chunk in enumerate(pd.read_csv(table, chunksize=100_000)):
        chunk[names] = (chunk[names] - mean) / std
        chunk.to_csv(out, index=False, header=index == 0)
