"""Classes of a user's data set that have the name of a class that a network learned."""

import importlib.util
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from strata.models.transfer.zoos.training_data import IMAGENET_1K, TrainingData


def same_names(classes: Iterable[str], data: TrainingData) -> dict[str, str]:
    """User's class -> class of the training data, for those of the same name.

    A name is compared in small letters, without marks between its words, leading numbers, or the
    plural of its last word; a class of ImageNet has each of the names in its synset ("seashore,
    coast"). Those come with timm; without it there are torchvision's, one for each class of
    ImageNet-1k.
    """
    known = _known_names(data)
    found = {name: known.get(_normalized(name)) for name in classes}
    return {name: label for name, label in found.items() if label}


@cache
def _known_names(data: TrainingData) -> dict[str, str]:
    """Normalized name -> class of the training data; of several, one that is called so first."""
    labels = _synsets(data) or (_first_names() if data == IMAGENET_1K else [])
    found: dict[str, str] = {}
    names = [(label.split(", "), label) for label in labels]
    first = [(first, label) for (first, *_), label in names]
    for name, label in [*first, *((name, label) for more, label in names for name in more)]:
        found.setdefault(_normalized(name), label)
    return found


def _synsets(data: TrainingData) -> list[str]:
    """Names of each class, "seashore, coast", from the lists that come with timm; [] without it."""
    spec = importlib.util.find_spec("timm")
    if not data.synsets or spec is None or spec.origin is None:
        return []
    folder = Path(spec.origin).parent / "data" / "_info"
    try:
        numbers = (folder / data.synsets).read_text(encoding="utf-8").split()
        lines = (folder / "imagenet_synset_to_lemma.txt").read_text(encoding="utf-8").splitlines()
    except OSError:  # another version of timm keeps them elsewhere
        return []
    names = dict(line.split("\t", 1) for line in lines if "\t" in line)
    return [names[number] for number in numbers if number in names]


def _first_names() -> list[str]:
    from torchvision import models

    found: list[str] = models.ResNet50_Weights.DEFAULT.meta["categories"]
    return found


def _normalized(name: str) -> str:
    """Name without case, marks, a leading number or synset, and the plural of its last word.

    "001.Black_footed_Albatross", "black-footed albatross" and "BlackFootedAlbatrosses" are one.
    """
    plain = re.sub(r"^n?\d+[\W_]+", "", name.strip())
    plain = re.sub(r"[\W_]+", "", plain).lower()
    for ending, singular in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch")):
        if plain.endswith(ending) and len(plain) > len(ending) + 1:
            return plain[: -len(ending)] + singular
    is_plural = plain.endswith("s") and not plain.endswith(("ss", "us", "is")) and len(plain) > 3
    return plain[:-1] if is_plural else plain
