"""Method: how a transform is made from statistics."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from zm_cli.methods.shared.filling import list_needed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from zm_cli.data.spec import Spec
    from zm_cli.methods.shared.expectation import Expectation
    from zm_cli.methods.shared.settings import Settings
    from zm_cli.numbers.moments.moments import Moments
    from zm_cli.statsfile.stats import Stats
    from zm_cli.transforms.base import Transform

SettingsT = TypeVar("SettingsT", bound="Settings")
"""Settings, or a class of options derived from it."""


@dataclass(frozen=True)
class TransformRequest:
    """The data that a method transforms (`spec`), the `dtype` of the output, and whether the transform is undone
    (`inverse`).

    `divisor` is what integers are divided by (for an inverse: were divided by); None: it follows from the statistics.
    """

    spec: Spec
    dtype: np.dtype[Any]
    inverse: bool = False
    divisor: float | None = None

    def find_divisor(self, stats: Stats) -> float:
        """Returns what integers are divided by, or were for an inverse; 1 if they are not divided."""
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
    default: ClassVar[bool] = False
    """Whether its command applies it unless `--method` names another one. One method of each command is the default."""
    help: ClassVar[str]
    """What it does, in a few words that follow its name in the help of `--method`."""
    requires: ClassVar[tuple[str, ...]] = ()
    """The names of the optional statistics that it needs besides the moments."""
    settings: ClassVar[tuple[str, ...]] = ()
    """The fields of Settings that it takes, and that receipts record."""
    defaults: ClassVar[Mapping[str, Any]] = {}
    """Its own values for settings that are None."""
    measures: ClassVar[bool] = True
    """Whether it needs statistics at all."""
    has_inverse: ClassVar[bool] = True
    """Whether it can be undone."""
    names_constant: ClassVar[bool] = False
    """Whether it warns of constant features itself. For others, measuring warns."""

    checked: ClassVar[bool] = False
    """Whether data are checked for it, where nothing says which method of its command they were made by. One method of
    each command is."""
    records_all: ClassVar[bool] = False
    """Whether its receipts always have all of its settings, so that one without them is damaged."""
    failing_fills: ClassVar[tuple[str, ...]] = ()
    """The words for `--impute` after which data that it has made may fail a check. If there are any, so may data in
    which a number was filled."""
    doubt_rank: ClassVar[int | None] = None
    """Its place among the methods whose signs (`find_signs`) are looked for where statistics are only kept; None if its
    signs are not."""

    def complete(self, settings: SettingsT) -> SettingsT:
        """Returns the settings with the method's own defaults for those that are None."""
        lacking = {name: value for name, value in self.defaults.items() if getattr(settings, name) is None}
        return replace(settings, **lacking)

    def list_required(self, settings: Settings) -> tuple[str, ...]:
        """Returns the names of the optional statistics that it needs with these settings."""
        return tuple(dict.fromkeys((*self.requires, *list_needed(settings.impute))))

    def find_constant(self, stats: Stats, settings: Settings) -> tuple[str, NDArray[np.bool_]] | None:
        """Returns a clause about features that it cannot scale like the others, and which they are, in their shape.

        None if it does not look for such features.
        """
        return None

    def find_signs(self, moments: Moments, chosen: NDArray[np.bool_]) -> str | None:
        """Returns a clause that says why data with these moments look as if it had made them; None if they do not.

        Only the features that are `chosen`, a flat array, are looked at. They vary, and there are at least two.
        """
        return None

    def settle(self, stats: Stats, settings: SettingsT) -> SettingsT:
        """Returns the settings with what follows from the statistics; raises the errors of `make_transform`."""
        return settings

    def describe_output(self, stats: Stats, settings: Settings) -> Stats:
        """Returns the statistics of the transformed data, which have other features if the method makes new ones."""
        return stats

    def list_warnings(self, stats: Stats, settings: Settings) -> list[str]:
        """Returns sentences about what data with these statistics lose; not used for an inverse."""
        return []

    def list_notes(self, stats: Stats, settings: Settings, *, inverse: bool) -> list[str]:
        """Returns sentences about what is written."""
        return []

    @abstractmethod
    def make_transform(self, stats: Stats, settings: Settings, use: TransformRequest) -> Transform:
        """Returns the transform for statistics that fit the data.

        Raises UsageError for impossible settings, DataError if the statistics are not enough.
        """

    @abstractmethod
    def expect(self, settings: Settings) -> Expectation:
        """Returns what data must be like that it has made with these settings, by their own statistics."""
