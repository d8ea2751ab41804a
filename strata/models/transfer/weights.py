"""Files of pretrained weights: the user's, those in torch's hub folder, or torchvision's downloads.

Weights that cannot be found or read are an error with a hint; a network is never used untrained.
"""

import io
import os
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from strata.digest import file_digest
from strata.download.download import download
from strata.errors import InputError, StrataError, nearest
from strata.files import expand_user
from strata.locks import file_lock

if TYPE_CHECKING:
    from torch import Tensor

#: Environment variable with a file of weights, or a folder of files `BACKBONE.pth`.
ENVIRONMENT = "STRATA_WEIGHTS"


class PublishedWeights(NamedTuple):
    """Weights that torchvision publishes for a network."""

    url: str
    digest: str  #: first hex digits of the file's sha256; "" if the URL holds none
    megabytes: float
    terms: str = ""  #: license that torchvision names

    @property
    def path(self) -> Path:
        """Path of the file in torch's hub folder."""
        return hub_folder() / self.url.rpartition("/")[2]


def published_weights(backbone: str) -> PublishedWeights:
    """torchvision's best ImageNet weights of a classification network.

    Raises:
        InputError: no such network.
    """
    from torchvision import models

    check_backbone(backbone)
    weights = models.get_model_weights(backbone).DEFAULT
    digest = re.search(r"-([0-9a-f]{8,})\.\w+$", weights.url)
    return PublishedWeights(
        weights.url,
        digest[1] if digest else "",
        weights.meta["_file_size"],
        weights.meta.get("license", ""),
    )


def check_backbone(name: str) -> None:
    """Raise `InputError` for names that are not of torchvision's classification networks.

    torchvision lists other networks too, such as detectors, which take images of any size.
    """
    from torchvision import models

    known = models.list_models(module=models)
    if name not in known:
        raise InputError(
            f"torchvision has no classification network '{name}'.", nearest(name, known)
        )


def hub_folder() -> Path:
    """torch's folder for downloaded weights, `TORCH_HOME` respected, without importing torch."""
    cache_home = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    home = os.environ.get("TORCH_HOME", os.path.join(cache_home, "torch"))
    return expand_user(home) / "hub" / "checkpoints"


def named_file(backbone: str, given: str = "") -> Path | None:
    """The user's file of weights for a backbone; None if torchvision's weights are to be used.

    Args:
        backbone: torchvision's name of the network.
        given: a file, or a folder that holds `BACKBONE.pth`; "": the environment variable
            `ENVIRONMENT`, whose folder need not hold every backbone.

    Returns:
        the path as it was named, even if there is no such file.
    """
    if given:
        path = expand_user(given)
        return path / f"{backbone}.pth" if path.is_dir() else path
    named = os.environ.get(ENVIRONMENT)
    if not named:
        return None
    path = expand_user(named)
    if not path.is_dir():
        return path
    inside = path / f"{backbone}.pth"
    return inside if inside.exists() else None


def weights_digest(path: Path) -> str:
    """The sha256 of a file's content, hex; cached until the file changes."""
    status = path.stat()
    return _digest(path, status.st_size, status.st_mtime_ns)


@cache
def _digest(path: Path, _size: int, _changed: int) -> str:
    return file_digest(path)


def obtain_weights(
    backbone: str, given: str = "", progress: Callable[[int, int], None] | None = None
) -> Path:
    """Path of a backbone's weights: the user's file, that in the hub folder, or a download.

    Args:
        backbone, given: as in `named_file`.
        progress: called with bytes done and bytes in all while downloading.

    Raises:
        InputError: the user's file does not exist; no such network; a download has a wrong digest.
        StrataError: the file cannot be downloaded.
    """
    path = named_file(backbone, given)
    if path is None:
        return fetch_weights(published_weights(backbone), backbone, progress)
    if not path.is_file():
        raise InputError(
            f"There is no file of weights {path}.",
            f"It would hold the state_dict of torchvision's {backbone}; without a file named, "
            "torchvision's own is downloaded.",
        )
    return path


def fetch_weights(
    source: PublishedWeights, backbone: str, progress: Callable[[int, int], None] | None = None
) -> Path:
    """Path of published weights in the hub folder, downloaded unless they are there.

    The file appears there only when complete and of the right digest. Of several processes one
    downloads it, and the others wait.

    Raises:
        InputError: the server's file has another digest.
        StrataError: offline, refused, stalled or broken off; the bytes received are kept.
    """
    path = source.path
    if _is_complete(path, source):
        return path
    hint = (
        f"Download {source.url} ({source.megabytes:.0f} MB) elsewhere and put it at {path}, "
        f'or name a file: weights = "FILE", or the variable {ENVIRONMENT}.'
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with file_lock(path.with_name(f".{path.name}.lock")):
            if not _is_complete(path, source):  # another process may have been faster
                download(source.url, path, sha256=source.digest, progress=progress)
    except StrataError as error:
        what = f"The weights of {backbone} are not on this machine: {error.what}"
        raise type(error)(what, hint) from error
    except OSError as error:
        reason = f"{path.parent} cannot be written: {error.strerror or error}"
        raise StrataError(
            f"The weights of {backbone} are not on this machine: {reason}.", hint
        ) from error
    return path


def _is_complete(path: Path, source: PublishedWeights) -> bool:
    return path.is_file() and weights_digest(path).startswith(source.digest)


def read_weights(content: bytes, name: str) -> "dict[str, Tensor]":
    """The tensors of a state_dict file by name; code in the file is not executed.

    Args:
        content: of the file, as `torch.save` writes it or in the format safetensors.
        name: of the file, for error messages.

    Raises:
        InputError: not a state_dict.
    """
    import torch
    from safetensors.torch import load

    try:
        if content[8:9] == b"{":  # safetensors: a length of eight bytes, then JSON
            state = load(content)
        else:
            state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:
        raise InputError(
            f"{name} is not a file of weights: {str(error).partition(chr(10))[0] or 'it is empty'}",
            "It should hold a state_dict, as torch.save(network.state_dict(), FILE) writes it.",
        ) from error
    if not isinstance(state, dict) or not all(isinstance(v, torch.Tensor) for v in state.values()):
        raise InputError(
            f"{name} holds no state_dict (names and tensors).",
            "torch.save(network.state_dict(), FILE) writes one.",
        )
    odd = [key for key, value in state.items() if not _is_plain(str(key), value)]
    if odd:
        kinds = sorted({str(state[key].dtype).removeprefix("torch.") for key in odd})
        raise InputError(
            f"{name} holds weights that are no real numbers: {', '.join(map(str, odd[:3]))}"
            f"{' and others' if odd[3:] else ''} ({', '.join(kinds)}).",
            "Save the state_dict of a network of float32 weights, not a quantized one.",
        )
    return dict(state)


def _is_plain(name: str, value: "Tensor") -> bool:
    """Test for dense floating-point numbers; batch normalization counts its batches in integers."""
    import torch

    is_number = value.is_floating_point() or name.endswith("num_batches_tracked")
    return is_number and value.layout is torch.strided and not value.is_complex()
