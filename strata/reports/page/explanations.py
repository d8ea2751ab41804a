"""Page of explained predictions: one self-contained HTML file."""

import base64
from typing import Any

import numpy as np

from strata.reports.formatting import decimal, percent
from strata.reports.model.explained import ExplainedBranch, ExplainedImage, ExplainedPredictions
from strata.reports.page.pictures import jpeg
from strata.reports.page.render import asset, environment

#: Longest sides of a picture, and of a training image's, in pixels.
SIDE, NEIGHBOR_SIDE = 480, 96


def explanations_html(explained: ExplainedPredictions) -> str:
    """The page: each image with the evidence for its best classes."""
    branches = [b for i in explained.images for c in i.classes for b in c.branches]
    return (
        environment()
        .get_template("explanations.html")
        .render(
            explained=explained,
            images=[_image(one) for one in explained.images],
            signed=any(b.signed and b.picture is not None for b in branches),
            unsigned=any(not b.signed and b.picture is not None for b in branches),
            partly_seen=any(b.partly_seen for b in branches),
            style=asset("page.css"),
            own_style=asset("explanations.css"),
        )
    )


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
                "rank": one.rank,
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
        places = branch.total - branch.offset
        total = (
            f"{score} {_number(branch.total)}: {_number(places)} from places in the image, "
            f"{_number(branch.offset)} from no place."
        )
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


def _number(value: float) -> str:
    """A signed number of three digits."""
    return f"{value + 0.0:+.3g}".replace("-", "−")


def data_uri(picture: np.ndarray, side: int) -> str:
    """A picture as a JPEG in the page's text."""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg(picture, side, 82)[0]).decode()}"
