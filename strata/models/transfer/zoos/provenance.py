"""Provenance of a network's weights: source, license, training data and its own image size."""

from pathlib import Path
from types import ModuleType
from typing import Literal, NamedTuple

from strata.errors import InputError
from strata.models.transfer.zoos import timm_zoo
from strata.models.transfer.zoos.find import zoo_of
from strata.models.transfer.zoos.packaged_weights import PACKAGES
from strata.models.transfer.zoos.published import PublishedWeights
from strata.models.transfer.zoos.training_data import TrainingData, data_of_member, data_of_tag

_NO_TERMS = (
    "no terms are published with them; those of the images that they were learned from, such as "
    "ImageNet, may bind whoever uses them"
)
_OF_THE_MAKER = "those of whoever made the file"


class Provenance(NamedTuple):
    """Origin of a network's weights.

    Attributes:
        source: "torchvision" or "timm", published by them, "package", installed; "file", another.
        weights: member of torchvision's enum, timm's name with its tag; "" if neither is known.
        address: URL, or the name of the package or file, without folders of the machine.
        sha256: of a file, hex; "" of what is downloaded.
        license: of the weights, or a sentence on it.
        training_data: in the order of training; () if it is not known.
        is_assumed: True for a file that is only named like published weights: the training data
            are those of the published ones.
        image_size: of the images that it was made for, pixels; None if it is not known.
    """

    source: Literal["torchvision", "timm", "package", "file"]
    weights: str
    address: str
    sha256: str
    license: str
    training_data: tuple[TrainingData, ...]
    is_assumed: bool
    image_size: int | None


def provenance(backbone: str, path: Path | None, digest: str) -> Provenance:
    """Provenance of the weights that a network is used with; nothing is downloaded.

    Args:
        backbone: name of the network.
        path: the file; None: the published weights.
        digest: sha256 of the file, hex.
    """
    zoo, weights, published, size = _published(backbone)
    data = _training_data(zoo, weights)
    library: Literal["torchvision", "timm"] = "timm" if zoo is timm_zoo else "torchvision"
    package = next((p for p in PACKAGES.values() if p.digest == digest), None)
    if package:
        known = (weights, package.module, digest, "Apache-2.0", data)
        return Provenance("package", *known, is_assumed=False, image_size=size)
    terms = (published.terms if published else "") or _NO_TERMS
    if path is None:
        known = (weights, published.url if published else "", "", terms, data)
        return Provenance(library, *known, is_assumed=False, image_size=size)
    if published and published.digest and digest.startswith(published.digest):
        known = (weights, path.name, digest, terms, data)
        return Provenance(library, *known, is_assumed=False, image_size=size)
    known = (weights, path.name, digest, _OF_THE_MAKER, data)
    return Provenance("file", *known, is_assumed=bool(data), image_size=size)


def _published(
    backbone: str,
) -> tuple[ModuleType | None, str, PublishedWeights | None, int | None]:
    """Collection, name of the weights, their file and image size, as far as they are known."""
    try:
        zoo, name = zoo_of(backbone)
        size: int = zoo.preprocessing(name).image_size
    except InputError:  # of a library that is not installed here
        return None, "", None, None
    try:
        return zoo, zoo.weights_name(name), zoo.published(name), size
    except InputError:  # nothing is published
        return zoo, "", None, size


def _training_data(zoo: ModuleType | None, weights: str) -> tuple[TrainingData, ...]:
    named = weights.partition(".")[2]
    return data_of_tag(named) if zoo is timm_zoo else data_of_member(named)
