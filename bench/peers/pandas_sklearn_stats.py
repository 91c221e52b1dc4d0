"""pandas and scikit-learn: a CSV file in chunks of 100,000 rows, each given to `StandardScaler.partial_fit`."""

import json
import sys

import numpy as np
import pandas as pd
from sklearn.preprocessing import StandardScaler

scaler = StandardScaler()
for chunk in pd.read_csv(sys.argv[1], chunksize=100_000):
    scaler.partial_fit(chunk.select_dtypes("number").to_numpy())
print(json.dumps({"mean": scaler.mean_.tolist(), "std": np.sqrt(scaler.var_).tolist()}))
