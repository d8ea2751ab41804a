"""SVG drawings as text: elements, scales, and a frame with axes.

Colors come from CSS classes, so that a drawing follows the page's dark mode and print style. A
drawing has its preferred width and shrinks on a small screen; it never grows.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from unicodedata import combining, east_asian_width

from markupsafe import Markup, escape

from strata.text import printable

#: Mean width of a character at the drawings' font size of 12 pixels, for placing labels.
CHARACTER = 6.4
#: The same for names at an edge, which must not be clipped: bold, or at a phone's font size.
NAME_CHARACTER = 7.6
#: Width of a wide character (Chinese, Japanese, Korean), which is as wide as it is high.
WIDE_CHARACTER = 13.5


def text_width(text: str, character: float = CHARACTER) -> float:
    """Width of a text in pixels, for placing it; combining marks have none."""
    return sum(
        WIDE_CHARACTER if east_asian_width(c) in "WF" else character
        for c in text
        if not combining(c)
    )


def element(tag: str, *content: str | Markup, **attributes: str | float | None) -> Markup:
    """One SVG element; text is escaped, keywords `class_` and `stroke_width` become `class` etc."""
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{_attribute(value)}"'
        for name, value in attributes.items()
        if value is not None
    )
    body = "".join(_escaped(part) for part in content)
    return Markup(f"<{tag}{written}>{body}</{tag}>" if body else f"<{tag}{written}/>")


def number(value: float) -> str:
    """A coordinate with at most one decimal."""
    return f"{value:.1f}".rstrip("0").rstrip(".")


def _attribute(value: str | float) -> str:
    """Value of an attribute as escaped text."""
    return number(value) if isinstance(value, int | float) else str(_escaped(value))


def _escaped(text: str | Markup) -> Markup:
    """Text as markup, without characters that XML forbids; markup as it is."""
    return text if isinstance(text, Markup) else escape(printable(text))


def drawing(
    width: float, height: float, parts: Sequence[Markup], title: str, description: str = ""
) -> Markup:
    """A whole SVG drawing, labeled for screen readers by its title and description."""
    label = f"{title}. {description}" if description else title
    return element(
        "svg",
        Markup("").join(parts),
        viewBox=f"0 0 {number(width)} {number(height)}",
        width=width,
        height=height,
        role="img",
        aria_label=label,
    )


@dataclass(frozen=True)
class Scale:
    """Linear or logarithmic scale from values to pixels."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """Position of a value in pixels."""
        low, high = self._shape(self.low), self._shape(self.high)
        part = (self._shape(value) - low) / (high - low) if high != low else 0.5
        return self.start + part * (self.end - self.start)

    def _shape(self, value: float) -> float:
        return math.log10(value) if self.log else value

    def ticks(self, about: int = 5) -> list[float]:
        """Round values within the scale, about `about` of them."""
        if self.log:
            ticks = _log_ticks(self.low, self.high, about)
            if len(ticks) > 2:
                return ticks
        step = _round_step((self.high - self.low) / max(1, about))
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [round(i * step, 12) for i in range(first, last + 1)]


def _round_step(rough: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that is not below a step."""
    if rough <= 0:
        return 1.0
    size = 10.0 ** math.floor(math.log10(rough))
    return next(m * size for m in (1, 2, 5, 10) if m * size >= rough * (1 - 1e-9))


def _log_ticks(low: float, high: float, about: int) -> list[float]:
    """Ticks at powers of ten, with multiples between them where these are few."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for multiples in ((1,), (1, 3), (1, 2, 5)):
        ticks = [m * 10.0**d for d in decades for m in multiples]
        visible = [t for t in ticks if low * (1 - 1e-9) <= t <= high * (1 + 1e-9)]
        if len(visible) >= 3:
            break
    every = max(1, math.ceil(len(visible) / (about + 1)))
    return visible[::every]


@dataclass
class Frame:
    """A plot: two scales, axes, and the elements drawn between them.

    Args:
        x_range, y_range: (low, high) of the values.
        width, height: of the whole drawing, in pixels.
        left, bottom, top, right: margins for labels, in pixels.
        log_x: whether the x scale is logarithmic.
        parts: elements drawn so far.
    """

    x_range: tuple[float, float]
    y_range: tuple[float, float]
    width: float = 400
    height: float = 280
    left: float = 46
    right: float = 14
    top: float = 12
    bottom: float = 42
    log_x: bool = False
    parts: list[Markup] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.x = Scale(*self.x_range, self.left, self.width - self.right, self.log_x)
        self.y = Scale(*self.y_range, self.height - self.bottom, self.top)

    def add(self, tag: str, *content: str | Markup, **attributes: str | float | None) -> None:
        """Draw one element, in pixel coordinates."""
        self.parts.append(element(tag, *content, **attributes))

    def axes(
        self,
        x_title: str,
        y_title: str,
        x_text: Callable[[float], str],
        y_text: Callable[[float], str],
        *,
        x_ticks: Sequence[float] | None = None,
        y_ticks: Sequence[float] | None = None,
    ) -> None:
        """Draw grid lines, tick labels and titles; the y title is horizontal, above the axis."""
        floor, end = self.height - self.bottom, self.width - self.right
        for value in self.y.ticks(4) if y_ticks is None else y_ticks:
            y = self.y(value)
            self.add("line", class_="grid", x1=self.left, x2=end, y1=y, y2=y)
            self.add(
                "text", y_text(value), class_="tick", x=self.left - 7, y=y + 4, text_anchor="end"
            )
        self.add("line", class_="axis", x1=self.left, x2=end, y1=floor, y2=floor)
        for value in self.x.ticks(5) if x_ticks is None else x_ticks:
            x = self.x(value)
            self.add("line", class_="axis", x1=x, x2=x, y1=floor, y2=floor + 4)
            self.add("text", x_text(value), class_="tick", x=x, y=floor + 17, text_anchor="middle")
        middle = (self.left + end) / 2
        self.add("text", x_title, class_="title", x=middle, y=self.height - 6, text_anchor="middle")
        self.add("text", y_title, class_="title", x=2, y=13)

    def line(self, xs: Iterable[float], ys: Iterable[float], class_: str) -> None:
        """Draw a line through the points, interrupted at values that are not finite."""
        pieces: list[str] = []
        pen = "M"
        for x, y in zip(xs, ys, strict=True):
            if not (math.isfinite(x) and math.isfinite(y)):
                pen = "M"
                continue
            pieces.append(f"{pen}{number(self.x(x))} {number(self.y(y))}")
            pen = "L"
        if pieces:
            self.add("path", class_=class_, d="".join(pieces))

    def render(self, title: str, description: str = "") -> Markup:
        """The finished drawing."""
        return drawing(self.width, self.height, self.parts, title, description)
