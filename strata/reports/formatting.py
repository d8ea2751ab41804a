"""Numbers, names and parameters as text for tables and captions; a missing number is a dash."""

import math
import re
from collections.abc import Iterable
from typing import Any

DASH = "–"
#: Said of a method that has neither scores nor an error.
NOT_COMPUTED = "not computed in this run, nor in an earlier one."


def known(value: float | None) -> bool:
    """True for a finite number."""
    return value is not None and math.isfinite(value)


def percent(value: float | None, digits: int = 1) -> str:
    """A fraction of one as percent, without the sign: 0.9364 -> "93.6"."""
    return f"{100 * value:.{digits}f}" if value is not None and known(value) else DASH


def percent_range(interval: tuple[float, float] | None, digits: int = 1) -> str:
    """The ends (low, high) of an interval in percent: "92.1–95.0"."""
    if interval is None or not known(interval[0]):
        return DASH
    low, high = interval
    return f"{percent(low, digits)}–{percent(high, digits)}"


def points(value: float) -> str:
    """A difference of two fractions in percentage points, with its sign: "+1.3" or "−0.2"."""
    return f"{100 * value + 0.0:+.1f}".replace("-", "−")  # + 0.0 turns -0.0 into 0.0


def decimal(value: float | None, digits: int = 3) -> str:
    """A number with fixed decimals: 0.9364 -> "0.936"."""
    return f"{value:.{digits}f}" if value is not None and known(value) else DASH


def duration(seconds: float | None) -> str:
    """Seconds in the unit that suits: "820 ms", "8.3 s", "12 min 5 s", "3 h 20 min"."""
    if seconds is None or not known(seconds):
        return DASH
    if seconds < 0.9995:
        return f"{_significant(seconds * 1000)} ms"
    if seconds < 99.5:
        return f"{_significant(seconds)} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def brief(text: str) -> str:
    """A formatted number without trailing zeros: "20.0 s" -> "20 s"."""
    return re.sub(r"(\.\d*?)0+(?!\d)", r"\1", text).replace(". ", " ").removesuffix(".")


def milliseconds(value: float | None) -> str:
    """Milliseconds with three significant digits, without the unit."""
    return _significant(value) if value is not None and known(value) else DASH


def count(value: float | None) -> str:
    """A count, abbreviated from ten thousand on: "9 402", "49.3 k", "23.6 M"."""
    if value is None or not known(value):
        return DASH
    if abs(value) < 10_000:
        return f"{value:,.0f}".replace(",", "\u202f")
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= 0.9995 * size:
            return f"{_significant(value / size)} {unit}"
    raise AssertionError("unreachable")


def size(value: float | None) -> str:
    """Bytes in powers of 1000: "420 kB", "94.1 MB"."""
    if value is None or not known(value):
        return DASH
    for scale, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if value >= 0.9995 * scale:
            return f"{_significant(value / scale)} {unit}"
    return f"{value:.0f} B"


def p_value(p: float | None) -> str:
    """A p-value: "0.032", "< 0.001"."""
    if p is None or not known(p):
        return DASH
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def listing(names: Iterable[str], most: int = 6) -> str:
    """Names as an enumeration: "a, b and c"; beyond `most` the rest is counted ("and 3 more")."""
    names = list(names)
    if len(names) > most:
        names = [*names[: most - 1], f"{len(names) - most + 1} more"]
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def headline(error: str, method: str) -> str:
    """First line of a method's error, without the method's own name in front."""
    return error.partition("\n")[0].removeprefix(f"{method}, ")


def number_of(n: int, one: str, many: str = "") -> str:
    """A count with its noun in singular or plural: "1 image", "3 images"."""
    return f"{n} {one if n == 1 else many or one + 's'}"


def parameter(value: Any) -> str:
    """A parameter's value as written in an experiment file."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple) and value:
        if any(isinstance(item, list | tuple | dict) for item in value):
            return _toml(value)
        return ", ".join(parameter(item) for item in value)
    if isinstance(value, list | tuple | dict) or value == "":
        return _toml(value)
    return "none" if value is None else str(value)


def _toml(value: Any) -> str:
    """A value with its brackets, braces and quotes: `[{ filters = 16, pool = "max" }]`."""
    if isinstance(value, dict):
        pairs = ", ".join(f"{key} = {_toml(item)}" for key, item in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return f'"{value}"' if isinstance(value, str) else parameter(value)


def flat(parameters: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested parameters by dotted name: {"a": {"b": 1}} -> {"a.b": 1}."""
    found: dict[str, Any] = {}
    for key, value in parameters.items():
        if isinstance(value, dict) and value:
            found |= flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found


def _significant(value: float) -> str:
    """Three significant digits, never in scientific notation."""
    if value >= 99.5:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 9.95 else f"{value:.2f}"


def axis_name(parameter: str) -> str:
    """Axis title of a swept parameter: its name, or a phrase where the name alone is unclear."""
    return {"train_per_class": "training images per class"}.get(parameter, parameter)


def shortened(name: str, most: int) -> str:
    """A name cut in its middle to `most` characters: variants of a method differ at the end."""
    if len(name) <= most:
        return name
    end = most // 2
    return f"{name[: most - end - 1]}…{name[-end:]}"
