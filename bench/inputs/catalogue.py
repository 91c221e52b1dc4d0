"""Every input by its name, and its recipe."""

from __future__ import annotations

from bench.inputs.arrays import make_arrays, repeat_samples
from bench.inputs.pictures import link_pictures, make_jpegs, make_thumbnails
from bench.inputs.sizes import Size
from bench.inputs.store import Recipe
from bench.inputs.tables import make_table, repeat_rows


def list_recipes(size: Size) -> dict[str, Recipe]:
    """The recipe of every input of a size, by the input's name."""
    recipes = {
        "jpegs": Recipe(make_jpegs, 1, {"count": size.jpegs, "seed": 1}),
        "thumbnails": Recipe(make_thumbnails, 1, {"count": size.thumbnails, "seed": 2}),
        "table.csv": Recipe(make_table, 1, {"rows": size.rows, "seed": 3}),
        "bytes.h5": Recipe(make_arrays, 1, {"samples": size.bytes_samples, "seed": 4}),
        "floats.h5": Recipe(make_arrays, 1, {"samples": size.floats_samples, "seed": 5, "dtype": "float32"}),
        "gzip.h5": Recipe(make_arrays, 1, {"samples": size.gzip_samples, "seed": 6, "gzip": 4}),
        "center.h5": Recipe(repeat_samples, 1, {"samples": size.center_samples}, ("bytes.h5",)),
    }
    for factor in size.factors:
        growing = {
            "jpegs": Recipe(link_pictures, 1, {"count": factor * size.growth_jpegs}, ("jpegs",)),
            "thumbnails": Recipe(link_pictures, 1, {"count": factor * size.growth_thumbnails}, ("thumbnails",)),
            "table.csv": Recipe(repeat_rows, 1, {"rows": factor * size.growth_rows}, ("table.csv",)),
            "bytes.h5": Recipe(repeat_samples, 1, {"samples": factor * size.growth_samples}, ("bytes.h5",)),
            "gzip.h5": Recipe(repeat_samples, 1, {"samples": factor * size.growth_samples}, ("gzip.h5",)),
            "center.h5": Recipe(repeat_samples, 1, {"samples": factor * size.growth_center_samples}, ("bytes.h5",)),
        }
        recipes |= {f"{factor}x-{name}": recipe for name, recipe in growing.items()}
    return recipes
