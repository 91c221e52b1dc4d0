"""Draws docs/conditioning.svg: gradient descent on raw, centered and standardized inputs; the same bytes on every run.

    python scripts/draw_conditioning.py

The weights of a linear model are fitted to two columns of sample_data/iris.csv by least squares: from weights of zero,
with the best fixed step for each kind of input.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "conditioning.svg"
INPUTS = ("sepal_width", "petal_width")
OUTPUT = "sepal_length"
STEPS = 10

SIDE = 232
"""Of a panel, in pixels."""
GAP = 24
TOP, BOTTOM = 52, 34
MARGIN = 12
REACH = 0.42
"""How far from the middle of a panel the start lies, in sides."""
LEVELS = range(-3, 6)
"""Ellipses of equal loss: number 0 goes through the start, and each is smaller than the one before by SHRINK."""
SHRINK = 0.62

STYLE = """
    text { font: 13px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #424a53; }
    .name { font-size: 15px; font-weight: 600; }
    .frame { fill: none; stroke: #8c959f; stroke-opacity: .45; }
    .level { fill: #4493f8; fill-opacity: .07; stroke: #4493f8; stroke-opacity: .55; }
    .path { fill: none; stroke: #e5534b; stroke-width: 1.6; stroke-linejoin: round; }
    .step { fill: #e5534b; }
    .best { fill: none; stroke: #424a53; stroke-width: 1.6; }
    @media (prefers-color-scheme: dark) { text { fill: #b7bfc8; } .best { stroke: #d1d7de; } }
"""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Descent:
    """The way of gradient descent for one kind of input: weights less the best ones, shape (steps + 1, 2).

    `values` and `vectors` are the eigenvalues, ascending, and the eigenvectors of the second moments of the inputs.
    """

    name: str
    path: Floats
    values: Floats
    vectors: Floats

    @property
    def condition(self) -> float:
        """The largest eigenvalue over the smallest."""
        return float(self.values[1] / self.values[0])

    @property
    def left(self) -> float:
        """How far the last weights are from the best ones, where the first are 1 away."""
        return float(np.linalg.norm(self.path[-1]) / np.linalg.norm(self.path[0]))


def read_columns(*names: str) -> Floats:
    """The columns of the sample table, shape (rows, columns)."""
    with (ROOT / "sample_data" / "iris.csv").open(encoding="utf-8", newline="") as file:
        return np.array([[float(row[name]) for name in names] for row in csv.DictReader(file)])


def descend(name: str, inputs: Floats, output: Floats) -> Descent:
    """Ten steps of gradient descent on half the mean squared error, each of 2 / (sum of both eigenvalues)."""
    moments = inputs.T @ inputs / len(inputs)
    best = np.linalg.solve(moments, inputs.T @ output / len(inputs))
    values, vectors = np.linalg.eigh(moments)
    path = [-best]
    for _ in range(STEPS):
        path.append(path[-1] - 2 / values.sum() * (moments @ path[-1]))
    return Descent(name, np.array(path), values, vectors)


def descend_all() -> list[Descent]:
    """The three ways: on inputs as they are, less their means, and divided by their deviations, too."""
    inputs, output = read_columns(*INPUTS), read_columns(OUTPUT)[:, 0]
    centered, above = inputs - inputs.mean(axis=0), output - output.mean()
    return [
        descend("raw", inputs, output),
        descend("centered", centered, above),
        descend("standardized", centered / inputs.std(axis=0), above),
    ]


def draw() -> str:
    """The picture as SVG."""
    descents = descend_all()
    width = 2 * MARGIN + len(descents) * SIDE + (len(descents) - 1) * GAP
    height = TOP + SIDE + BOTTOM
    conditions = ", ".join(f"{descent.name} {descent.condition:.2g}" for descent in descents)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'role="img">',
        f"  <title>{STEPS} steps of gradient descent; condition numbers: {conditions}</title>",
        f"  <style>{STYLE}  </style>",
        f'  <clipPath id="panel"><rect width="{SIDE}" height="{SIDE}" rx="6"/></clipPath>',
    ]
    for index, descent in enumerate(descents):
        left = MARGIN + index * (SIDE + GAP)
        lines += [f'  <g transform="translate({left} {TOP})">', *draw_panel(descent), "  </g>"]
    return "\n".join([*lines, "</svg>"]) + "\n"


def draw_panel(descent: Descent) -> Iterator[str]:
    """Yields the lines of one panel: the ellipses around the best weights, the path, and the texts."""
    yield f'    <text class="name" y="-30">{descent.name}</text>'
    yield f'    <text y="-11">condition number {descent.condition:.2g}</text>'
    scale = REACH * SIDE / float(np.linalg.norm(descent.path[0]))
    points = [f"{SIDE / 2 + scale * x:.1f},{SIDE / 2 - scale * y:.1f}" for x, y in descent.path]
    yield '    <g clip-path="url(#panel)">'
    yield from (f"      {ellipse}" for ellipse in draw_levels(descent, scale))
    yield f'      <polyline class="path" points="{" ".join(points)}"/>'
    for point in points:
        x, y = point.split(",")
        yield f'      <circle class="step" cx="{x}" cy="{y}" r="2.5"/>'
    yield f'      <path class="best" d="M{SIDE / 2 - 5:g} {SIDE / 2 - 5:g}l10 10m0 -10l-10 10"/>'
    across, down = (float(number) for number in points[0].split(","))
    yield f'      <text x="{across + 7:.1f}" y="{down + 13:.1f}">start</text>'
    yield "    </g>"
    yield f'    <rect class="frame" width="{SIDE}" height="{SIDE}" rx="6"/>'
    yield f'    <text y="{SIDE + 22}">{STEPS} steps leave {show_share(descent.left)} of the way</text>'


def show_share(share: float) -> str:
    """A share in percent with one significant digit, two from 10% on."""
    percent = 100 * share
    return f"{percent:.0f}%" if percent >= 10 else f"{float(f'{percent:.1g}'):.10f}".rstrip("0").rstrip(".") + "%"


def draw_levels(descent: Descent, scale: float) -> Iterator[str]:
    """Yields the ellipses on which the loss is the same, the largest first."""
    # The loss is the sum of squares along the eigenvectors, each times half its eigenvalue.
    first = np.sqrt(((descent.path[0] @ descent.vectors) ** 2 * descent.values).sum() / descent.values)
    x, y = descent.vectors[:, 0]
    angle = np.degrees(np.arctan2(-y, x)) % 180
    for level in LEVELS:
        long, short = first * scale * SHRINK**level
        yield (
            f'<ellipse class="level" rx="{long:.1f}" ry="{short:.1f}" '
            f'transform="translate({SIDE // 2} {SIDE // 2}) rotate({angle:.1f})"/>'
        )


if __name__ == "__main__":
    TARGET.write_text(draw(), encoding="utf-8", newline="\n")
