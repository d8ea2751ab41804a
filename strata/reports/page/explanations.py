"""Page of explained predictions: one self-contained HTML file."""

import base64
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from markupsafe import Markup

from strata.reports.formatting import decimal, percent
from strata.reports.model.explained import ExplainedBranch, ExplainedClass, ExplainedImage
from strata.reports.page.pictures import jpeg
from strata.reports.page.render import asset, environment

#: Longest sides of a picture, and of a training image's, in pixels.
SIDE, NEIGHBOR_SIDE = 480, 96
#: Classes of the same score that are named.
TIED = 3
#: Characters of the waiting sections that are copied at once.
_BLOCK = 1 << 20
#: Line of a page that names the files of an image; name of one, beside the page.
_FILES = re.compile(r'<section class="explained" data-files="([^"]*)"')
_MAP = re.compile(r"\d{3,}-[\w.-]+\.png")


class ExplanationsPage:
    """Page written image by image, so that it needs the memory of one.

    Args:
        method: its name.
        sections: file open for reading and writing, in which the images' sections wait.
    """

    def __init__(self, method: str, sections: IO[str]) -> None:
        self._method = method
        self._sections = sections
        self._legend: set[str] = set()
        self._images = 0

    def add(self, image: ExplainedImage, files: Sequence[str] = ()) -> None:
        """Add an image with the evidence for its classes.

        Args:
            image: with its evidence.
            files: names of the files beside the page that have its maps; see `files_named_in`.
        """
        self._images += 1
        self._legend |= _legend(image)
        template = environment().get_template("explained_image.html")
        context = _image(image)
        self._sections.write(template.render(image=context, number=self._images, files=files))
        self._sections.write("\n")

    def write(self, stream: IO[bytes], without: Mapping[str, str]) -> None:
        """Write the page to a file.

        Args:
            stream: the file.
            without: names of files that have no class, with the reasons.
        """
        self._sections.seek(0)
        parts = iter(lambda: Markup(self._sections.read(_BLOCK)), "")
        template = environment().get_template("explanations.html")
        template.stream(
            method=self._method,
            without=without,
            sections=parts,
            legend=self._legend,
            style=asset("page.css"),
            own_style=asset("explanations.css"),
        ).dump(stream, encoding="utf-8")


def files_named_in(page: Path) -> set[str]:
    """Names of the files with maps that an earlier page has beside it; none if there is no page."""
    try:
        with page.open(encoding="utf-8", errors="replace") as lines:
            named = [found[1].split() for line in lines if (found := _FILES.match(line))]
    except OSError:
        return set()
    return {name for names in named for name in names if _MAP.fullmatch(name)}


def _legend(image: ExplainedImage) -> set[str]:
    """Kinds of evidence that the legend tells of."""
    found = set()
    for branch in (b for c in image.classes for b in c.branches):
        if branch.picture is not None:
            found.add("signed" if branch.signed else "unsigned")
            if branch.total is not None:
                found.add("sums")
        elif branch.total is not None:
            found.add("votes")
        elif branch.neighbors:
            found.add("support")
        if branch.partly_seen:
            found.add("partly seen")
    return found


def _image(image: ExplainedImage) -> dict[str, Any]:
    """Template context of one image."""
    (first, *_) = image.classes
    return {
        "name": image.name,
        "note": image.note,
        "picture": data_uri(image.picture, SIDE),
        "predicted": first.name,
        "narrow": all(len(one.branches) == 1 for one in image.classes),
        "classes": [
            {
                "name": one.name,
                "standing": _standing(one, one is first),
                "value": f"{percent(one.value)} %" if image.probabilities else decimal(one.value),
                "branches": [
                    _branch(b, image.name, one.name, _score_of(one.branches)) for b in one.branches
                ],
            }
            for one in image.classes
        ],
    }


def _score_of(branches: list[ExplainedBranch]) -> str:
    """Name of the score that maps are of: of several, each is of a part."""
    return "Part of the score" if sum(b.total is not None for b in branches) > 1 else "Score"


def _branch(branch: ExplainedBranch, image: str, name: str, score: str) -> dict[str, Any]:
    """Template context of one branch's evidence."""
    negative = any(share < 0 for _, share, _ in branch.neighbors)
    total = None
    if branch.total is not None and branch.picture is not None:
        total = _sum(score, branch.total, branch.offset)
    seen = "; stripes: not seen" if branch.partly_seen else ""
    return {
        "title": branch.title,
        "note": branch.note,
        "total": total,
        "picture": None if branch.picture is None else data_uri(branch.picture, SIDE),
        "alt": f"{branch.title}: evidence for {name} over {image}{seen}",
        "neighbors": [
            {
                "name": neighbor,
                "share": f"{100 * share:{'+' if negative else ''}.1f} %".replace("-", "−"),
                "picture": None if picture is None else data_uri(picture, NEIGHBOR_SIDE),
            }
            for neighbor, share, picture in branch.neighbors
        ],
    }


def _sum(score: str, total: float, offset: float) -> str:
    """A score as a sum, all numbers with the decimals that three digits of the largest need."""
    places = total - offset
    largest = max(abs(total), abs(offset), abs(places), 1e-9)
    decimals = max(0, 2 - math.floor(math.log10(largest)))
    rounded, rest = round(total, decimals), round(offset, decimals)
    regions = rounded - rest  # so that the numbers add up as they are shown
    sign = "−" if rest < 0 else "+"
    text = (
        f"{score} {rounded + 0.0:.{decimals}f} = {regions + 0.0:+.{decimals}f} from the image's "
        f"regions {sign} {abs(rest):.{decimals}f} that every image gets."
    )
    return text.replace("-", "−")


def _standing(one: ExplainedClass, is_predicted: bool) -> str:
    """Rank of a class, and the classes that have the same score."""
    standing = "predicted" if is_predicted else f"rank {one.rank}"
    if not one.tied:
        return standing
    first, more = ", ".join(one.tied[:TIED]), len(one.tied) - TIED
    return f"{standing}, tied with {first}{f' and {more} more' if more > 0 else ''}"


def data_uri(picture: np.ndarray, side: int) -> str:
    """A picture as a JPEG in the page's text."""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg(picture, side, 82)[0]).decode()}"
