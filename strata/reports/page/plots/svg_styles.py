"""The page's stylesheet inlined into single drawings, so that they stand alone as files."""

import re
from functools import cache
from importlib.resources import files
from typing import NamedTuple
from xml.etree import ElementTree

from markupsafe import Markup

SPACE = "http://www.w3.org/2000/svg"

#: CSS properties that apply to drawings; the others are for the page.
_PROPERTIES = {
    "fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin", "stroke-linecap",
    "opacity", "font-size", "font-weight", "paint-order",
}  # fmt: skip


class StyleRule(NamedTuple):
    """A CSS rule: for elements of a tag ("" for any) with all of some classes."""

    tag: str
    classes: frozenset[str]
    properties: dict[str, str]


def styled(drawing: Markup) -> ElementTree.Element:
    """The drawing with the light theme's style written into each element, and classes removed."""
    ElementTree.register_namespace("", SPACE)
    root = ElementTree.fromstring(str(drawing).replace("<svg", f'<svg xmlns="{SPACE}"', 1))
    for element in root.iter():
        tag = element.tag.rpartition("}")[2]
        classes = frozenset(element.attrib.pop("class", "").split())
        for name, value in _style(tag, classes).items():
            element.attrib.setdefault(name, value)
    root.set("font-family", "Helvetica, Arial, Liberation Sans, sans-serif")
    return root


def _style(tag: str, classes: frozenset[str]) -> dict[str, str]:
    """Properties of an element; the rule with most classes wins, then the later one."""
    found: dict[str, str] = {}
    matching = [r for r in _rules() if r.tag in ("", tag) and r.classes <= classes]
    for rule in sorted(matching, key=lambda r: len(r.classes)):
        if rule.tag or rule.classes:
            found |= rule.properties
    return found


@cache
def _rules() -> list[StyleRule]:
    """Rules of page.css that select elements inside an SVG, for the light theme."""
    css = files("strata.reports.page").joinpath("templates", "page.css").read_text("utf-8")
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    css = re.sub(r"@media[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}", "", css)
    blocks = re.findall(r"([^{}]+)\{([^{}]*)\}", css)
    colors = dict(re.findall(r"(--[\w-]+):\s*(#\w+)", next(b for s, b in blocks if ":root" in s)))
    found = []
    for selectors, body in blocks:
        properties = _properties(body, colors)
        for selector in selectors.split(","):
            match = re.fullmatch(r"(svg)|svg (\w*)((?:\.[\w-]+)*)", selector.strip())
            if match and properties:
                classes = frozenset((match[3] or "").split(".")[1:])
                found.append(StyleRule(match[1] or match[2] or "", classes, properties))
    return found


def _properties(body: str, colors: dict[str, str]) -> dict[str, str]:
    """Drawing properties of a rule's body, with color variables resolved."""
    pairs = (part.partition(":")[::2] for part in body.split(";"))
    return {
        name.strip(): re.sub(r"var\((--[\w-]+)\)", lambda m: colors[m[1]], value.strip())
        for name, value in pairs
        if name.strip() in _PROPERTIES
    }
