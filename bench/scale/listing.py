"""Lists a folder of many small images and reads their headers: `python -m bench.scale.listing FOLDER NAMES`.

The folder is filled with links to pictures. Prints one JSON object.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path

from PIL import Image

from zm_cli.data.format import ignore_opening
from zm_cli.formats.images.file_patterns import Selection
from zm_cli.formats.images.list_images import Search
from zm_cli.running.plan import Plan

FOLDERS = 1000


def make_folder(folder: Path, names: int) -> None:
    """Fills a folder with pictures in FOLDERS folders; those in one folder are links to one file."""
    picture = Image.effect_noise((400, 350), 40).convert("RGB")
    for number in range(names):
        parent = folder / f"n{number % FOLDERS:08}"
        first = parent / f"{parent.name}_0.JPEG"
        if number < FOLDERS:
            parent.mkdir(parents=True)
            picture.save(first, quality=88)
        else:
            os.link(first, parent / f"{parent.name}_{number}.JPEG")


def main(folder: str, names: str) -> None:
    """Measures the search for files, then the reading of their headers, in this thread."""
    path = Path(folder)
    if not path.exists():
        make_folder(path, int(names))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = time.process_time()
    search = Search(
        str(path),
        Selection(),
        skip=False,
        max_pixels=1 << 28,
        frames=False,
        plan=Plan(workers=1),
        tick=ignore_opening,
    )
    search.candidates.find(None)
    found = time.process_time()
    listing = search.list_wanted()
    listed, after = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    document = {
        "names": len(listing),
        "names_seconds": found - begin,
        "headers_seconds": listed - found,
        "bytes_per_file": ((after - before) << 10) / len(listing),
    }
    print(json.dumps(document))
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
