"""Where a pretrained network's weights come from: a file, torch's hub folder, or torchvision's URL.

Nothing here invents weights: what cannot be found or read is an error that says what to do.
"""

import io
import os
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from strata.digest import file_digest
from strata.download import download
from strata.errors import InputError, StrataError, nearest
from strata.locks import file_lock

if TYPE_CHECKING:
    from torch import Tensor

#: Names a file of weights, or a folder of files `BACKBONE.pth`, for all backbones.
ENVIRONMENT = "STRATA_WEIGHTS"


class Published(NamedTuple):
    """The weights that torchvision publishes for a network."""

    url: str
    digest: str  #: how the file's sha256 begins, in hex; "" where the name does not say
    megabytes: float

    @property
    def place(self) -> Path:
        """Where torchvision keeps the file once it is fetched."""
        return hub_folder() / self.url.rpartition("/")[2]


def published(backbone: str) -> Published:
    """What torchvision offers for a classification network (its best weights for ImageNet).

    Raises:
        InputError: no such network.
    """
    from torchvision import models

    check_backbone(backbone)
    weights = models.get_model_weights(backbone).DEFAULT
    digest = re.search(r"-([0-9a-f]{8,})\.\w+$", weights.url)
    return Published(weights.url, digest[1] if digest else "", weights.meta["_file_size"])


def check_backbone(name: str) -> None:
    """Raise `InputError` for what is no classification network of torchvision.

    It knows others by name too: detectors, say, which expect no images of one size.
    """
    from torchvision import models

    known = models.list_models(module=models)
    if name not in known:
        raise InputError(
            f"torchvision has no classification network '{name}'.", nearest(name, known)
        )


def hub_folder() -> Path:
    """torch's folder for downloaded weights (`TORCH_HOME` moves it), found without torch."""
    cache_home = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    home = os.environ.get("TORCH_HOME", os.path.join(cache_home, "torch"))
    return Path(home).expanduser() / "hub" / "checkpoints"


def named_file(backbone: str, given: str = "") -> Path | None:
    """The file that the user names for a backbone, or None where torchvision's is to serve.

    Args:
        backbone: torchvision's name of the network.
        given: a file, or a folder that holds `BACKBONE.pth`; "": see the variable `ENVIRONMENT`,
            whose folder need not hold every backbone.

    Returns:
        A path that may not exist: what was named is meant.
    """
    if given:
        path = Path(given).expanduser()
        return path / f"{backbone}.pth" if path.is_dir() else path
    named = os.environ.get(ENVIRONMENT)
    if not named:
        return None
    path = Path(named).expanduser()
    if not path.is_dir():
        return path
    inside = path / f"{backbone}.pth"
    return inside if inside.exists() else None


def weights_digest(path: Path) -> str:
    """The sha256 of a file's content, hex; read once while the file stays as it is."""
    status = path.stat()
    return _digest(path, status.st_size, status.st_mtime_ns)


@cache
def _digest(path: Path, _size: int, _changed: int) -> str:
    return file_digest(path)


def obtain(
    backbone: str, given: str = "", progress: Callable[[int, int], None] | None = None
) -> Path:
    """A file of weights: the one named, the one in the hub folder, or torchvision's, fetched now.

    Args:
        backbone, given: as of `named_file`.
        progress: called with bytes done and bytes in all while fetching.

    Raises:
        InputError: the file named does not exist; no such network; a server's file is wrong.
        StrataError: the file cannot be fetched.
    """
    path = named_file(backbone, given)
    if path is None:
        return fetch(published(backbone), backbone, progress)
    if not path.is_file():
        raise InputError(
            f"There is no file of weights {path}.",
            f"It would hold the state_dict of torchvision's {backbone}; without a file named, "
            "torchvision's own is fetched.",
        )
    return path


def fetch(
    source: Published, backbone: str, progress: Callable[[int, int], None] | None = None
) -> Path:
    """The published file in the hub folder, fetched unless it is there.

    It appears there only when whole and right. Of several processes one fetches it, and the
    others wait.

    Raises:
        InputError: the server's file has another digest.
        StrataError: offline, refused, stalled or cut off; what has arrived is kept.
    """
    place = source.place
    if _is_there(place, source):
        return place
    hint = (
        f"Fetch {source.url} ({source.megabytes:.0f} MB) elsewhere and put it at {place}, "
        f'or name a file: weights = "FILE", or the variable {ENVIRONMENT}.'
    )
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with file_lock(place.with_name(f".{place.name}.lock")):
            if not _is_there(place, source):  # another process may have been faster
                download(source.url, place, sha256=source.digest, progress=progress)
    except StrataError as error:
        what = f"The weights of {backbone} are not on this machine: {error.what}"
        raise type(error)(what, hint) from error
    except OSError as error:
        reason = f"{place.parent} cannot be written: {error.strerror or error}"
        raise StrataError(
            f"The weights of {backbone} are not on this machine: {reason}.", hint
        ) from error
    return place


def _is_there(place: Path, source: Published) -> bool:
    return place.is_file() and weights_digest(place).startswith(source.digest)


def read(content: bytes, name: str) -> "dict[str, Tensor]":
    """The tensors of a state_dict file, by name; nothing in it is executed.

    Args:
        content: of the file.
        name: of the file, for the error.

    Raises:
        InputError: not a state_dict.
    """
    import torch

    try:
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
    return dict(state)
