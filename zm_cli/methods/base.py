"""Method: how a transform is made from statistics."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    import numpy as np

    from zm_cli.data.spec import Spec
    from zm_cli.methods.settings import Settings
    from zm_cli.statsfile.stats import Stats
    from zm_cli.transforms.base import Transform


@dataclass(frozen=True)
class Use:
    """What a method is used for: data with this `spec` become values of `dtype`, or with `inverse`, are restored.

    `unit` is what integers are divided by (for an inverse: were divided by); None: it follows from the statistics.
    """

    spec: Spec
    dtype: np.dtype[Any]
    inverse: bool = False
    unit: float | None = None


class Method(ABC):
    """A way of scaling data, named by the command `center` or `standardize`, or by `--method` of another command.

    Each is a module of this package, with an instance as METHOD.
    """

    name: ClassVar[str]
    """Its name in `--method`, and in receipts."""
    command: ClassVar[str]
    """The command that applies it."""
    requires: ClassVar[tuple[str, ...]] = ()
    """The names of the optional statistics that it needs besides the moments."""
    settings: ClassVar[tuple[str, ...]] = ()
    """The fields of Settings that it takes, and that receipts record."""

    @abstractmethod
    def make_transform(self, stats: Stats, settings: Settings, use: Use) -> Transform:
        """The transform by statistics that fit the data.

        Raises UsageError for settings that are not possible, DataError where the statistics do not suffice.
        """
