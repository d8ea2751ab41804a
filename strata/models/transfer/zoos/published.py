"""Facts of networks with published weights: their preprocessing and the file."""

import os
from pathlib import Path
from typing import NamedTuple

from strata.files import expand_user


class Preprocessing(NamedTuple):
    """Preprocessing that a network's weights were trained with."""

    image_size: int  #: width and height, pixels
    mean: tuple[float, ...]  #: of red, green and blue in 0..1
    std: tuple[float, ...]


class PublishedWeights(NamedTuple):
    """File of weights on a server."""

    url: str
    digest: str  #: first hex digits of the file's sha256; "" if it is not known before
    megabytes: float  #: 0 if the size is not known before
    terms: str = ""  #: license that the publisher names
    file_name: str = ""  #: in the hub folder; "": the last part of the URL
    cached: Path | None = None  #: a copy that another program has downloaded

    @property
    def path(self) -> Path:
        """Path of the file in torch's hub folder."""
        return hub_folder() / (self.file_name or self.url.rpartition("/")[2])


def hub_folder() -> Path:
    """torch's folder for downloaded weights, `TORCH_HOME` respected, without importing torch."""
    cache_home = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    home = os.environ.get("TORCH_HOME", os.path.join(cache_home, "torch"))
    return expand_user(home) / "hub" / "checkpoints"
