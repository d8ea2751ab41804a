"""Pretrained networks in a method: provenance of their weights. Plain dataclasses."""

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class PretrainedNetwork:
    """Network whose weights were learned before, on other images; what is unknown is empty.

    Attributes:
        backbone: name of the network.
        source: who published the weights, or "package" (installed), "file", "own" (a network of the
            experiment, trained on labeled images beside the data set).
        weights: member of torchvision's enum, or timm's name with its tag.
        address: URL, or name of the package or file.
        sha256: of a file, hex.
        license: of the weights, or a sentence on it.
        training_data: data sets that it learned from, in this order.
        web_data: those of them that were collected from the web at large.
        is_assumed: the weights are a file that only stands for published ones: the training data
            are those of the published ones.
        same_names: training data -> class of this data set -> class there of the same name.
        image_size: of the images that it is given here, pixels.
        own_image_size: of those that it was made for.
    """

    backbone: str
    source: Literal["torchvision", "timm", "package", "file", "own", ""] = ""
    weights: str = ""
    address: str = ""
    sha256: str = ""
    license: str = ""
    training_data: list[str] = field(default_factory=list)
    web_data: list[str] = field(default_factory=list)
    is_assumed: bool = False
    same_names: dict[str, dict[str, str]] = field(default_factory=dict)
    image_size: int | None = None
    own_image_size: int | None = None
