"""Where a pretrained network's weights come from: a file, torch's hub folder, or torchvision's URL.

Nothing here invents weights: what cannot be found or read is an error that says what to do.
"""

import hashlib
import io
import os
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from strata.errors import InputError, StrataError, nearest

if TYPE_CHECKING:
    from torch import Tensor

#: Names a file of weights, or a folder of files `BACKBONE.pth`, for all backbones.
ENVIRONMENT = "STRATA_WEIGHTS"
#: Seconds without a byte after which a connection counts as stalled.
STALL_SECONDS = 30.0

_BLOCK = 1 << 18


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

    try:
        weights = models.get_model_weights(backbone).DEFAULT
    except ValueError:
        raise unknown_backbone(backbone) from None
    digest = re.search(r"-([0-9a-f]{8,})\.\w+$", weights.url)
    return Published(weights.url, digest[1] if digest else "", weights.meta["_file_size"])


def unknown_backbone(name: str) -> InputError:
    """The error for a name that torchvision does not know."""
    from torchvision import models

    known = models.list_models(module=models)
    return InputError(f"torchvision has no classification network '{name}'.", nearest(name, known))


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


def file_digest(path: Path) -> str:
    """The sha256 of a file's content, hex; read once while the file stays as it is."""
    status = path.stat()
    return _digest(path, status.st_size, status.st_mtime_ns)


@cache
def _digest(path: Path, size: int, changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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

    It appears there only when whole and right, so any number of processes may fetch it at once.

    Raises:
        InputError: the server's file has another digest.
        StrataError: offline, refused, stalled or cut off.
    """
    place = source.place
    if place.is_file() and file_digest(place).startswith(source.digest):
        return place
    hint = (
        f"Fetch {source.url} ({source.megabytes:.0f} MB) elsewhere and put it at {place}, "
        f'or name a file: weights = "FILE", or the variable {ENVIRONMENT}.'
    )
    scratch = place.with_name(f"{place.name}.{os.getpid()}.tmp")
    try:
        with _explained(backbone, hint):
            place.parent.mkdir(parents=True, exist_ok=True)
            digest = _download(source.url, scratch, progress)
        if not digest.startswith(source.digest):
            raise InputError(
                f"{source.url} is not the file that torchvision names: its sha256 begins "
                f"{digest[: len(source.digest)]}, not {source.digest}.",
                hint,
            )
        os.replace(scratch, place)
    finally:
        scratch.unlink(missing_ok=True)
    return place


@contextmanager
def _explained(backbone: str, hint: str) -> Iterator[None]:
    what = f"The weights of {backbone} are not on this machine and cannot be fetched"
    try:
        yield
    except urllib.error.HTTPError as error:
        reason = f"the server answers {error.code} {error.reason}"
        raise StrataError(f"{what}: {reason}.", hint) from error
    except TimeoutError as error:
        reason = f"nothing arrived for {STALL_SECONDS:g} seconds"
        raise StrataError(f"{what}: {reason}.", hint) from error
    except (OSError, HTTPException) as error:
        reason = str(getattr(error, "reason", error)) or type(error).__name__
        raise StrataError(f"{what}: {reason}.", hint) from error


def _download(url: str, target: Path, progress: Callable[[int, int], None] | None) -> str:
    """Write a URL's content to a file; its sha256."""
    seen = hashlib.sha256()
    request = urllib.request.Request(url, headers={"User-Agent": "strata"})
    with (
        urllib.request.urlopen(request, timeout=STALL_SECONDS) as response,
        target.open("wb") as file,
    ):
        total, done = int(response.headers.get("Content-Length") or 0), 0
        while block := response.read(_BLOCK):
            file.write(block)
            seen.update(block)
            done += len(block)
            if progress:
                progress(done, total)
    if done < total:
        raise ConnectionError(f"the connection broke off after {done} of {total} bytes")
    return seen.hexdigest()


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
