"""Makes the sample data from the datasets that scikit-learn carries; the same bytes on every run.

    python sample_data/make.py [FOLDER]

writes into FOLDER, or into the folder of this script.
"""

from __future__ import annotations

import csv
import random
import shutil
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import h5py
import numpy as np
from PIL import Image
from sklearn.datasets import load_digits, load_iris, load_sample_image

DIGIT_SCALE = 15
"""The digits are counts from 0 to 16; times 15 they are grays from 0 to 240, and exact integers still."""

PHOTO_CUTS = {
    "china": ((0, 96, 208, 336, 480, 640), (0, 187, 427)),
    "flower": ((0, 160, 304, 432, 544, 640), (0, 203, 427)),
}
"""Where each 640x427 photograph is cut, across and down: ten pieces each, no two of one size."""

JPEG_QUALITY = 85

TEST_ROWS = 30
SPLIT_SEED = 1936

HOUSING = ((4, 500_000), (3, 400_000), (5, 600_000), (6, 700_000))


def make_digits(folder: Path) -> None:
    """Writes `digits/<class>/<index>.png` and the same images, in the order of the index, as `digits.h5`."""
    digits = load_digits()
    images = digits.images.astype(np.uint8) * np.uint8(DIGIT_SCALE)
    labels = digits.target.astype(np.int64)
    for index, (image, label) in enumerate(zip(images, labels, strict=True)):
        place = folder / "digits" / str(label) / f"{index:04}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(place)

    with h5py.File(folder / "digits.h5", "w") as file:
        file.attrs["title"] = "Optical recognition of handwritten digits, test set, grays 0 to 240"
        file.create_dataset(
            "images", data=images[..., None], chunks=(256, 8, 8, 1), compression="gzip", shuffle=True, track_times=False
        )
        file.create_dataset("labels", data=labels, track_times=False)
        file["labels"].attrs["classes"] = [str(name) for name in digits.target_names]


def make_photos(folder: Path) -> None:
    """Writes `photos/<photograph>/<piece>.jpg`: the pieces of each photograph, row by row."""
    for name, (across, down) in PHOTO_CUTS.items():
        photo = Image.fromarray(load_sample_image(f"{name}.jpg"))
        (folder / "photos" / name).mkdir(parents=True, exist_ok=True)
        boxes = [(left, top, right, bottom) for top, bottom in pairwise(down) for left, right in pairwise(across)]
        for piece, box in enumerate(boxes):
            photo.crop(box).save(folder / "photos" / name / f"{name}_{piece:02}.jpg", quality=JPEG_QUALITY)


def make_iris(folder: Path) -> None:
    """Writes `iris.csv` and its two parts, `iris_train.csv` and `iris_test.csv`, each in the order of the whole."""
    iris = load_iris()
    header = ["sepal_length", "sepal_width", "petal_length", "petal_width", "species"]
    rows = [
        [*map(float, values), str(iris.target_names[species])]
        for values, species in zip(iris.data, iris.target, strict=True)
    ]
    # Python promises the sequence of random() for a seed, but not what sample() or shuffle() make of it.
    generator = random.Random(SPLIT_SEED)
    draws = [generator.random() for _ in rows]
    test = set(sorted(range(len(rows)), key=draws.__getitem__)[:TEST_ROWS])
    write_csv(folder / "iris.csv", header, rows)
    write_csv(folder / "iris_train.csv", header, [row for index, row in enumerate(rows) if index not in test])
    write_csv(folder / "iris_test.csv", header, [row for index, row in enumerate(rows) if index in test])


def make_housing(folder: Path) -> None:
    """Writes `housing.csv`: the rooms and the price of four houses."""
    write_csv(folder / "housing.csv", ["rooms", "price"], HOUSING)


def write_csv(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Writes a table with Unix line ends on every system."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


def main() -> None:
    """Writes everything anew; what a former version of this script made is removed first."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
    folder = folder.parent if folder.is_file() else folder
    folder.mkdir(parents=True, exist_ok=True)
    for tree in ("digits", "photos"):
        shutil.rmtree(folder / tree, ignore_errors=True)
    make_digits(folder)
    make_photos(folder)
    make_iris(folder)
    make_housing(folder)


if __name__ == "__main__":
    main()
