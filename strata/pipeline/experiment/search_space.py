"""Search space of a random search: a range of numbers or a list of values per parameter."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from strata.errors import InputError, short

#: Keys that make a table a range; a table without them holds further parameters.
KINDS = ("uniform", "log", "int")
#: Significant digits of a drawn number, so that it reads as if a person had written it.
DIGITS = 4


@dataclass(frozen=True)
class Values:
    """A list of values, drawn with equal probability."""

    values: tuple[Any, ...]

    @property
    def ends(self) -> tuple[Any, ...]:
        """The values to check: if these are allowed, every draw is."""
        return self.values

    def draw(self, rng: np.random.Generator) -> Any:
        """Draw one value."""
        return self.values[int(rng.integers(len(self.values)))]


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included.

    Attributes:
        log: draw log-uniformly, every order of magnitude with equal probability; else uniformly.
        integer: draw whole numbers.
    """

    low: float
    high: float
    log: bool = False
    integer: bool = False

    @property
    def ends(self) -> tuple[Any, ...]:
        """The values to check: if these are allowed, every draw is."""
        return self.low, self.high

    def draw(self, rng: np.random.Generator) -> int | float:
        """Draw one number, of 4 significant digits unless `integer`."""
        # A whole number stands for the interval from itself to the next.
        high = self.high + 1 if self.integer else self.high
        if self.log:
            value = math.exp(rng.uniform(math.log(self.low), math.log(high)))
        else:
            value = rng.uniform(self.low, high)
        rounded = math.floor(value) if self.integer else float(f"{value:.{DIGITS}g}")
        return min(max(rounded, self.low), self.high)


#: Range or list of values of each parameter, by dotted name.
Space = dict[str, Values | Range]


def read_space(table: Mapping[str, Any], where: str) -> Space:
    """Parse a search space; nested tables become dotted names.

    Args:
        table: as read from TOML.
        where: the table's key path, for errors.

    Raises:
        InputError: an entry that is neither a list nor a range, or whose bounds are wrong.
    """
    found: Space = {}
    for name, entry in table.items():
        if isinstance(entry, Mapping) and entry and not set(entry) & set(KINDS):
            nested = read_space(entry, f"{where}.{name}")
            entries: Space = {f"{name}.{rest}": values for rest, values in nested.items()}
        else:
            entries = {name: _entry(entry, f"{where}.{name}")}
        for dotted in entries.keys() & found.keys():
            raise InputError(f"{where}.{dotted} is there twice.")
        found |= entries
    return found


def _entry(entry: Any, where: str) -> Values | Range:
    if isinstance(entry, list) and entry:
        return Values(tuple(entry))
    if isinstance(entry, Mapping):
        if set(entry) in ({"uniform"}, {"log"}):
            ((kind, bounds),) = entry.items()
            low, high = _bounds(bounds, where, (int, float))
            return _check_log(Range(float(low), float(high), kind == "log"), where)
        if set(entry) <= {"int", "log"} and isinstance(entry.get("log", False), bool):
            low, high = _bounds(entry.get("int"), where, (int,))
            return _check_log(Range(low, high, entry.get("log", False), integer=True), where)
    raise InputError(
        f"{where} = {short(entry)}: there is nothing to draw from.",
        "A list of values, { uniform = [0, 1] }, { log = [0.01, 100] }, { int = [1, 8] } or "
        "{ int = [32, 512], log = true }.",
    )


def _bounds(given: Any, where: str, kinds: tuple[type, ...]) -> tuple[Any, Any]:
    is_pair = isinstance(given, list) and len(given) == 2
    if not is_pair or any(isinstance(g, bool) or not isinstance(g, kinds) for g in given):
        numbers = "numbers" if float in kinds else "whole numbers"
        raise InputError(f"{where}: bounds are two {numbers}, not {short(given)}.")
    low, high = given
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise InputError(f"{where}: {low} to {high} is no range.", "The lower bound comes first.")
    return low, high


def _check_log(found: Range, where: str) -> Range:
    if found.log and found.low <= 0:
        raise InputError(f"{where}: a logarithmic range begins above 0, not at {found.low:g}.")
    return found
