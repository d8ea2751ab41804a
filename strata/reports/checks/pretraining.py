"""Checks of what pretrained networks learned from: classes of the same name, images of the web."""

from collections.abc import Iterator

from strata.reports.checks.base import NotApplicable, Observation, check
from strata.reports.comparison.ranking import Ranking
from strata.reports.formatting import listing
from strata.reports.model.pretrained import PretrainedNetwork


@check(
    "R20",
    "Pretraining on classes of the same name",
    "A network that has learned a class from other photographs, with labels, may do better on it "
    "than on classes that it never met, and images from public sources may even be among them.",
    "Expect less of the same network on classes without a namesake; the recall of the classes here "
    "tells whether those with one are easier.",
)
def same_names(ranking: Ranking) -> Iterator[Observation]:
    """Classes of the data set that pretraining data have under the same name."""
    classes = ranking.comparison.data.classes
    users: dict[tuple[str, tuple[tuple[str, str], ...]], list[str]] = {}
    for network in _networks(ranking):
        for data, same in network.same_names.items():
            users.setdefault((data, tuple(same.items())), []).append(network.backbone)
    for (data, names), backbones in users.items():
        told = listing(
            own if own.lower() == other.lower() else f'{own} ("{other}")' for own, other in names
        )
        yield Observation(
            "tip",
            f"{data} has {len(names)} of {len(classes)} classes by name: {told}. "
            f"{_used_by(backbones)}",
        )


@check(
    "R21",
    "Pretraining on images of the web",
    "Data sets collected from the web at large may hold any public image, and so test images of "
    "public data sets; whether they do cannot be told from the weights.",
    "Of public images, compare with a network whose training data are known (ImageNet-1k); images "
    "of your own that were never published are not concerned.",
)
def web_data(ranking: Ranking) -> Iterator[Observation]:
    """Networks that learned from images collected from the web at large."""
    users: dict[str, list[str]] = {}
    for network in _networks(ranking):
        for data in network.web_data:
            users.setdefault(data, []).append(network.backbone)
    for data, backbones in users.items():
        yield Observation("tip", f"{data} may hold public images of yours. {_used_by(backbones)}")


def _used_by(backbones: list[str]) -> str:
    return f"Trained on it: {listing(dict.fromkeys(backbones))}."


def _networks(ranking: Ranking) -> list[PretrainedNetwork]:
    """Pretrained networks of the methods with results.

    Raises:
        NotApplicable: none has any, or what they were trained on is not known.
    """
    found = [network for row in ranking.rows for network in row.method.pretrained]
    if not found:
        raise NotApplicable("no method has a pretrained network")
    if not any(network.training_data for network in found):
        raise NotApplicable("what the pretrained networks were trained on is not known")
    return found
