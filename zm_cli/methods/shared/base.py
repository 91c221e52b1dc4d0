"""Method: how a transform is made from statistics."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from zm_cli.data.spec import Spec
    from zm_cli.methods.shared.expectation import Expectation
    from zm_cli.methods.shared.settings import Settings
    from zm_cli.statsfile.stats import Stats
    from zm_cli.transforms.base import Transform

SettingsT = TypeVar("SettingsT", bound="Settings")
"""Settings, or options that are settings, too."""


@dataclass(frozen=True)
class TransformRequest:
    """What a method is used for: data with this `spec` become values of `dtype`, or with `inverse`, are restored.

    `divisor` is what integers are divided by (for an inverse: were divided by); None: it follows from the statistics.
    """

    spec: Spec
    dtype: np.dtype[Any]
    inverse: bool = False
    divisor: float | None = None

    def find_divisor(self, stats: Stats) -> float:
        """What integers are divided by, or were for an inverse, with these statistics; 1 where they are not divided."""
        import numpy as np

        from zm_cli.numbers.stored import find_unit_divisor

        if self.divisor is not None:
            return self.divisor
        if not stats.unit:
            return 1.0
        # An inverse restores the scale of the data that were measured.
        whole = self.spec.dtype if self.spec.holds_integers else self.spec.real_dtype
        return find_unit_divisor(np.dtype(stats.dtype) if self.inverse else whole)


class Method(ABC):
    """A way of scaling data, named by the command `center` or `standardize`, or by `--method` of `scale` or `whiten`.

    Each is a module of `zm_cli/methods/`, with an instance as METHOD.
    """

    name: ClassVar[str]
    """Its name in `--method`, and in receipts."""
    command: ClassVar[str]
    """The command that applies it."""
    requires: ClassVar[tuple[str, ...]] = ()
    """The names of the optional statistics that it needs besides the moments."""
    settings: ClassVar[tuple[str, ...]] = ()
    """The fields of Settings that it takes, and that receipts record."""
    defaults: ClassVar[Mapping[str, Any]] = {}
    """What it takes for settings that are None."""
    measures: ClassVar[bool] = True
    """Whether it needs statistics at all."""
    has_inverse: ClassVar[bool] = True
    """Whether it can be undone."""

    def complete(self, settings: SettingsT) -> SettingsT:
        """The settings with the method's own defaults where they are None."""
        lacking = {name: value for name, value in self.defaults.items() if getattr(settings, name) is None}
        return replace(settings, **lacking)

    def list_required(self, settings: Settings) -> tuple[str, ...]:
        """The names of the optional statistics that it needs with these settings."""
        median = ("quantiles",) if settings.impute == "median" and "quantiles" not in self.requires else ()
        return (*self.requires, *median)

    def find_constant(self, stats: Stats, settings: Settings) -> tuple[str, NDArray[np.bool_]] | None:
        """A clause about features that it cannot scale as the others, and which ones, in the shape of the features.

        None where it does not look for such features.
        """
        return None

    def settle(self, stats: Stats, settings: SettingsT) -> SettingsT:
        """The settings with what follows from the statistics; raises as `make_transform`."""
        return settings

    def describe_output(self, stats: Stats, settings: Settings) -> Stats:
        """What statistics would say of what the data of these become: other features, where it makes others."""
        return stats

    def list_warnings(self, stats: Stats, settings: Settings) -> list[str]:
        """Sentences about what data with these statistics lose; not used for an inverse."""
        return []

    def list_notes(self, stats: Stats, settings: Settings, *, inverse: bool) -> list[str]:
        """Sentences about what is written."""
        return []

    @abstractmethod
    def make_transform(self, stats: Stats, settings: Settings, use: TransformRequest) -> Transform:
        """The transform by statistics that fit the data.

        Raises UsageError for settings that are not possible, DataError where the statistics do not suffice.
        """

    @abstractmethod
    def expect(self, settings: Settings) -> Expectation:
        """What can be expected of data that it has made with these settings, by statistics of the same data."""
