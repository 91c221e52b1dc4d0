"""The floor for small images: Pillow decodes every file of a folder, in a process for each core, and nothing else."""

import os
import sys
from collections import deque
from multiprocessing import get_context

from PIL import Image


def load(path: str) -> None:
    """Decodes the image at `path`."""
    with Image.open(path) as image:
        image.load()


if __name__ == "__main__":
    paths = [os.path.join(folder, name) for folder, _, names in os.walk(sys.argv[1]) for name in names]
    # fork: the workers have Pillow already, so that no time goes into starting them.
    with get_context("fork").Pool(len(os.sched_getaffinity(0))) as pool:
        deque(pool.imap_unordered(load, paths, chunksize=256), maxlen=0)
