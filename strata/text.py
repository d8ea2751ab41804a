"""Text of unknown origin, as names of files are, made fit for UTF-8, XML and terminals."""

import os
import re

AFFECTS_RESULTS = False  # how names are shown
#: Control characters but tab and line break, line separators, marks that reverse the direction of
#: what follows, lone surrogates and noncharacters.
_ODD = "\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff"
_UNPRINTABLE = re.compile(f"[{_ODD}]")
_SEVERAL_LINES = re.compile(f"[\t\n{_ODD}]")


def utf8(name: str) -> str:
    """A file's name as valid UTF-8 text, bytes that are none as `\\xNN`."""
    return name if name.isascii() else os.fsencode(name).decode("utf-8", "backslashreplace")


def printable(text: str) -> str:
    """Text with escapes for what neither XML nor a terminal should be given.

    Control characters, lone surrogates, line separators, marks that reverse the direction, and
    the noncharacters U+FFFE and U+FFFF; tabs and line breaks stay.
    """
    return _UNPRINTABLE.sub(_escaped, text)


def one_line(text: str) -> str:
    """Text like `printable`, line breaks and tabs escaped too."""
    return _SEVERAL_LINES.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()
