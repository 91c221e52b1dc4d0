"""The options of the pipeline: how to measure, how to apply statistics, what to check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from zm_cli.methods.shared.settings import Settings

if TYPE_CHECKING:
    from zm_cli.numbers.moments.bounds import Bounds
    from zm_cli.numbers.statistic import Statistic
    from zm_cli.outputs.provenance import Provenance
    from zm_cli.outputs.receipt import Operation


Missing = Literal["skip", "error"]
"""What to do with missing values: leave them out of the statistics, or stop with an error."""
State = Literal["centered", "standardized", "scaled", "whitened"]
"""What data can be checked to be."""
Purpose = Literal["stats", "center", "standardize", "scale", "whiten"]
"""What statistics are made for."""


@dataclass(frozen=True)
class MeasureOptions:
    """What to measure: `per` says what has a mean of its own (None: the default for the data).

    With `unit`, integers are divided by their type's maximum. Values equal to `ignore` are missing. `statistics` are
    computed besides the moments; `settings` are the values of their options, by the statistics' names, and decide how
    they are shown. With `bounds`, the values outside them are counted.

    With `compared`, the statistics are compared with others and not applied: columns without values stay features, and
    there is no warning about what standardizing would do to them; `wanted` are the columns that are reported if they
    hold text (None: all).

    `purpose` is what the statistics are made for: to be saved, or for an operation on the same data by its `method`
    (None: it has only one); None: they are only shown. Data that seem to be wrong for this purpose draw a warning, or
    with `forced` a note. `needed_for` names the options that need statistics which the user did not ask for, by the
    statistics' names.
    """

    per: str | None = None
    unit: bool = False
    ignore: float | None = None
    missing: Missing = "skip"
    statistics: tuple[type[Statistic], ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    bounds: Bounds | None = None
    compared: bool = False
    wanted: tuple[str, ...] | None = None
    purpose: Purpose | None = None
    method: str | None = None
    forced: bool = False
    needed_for: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ApplyOptions(Settings):
    """How to apply statistics; `dtype` None: float64 for data of float64 or wide integers, else float32.

    `method` is one of the methods of the operation; None: the operation is the only one.
    """

    operation: Operation = "center"
    method: str | None = None
    inverse: bool = False
    dtype: str | None = None
    format: str | None = None
    """One of the output formats of the source's Format; None: decided by the name of the output."""
    indicator: bool = False
    """Whether a table gets a column of 0 and 1 for each transformed column with missing values in the statistics."""
    missing: Missing = "skip"
    force: bool = False
    provenance: Provenance | None = None
    """Recorded with the output; None: nothing is recorded."""

    @property
    def method_name(self) -> str:
        """The name of the method that is applied."""
        return self.method or self.operation
