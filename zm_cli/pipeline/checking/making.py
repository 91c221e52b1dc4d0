"""Goal: the state and the method that data are checked for; Making: how they were made, by their receipt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, get_args

from zm_cli.errors import UsageError
from zm_cli.methods import checked_method, methods
from zm_cli.methods.shared.base import Method
from zm_cli.methods.shared.expectation import Expectation
from zm_cli.methods.shared.settings import Settings, read_settings
from zm_cli.numbers.axes import list_pers
from zm_cli.outputs.receipt import DONE, is_readable
from zm_cli.pipeline.options import State


@dataclass(frozen=True)
class Goal:
    """The `state` that data are checked for, and the `method` that must have made it.

    `method` None stands for the method in the receipt of the data, or else the usual one for the state. `range` is the
    range that the method scales to, `ddof` that of its standard deviation; None stands for what the receipt says, or
    else for the method's default.
    """

    state: State
    method: str | None = None
    range: tuple[float, float] | None = None
    ddof: int | None = None

    @classmethod
    def parse(cls, name: str, range: tuple[float, float] | None = None, ddof: int | None = None) -> Goal:
        """Returns the goal with the name of a state or of a method."""
        if name in get_args(State):
            return cls(name, None, range, ddof)  # type: ignore[arg-type]
        state: Any = DONE[methods()[name].command]
        return cls(state, name, range, ddof)


@dataclass(frozen=True)
class Making:
    """How data were made, by their receipt; without a receipt, or after an inverse, nothing is known.

    `per` is the one in the receipt, None for the default. `unknown` is the name of a method that this version does not
    have; then nothing else is known. `lacking` are settings that the receipt must record, but does not.
    """

    method: Method | None = None
    settings: Settings = field(default_factory=Settings)
    per: str | None = None
    unknown: str | None = None
    lacking: tuple[str, ...] = ()

    @classmethod
    def from_receipt(cls, receipt: Mapping[str, Any] | None, axes: str) -> Making:
        """Returns what the receipt of data with these axes says."""
        if not is_readable(receipt) or receipt.get("inverse"):
            return cls()
        per, named = receipt.get("per"), receipt.get("method", receipt.get("operation"))
        method = methods().get(named or "")
        if method is None:
            # The settings are left out: they could be taken for those of the usual method.
            return cls(unknown=receipt.get("method"))
        return cls(
            method,
            read_settings(receipt),
            per if per in list_pers(axes) else None,
            lacking=tuple(name for name in method.settings if method.records_all and name not in receipt),
        )

    def choose_method(self, goal: Goal) -> Method:
        """Returns the method to check for: that of the goal, that of the receipt, or the usual one for the state."""
        if goal.method is not None:
            return methods()[goal.method]
        if self.method is not None and DONE[self.method.command] == goal.state:
            return self.method
        return next(checked_method(command) for command, done in DONE.items() if done == goal.state)

    def choose_settings(self, goal: Goal) -> Settings:
        """Returns the settings of the method to check for; raises UsageError for one that it does not take."""
        method, settings = self.choose_method(goal), self.settings
        if goal.method is not None and method is not self.method:
            # Settings of another method mean something else for this one; what replaced missing values does not.
            settings = Settings(impute=settings.impute)
        given: dict[str, Any] = {
            name: value for name, value in (("range", goal.range), ("ddof", goal.ddof)) if value is not None
        }
        for name in given:
            if name not in method.settings:
                takers = " or ".join(f"--check {each.name}" for each in methods().values() if name in each.settings)
                what = f"{method.name} does not take it"
                raise UsageError(what, where=f"--{name}", hint=f"leave it out, or give {takers}")
        return method.complete(replace(settings, **given))

    def expect(self, goal: Goal) -> Expectation:
        """Returns what the data must be like if they reach the goal; raises as `choose_settings`."""
        method = self.choose_method(goal)
        expected = method.expect(self.choose_settings(goal))
        if self.method is method:
            return expected
        # Rounding errors can be recognized only in data that zm is known to have made.
        made = None if self.method is None else self.method.expect(self.method.complete(self.settings))
        return replace(expected, noise=made.noise if made is not None and made.constant == expected.constant else 0.0)


def describe_made(method: Method) -> str:
    """Returns what data are that a method has made: `standardized`, `scaled (robust)`."""
    done = DONE[method.command]
    return done if method.name == method.command else f"{done} ({method.name})"
