"""Option: a choice of the user, declared where it is used; ReadOptions: the values chosen for reading."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")
Found = TypeVar("Found", covariant=True)


class Panel(StrEnum):
    """The headings of groups of options in the help, in order."""

    CHECKS = "Checks"
    OUTPUT = "What is written"
    NUMBERS = "What is computed"
    DATA = "What is read"
    IMAGE = "Images"
    TABLE = "Tables"
    MISSING = "Missing values"
    ARRAY = "Arrays"
    RUNNING = "How to run"


class Replay(Enum):
    """How data are read when statistics that record a value of an option are applied to them."""

    ALWAYS = auto()
    """With the recorded value; to ask for another one is an error, because the data would be read differently."""
    UNLESS_ASKED = auto()
    """With the value that the user asks for, else the recorded one."""
    WHERE_IT_FITS = auto()
    """With the value that the user asks for, else the recorded one if it fits the data, else as the format decides."""
    UNLESS_CONTRADICTED = auto()
    """With the value that the user asks for, else as the format decides, given the recorded one (`expected`)."""
    NEVER = auto()
    """As the user asks: the option says what is measured, not how data are read."""


@dataclass(frozen=True)
class Recorded:
    """How a stats file records the value of an option, under `decoding`.

    `is_valid` returns whether a JSON value other than null is possible; `schema` says the same as a JSON Schema.
    """

    is_valid: Callable[[Any], bool]
    schema: Mapping[str, Any]
    replay: Replay = Replay.UNLESS_ASKED
    same_in_all: bool = False
    """Whether pooled sources must agree in it; in options that are always replayed they must in any case."""


def _keep(given: Any) -> Any:
    return given


@dataclass(frozen=True, eq=False)
class Option(Generic[Found]):
    """An option, with the same name on the command line, in the code and in stats files.

    `given_as` is the type that the command line takes: `str`, `int`, `float`, `bool`, `list[str]`, or a `Literal`.
    `parse` turns that into the value (None: left to the format), and raises UsageError where it is not valid. Without a
    `panel`, the option is not on the command line. Formats that share an option share the object; two different options
    of the same name are an error.
    """

    name: str
    given_as: Any = str
    parse: Callable[[Any], Found | None] = _keep
    help: str = ""
    panel: Panel | None = None
    metavar: str | None = None
    flags: tuple[str, ...] = ()
    """Its spellings, if there are others than `--name`: `--workers` and `-j`, or `--exif/--no-exif`."""
    default: Any = None
    """The value on the command line if the option is not given."""
    minimum: float | None = None
    suggestions: tuple[str, ...] = ()
    """Values that a shell completes."""
    show_default: bool = True
    recorded: Recorded | None = None
    decides_output: bool = True
    """Whether the output depends on it: `--if-changed` compares such options."""

    @property
    def spelling(self) -> str:
        """The name of the option in messages; of a pair such as --progress/--no-progress the first."""
        return self.flags[0].partition("/")[0] if self.flags else "--" + self.name.replace("_", "-")

    @property
    def negation(self) -> str:
        """The flag that turns the option off, such as --no-progress; empty if there is none."""
        return self.flags[0].partition("/")[2] if self.flags else ""

    def spell(self, given: Any) -> list[str]:
        """Returns the words of a command line that give this option the value `given`."""
        on, off = self.spelling, self.negation
        if isinstance(given, list):
            return [f"{on}={entry}" for entry in given]
        if isinstance(given, bool):
            return [on if given else off]
        return [f"{on}={given}"]


class ReadOptions:
    """The values chosen for reading options, by name; without a value, an option is left to the format.

    Immutable and picklable.
    """

    def __init__(self, **values: Any) -> None:
        self._values = {name: value for name, value in values.items() if value is not None}

    def get(self, option: Option[Value]) -> Value | None:
        """Returns the value of an option; None if it is left to the format."""
        value: Value | None = self._values.get(option.name)
        return value

    def to_dict(self) -> dict[str, Any]:
        """Returns the chosen values, by the options' names."""
        return dict(self._values)

    def replace(self, **values: Any) -> ReadOptions:
        """Returns a copy with other values for some options; None leaves an option to the format."""
        return ReadOptions(**(self._values | values))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ReadOptions) and self._values == other._values

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"ReadOptions({', '.join(f'{name}={value!r}' for name, value in self._values.items())})"
