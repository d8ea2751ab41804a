"""Data sets that pretrained networks learned from, by the names of their weights.

timm's tags name them in the order of training ("clip_laion2b_augreg_ft_in12k_in1k"), and so do the
members of torchvision's enums ("IMAGENET1K_SWAG_E2E_V1").
"""

from itertools import groupby
from typing import NamedTuple


class TrainingData(NamedTuple):
    """Images that a network learned from.

    Attributes:
        name: as its authors call it.
        is_web: collected from the web at large, so that it may hold any public image.
        synsets: timm's list of its classes, by WordNet's synset; "" without classes.
    """

    name: str
    is_web: bool = False
    synsets: str = ""


IMAGENET_1K = TrainingData("ImageNet-1k", synsets="imagenet_synsets.txt")
_IMAGENET_12K = TrainingData("ImageNet-12k", synsets="imagenet12k_synsets.txt")
_IMAGENET_21K = TrainingData("ImageNet-21k", synsets="imagenet22k_synsets.txt")
_YFCC = TrainingData("YFCC100M (Flickr)", is_web=True)
_LAION = TrainingData("LAION", is_web=True)
_DATACOMP = TrainingData("DataComp", is_web=True)
_DFN = TrainingData("DFN (filtered web images)", is_web=True)
_METACLIP = TrainingData("MetaCLIP (Common Crawl)", is_web=True)
_INSTAGRAM = TrainingData("Instagram (hashtags)", is_web=True)

#: By the word of a tag that stands for it.
_BY_WORD = {
    **dict.fromkeys(("in1k", "mae", "fcmae", "dino"), IMAGENET_1K),
    "in12k": _IMAGENET_12K,
    **dict.fromkeys(("in21k", "in22k", "inw21k"), _IMAGENET_21K),
    **dict.fromkeys(("yfcc15m", "yfcc100m"), _YFCC),
    **dict.fromkeys(("laion2b", "laion400m", "laiona"), _LAION),
    **dict.fromkeys(("datacomp1b", "datacompxl", "mclip"), _DATACOMP),
    **dict.fromkeys(("dfn2b", "dfn5b", "dfndr2b"), _DFN),
    **dict.fromkeys(("metaclip", "metaclip2"), _METACLIP),
    **dict.fromkeys(("ig1b", "seer", "swag"), _INSTAGRAM),
    "cc12m": TrainingData("Conceptual 12M", is_web=True),
    "webli": TrainingData("WebLI", is_web=True),
    "openai": TrainingData("OpenAI's image-text pairs (WIT)", is_web=True),
    "merged2b": TrainingData("Merged-2B (LAION-2B, COYO)", is_web=True),
    "lvd142m": TrainingData("LVD-142M", is_web=True),
    "lvd1689m": TrainingData("LVD-1689M", is_web=True),
    "jft": TrainingData("JFT-300M", is_web=True),
    "m30m": TrainingData("Merged-30M (ImageNet-21k, CC12M, COCO and others)", is_web=True),
    "m38m": TrainingData("Merged-38M (ImageNet-21k, CC12M, COCO and others)", is_web=True),
    "bamboo": TrainingData("Bamboo", is_web=True),
    "sa1b": TrainingData("SA-1B"),
    "sat493m": TrainingData("SAT-493M (satellite images)"),
}


def data_of_tag(tag: str) -> tuple[TrainingData, ...]:
    """Data sets that a tag of timm names, in the order of training; () where it names none."""
    found = [_BY_WORD[word] for word in tag.split("_") if word in _BY_WORD]
    return tuple(data for data, _ in groupby(found))


def data_of_member(member: str) -> tuple[TrainingData, ...]:
    """Data sets behind a member of torchvision's enums, in the order of training."""
    if not member.startswith("IMAGENET1K"):
        return ()
    return (_INSTAGRAM, IMAGENET_1K) if "SWAG" in member.split("_") else (IMAGENET_1K,)
