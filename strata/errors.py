"""Errors for the user, each with a message, its place and a hint on what to do next."""

import difflib
import reprlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

AFFECTS_RESULTS = False  # texts for the user

_SHORTENED = reprlib.Repr()
_SHORTENED.maxlevel = 4
_SHORTENED.maxlist = _SHORTENED.maxdict = _SHORTENED.maxtuple = 8
_SHORTENED.maxstring = _SHORTENED.maxlong = _SHORTENED.maxother = 80


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


@contextmanager
def naming(file: str) -> Iterator[None]:
    """Put a file's name before the errors raised inside that do not name it.

    Errors in a setting of the command line ("--set ...") are not the file's.
    """
    try:
        yield
    except InputError as error:
        if file not in error.what and not error.what.startswith("--set"):
            error.what = f"{file}: {error.what}"
        raise


def short(value: object) -> str:
    """`repr` of a value of the user's, with at most 80 characters of each part."""
    return _SHORTENED.repr(value)
