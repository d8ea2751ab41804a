"""Errors that are for the user: what went wrong, where, and what to do next."""

import difflib
from collections.abc import Iterable

AFFECTS_RESULTS = False  # texts for the user


class StrataError(Exception):
    """An error shown without a traceback.

    Args:
        what: one sentence: what is wrong, and where (file, key, image).
        hint: what to do next, if there is something.

    Attributes:
        where: the stage that it came up in, where it came up in one.
    """

    exit_code = 1

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
        self.where = ""

    @property
    def sentence(self) -> str:
        """Where, and what."""
        return f"{self.where}: {self.what}" if self.where else self.what

    def __str__(self) -> str:
        return f"{self.sentence}\n  {self.hint}" if self.hint else self.sentence

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), (self.what, self.hint)


class InputError(StrataError):
    """Bad usage or bad input: exit code 2."""

    exit_code = 2


class DivergedError(StrataError):
    """A training that came to nothing with its parameters; a search goes on without it."""


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint with the known name nearest to `name`, or with all of them."""
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if close:
        return f"Did you mean '{close[0]}'?"
    return f"Known: {', '.join(known)}." if known else ""
