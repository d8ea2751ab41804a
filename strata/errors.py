"""Errors for the user, each with a message, its place and a hint on what to do next."""

import difflib
from collections.abc import Iterable

AFFECTS_RESULTS = False  # texts for the user


class StrataError(Exception):
    """Base class of errors shown without a traceback; exit code 1.

    Args:
        what: one sentence: the error and its place (file, key, image).
        hint: what to do next, if anything.

    Attributes:
        where: the stage that raised it, "" outside of stages.
    """

    exit_code = 1

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
        self.where = ""

    @property
    def sentence(self) -> str:
        """The message, with the stage where there is one."""
        return f"{self.where}: {self.what}" if self.where else self.what

    def __str__(self) -> str:
        return f"{self.sentence}\n  {self.hint}" if self.hint else self.sentence

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), (self.what, self.hint)


class InputError(StrataError):
    """Wrong usage or wrong input; exit code 2."""

    exit_code = 2


class DivergedError(StrataError):
    """Training diverged with its hyperparameters; a random search skips the trial."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint with the known name most similar to `name`, or with all known names."""
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if close:
        return f"Did you mean '{close[0]}'?"
    return f"Known: {', '.join(known)}." if known else ""
