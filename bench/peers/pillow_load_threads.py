"""The floor for large images: Pillow decodes every file of a folder, in a thread for each core, and nothing else."""

import os
import sys
from collections import deque
from concurrent.futures import ThreadPoolExecutor

from PIL import Image


def load(path: str) -> None:
    """Decodes the image at `path`."""
    with Image.open(path) as image:
        image.load()


paths = [os.path.join(folder, name) for folder, _, names in os.walk(sys.argv[1]) for name in names]
with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
    deque(pool.map(load, paths), maxlen=0)
