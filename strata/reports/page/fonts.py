"""Fonts of the PDF figures: those on this computer that have the characters of a drawing."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

#: Font that comes with matplotlib.
DEFAULT = "DejaVu Sans"
#: Font whose every glyph is a box.
LAST_RESORT = "Last Resort"


class FontChoice(NamedTuple):
    """Font families, in the order in which a character is looked for, and what none of them has."""

    families: tuple[str, ...]
    missing: str


@lru_cache(maxsize=256)  # drawings of one report have the same class names
def fonts_for(characters: frozenset[str]) -> FontChoice:
    """The default font, and further ones as long as they add a character that is wanted."""
    from matplotlib.font_manager import findfont

    families = [DEFAULT]
    wanted = _lacking(findfont(DEFAULT), characters)
    for entry in _installed() if wanted else ():
        left = _lacking(entry.fname, wanted)
        if len(left) < len(wanted):
            families.append(entry.name)
            wanted = left
        if not wanted:
            break
    return FontChoice(tuple(families), "".join(sorted(wanted)))


def _installed() -> Iterator[Any]:
    """Installed fonts, upright regular ones first, by name."""
    from matplotlib.font_manager import fontManager

    usable = [f for f in fontManager.ttflist if not f.name.startswith(LAST_RESORT)]
    yield from sorted(
        usable,
        key=lambda f: (f.style != "normal", f.weight not in (400, "normal"), f.name, f.fname),
    )


def _lacking(path: str, characters: frozenset[str]) -> frozenset[str]:
    """Characters for which a font has no glyph; all of them if it cannot be read."""
    from matplotlib.font_manager import get_font

    try:
        font = get_font(path)
    except (OSError, RuntimeError):
        return characters
    return frozenset(c for c in characters if c.isprintable() and not font.get_char_index(ord(c)))
