"""Choices of a description by name, or by a table of the name and its options."""

import math
from collections.abc import Mapping
from typing import Any

from strata.errors import InputError, nearest

#: A name, or a table like { name = "leaky-relu", slope = 0.01 }.
Choice = str | Mapping[str, Any]

#: name -> its options with their defaults; whole numbers where the default is one. None is
#: negative.
OPTIONS: dict[str, dict[str, float]] = {
    "leaky-relu": {"slope": 0.1},
    "group": {"groups": 0},
    "local-response": {"n": 5, "k": 2.0, "alpha": 1e-4, "beta": 0.75},
    "local-response-within": {"n": 5, "k": 2.0, "alpha": 1e-4, "beta": 0.75},
}


def name_of(choice: Choice) -> str:
    """The name of a choice that `check_choice` accepts."""
    return choice if isinstance(choice, str) else choice["name"]


def options_of(choice: Choice) -> dict[str, float]:
    """The options that a choice sets."""
    return {} if isinstance(choice, str) else {k: v for k, v in choice.items() if k != "name"}


def check_choice(choice: Choice, known: Mapping[str, Any], what: str) -> None:
    """Raise `InputError` for an unknown name or option, and for options of a wrong value."""
    name = choice if isinstance(choice, str) else choice.get("name")
    if not isinstance(name, str):
        example = '{ name = "leaky-relu", slope = 0.01 }'
        raise InputError(f"A table for the {what} needs a 'name'.", f"For example: {example}.")
    if name not in known:
        raise InputError(f"Unknown {what} '{name}'.", nearest(name, known))
    defaults = OPTIONS.get(name, {})
    for option, value in options_of(choice).items():
        if option not in defaults:
            hint = nearest(option, defaults) or "It has no options."
            raise InputError(f"The {what} '{name}' has no option '{option}'.", hint)
        whole = isinstance(defaults[option], int)
        number = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
        if not number or not 0 <= value < math.inf:
            kind = "a whole number" if whole else "a number"
            raise InputError(f"'{option}' of the {what} '{name}' is {kind}, not {value!r}.")
    set_options = {**defaults, **options_of(choice)}
    if set_options.get("n", 1) % 2 == 0 or set_options.get("k", 1) <= 0:
        raise InputError(f"The {what} '{name}' needs an odd n and a k above 0.")
