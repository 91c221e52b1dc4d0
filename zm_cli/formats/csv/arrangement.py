"""Arrangement: which columns the output of a table has, in their order."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from zm_cli.data.sink import OutputFeatures


@dataclass(frozen=True)
class Arrangement:
    """The columns of an output, in their order: `keys` are indices of columns of the table, or keys of new columns.

    `made` holds the names of new columns by their keys. `features` are the keys of the transformed columns.
    """

    keys: tuple[int, ...]
    made: Mapping[int, str]
    features: tuple[int, ...]

    def list_names(self, names: Sequence[str]) -> list[str]:
        """Returns the names of the columns, from those of the table."""
        return [self.made[key] if key in self.made else names[key] for key in self.keys]


def arrange(
    names: Sequence[str],
    chosen: Sequence[int],
    dropped: Collection[int],
    added: Sequence[str],
    features: OutputFeatures | None,
) -> Arrangement:
    """Returns the columns of the output of a table with these names.

    The columns with the indices `chosen` are transformed, those `dropped` are left out, and those `added` come at the
    end, with the keys that follow the table's. `features` are new columns in place of the chosen ones, with negative
    keys: they stand where the first chosen column was, or where `features.order` has them.
    """
    made = {len(names) + number: name for number, name in enumerate(added)}
    kept = [key for key in range(len(names)) if key not in dropped]
    if features is None:
        return Arrangement((*kept, *made), made, tuple(chosen))
    new = {-1 - number: name for number, name in enumerate(features.names)}
    others = [key for key in kept if key not in chosen]
    first = sum(key < min(chosen) for key in others)
    keys = [*others[:first], *new, *others[first:]]
    order = {name: index for index, name in enumerate(features.order or ())}
    named = {key: new.get(key) or names[key] for key in keys}
    if len(order) == len(keys) and order.keys() == set(named.values()):
        keys.sort(key=lambda key: order[named[key]])
    return Arrangement((*keys, *made), made | new, tuple(new))
