"""Files of pretrained weights: the user's, an installed package's, torch's hub folder, a download.

Weights that cannot be found or read are an error with a hint; a network is never used untrained.
"""

import io
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from strata.digest import file_digest
from strata.download.download import download
from strata.errors import InputError, StrataError
from strata.files import expand_user
from strata.locks import file_lock
from strata.models.transfer.zoos.packaged_weights import check_package, install_hint, packaged_file
from strata.models.transfer.zoos.published import PublishedWeights, hub_folder

if TYPE_CHECKING:
    from torch import Tensor

#: Environment variable with a file of weights, or a folder of files `BACKBONE.pth`.
ENVIRONMENT = "STRATA_WEIGHTS"


def published_weights(backbone: str) -> PublishedWeights:
    """Published weights of a network: those that its name means, or the collection's default.

    Raises:
        InputError: no such network, or none published.
    """
    from strata.models.transfer.zoos.find import zoo_of

    zoo, name = zoo_of(backbone)
    found: PublishedWeights = zoo.published(name)
    return found


def check_backbone(name: str) -> None:
    """Raise `InputError` for names that no collection of networks has."""
    from strata.models.transfer.zoos.find import zoo_of

    zoo_of(name)


def named_file(backbone: str, given: str = "") -> Path | None:
    """The file of weights on this machine that a backbone means; None: published ones are meant.

    Args:
        backbone: name of the network.
        given: a file, or a folder that holds `NAME.pth` or `NAME.safetensors` (the backbone's name
            without "timm:", and with "-" for ":"); "": the environment variable `ENVIRONMENT`,
            whose folder need not hold every backbone, then an installed package of weights.

    Returns:
        the path as it was named, even if there is no such file.
    """
    if given:
        path = expand_user(given)
        return _inside(path, backbone) if path.is_dir() else path
    named = os.environ.get(ENVIRONMENT)
    if named:
        path = expand_user(named)
        if not path.is_dir():
            return path
        inside = _inside(path, backbone)
        if inside.exists():
            return inside
    return packaged_file(backbone)


def file_at_hand(backbone: str) -> Path | None:
    """File of a network's weights that is on this machine already; None without one.

    The user's, a package's, or one that was downloaded before. Neither torch nor timm is loaded, so
    that of timm's networks downloads are found by a name with its tag.
    """
    from strata.models.transfer.default_weights import default_weights

    named = named_file(backbone)
    if named is not None:
        return named if named.is_file() else None
    if not backbone.startswith("timm:"):
        file = hub_folder() / (default_weights(backbone).rpartition(" ")[2] or "none")
        return file if file.is_file() else None
    name = backbone.removeprefix("timm:")
    file = hub_folder() / f"{name}.safetensors"
    return file if file.is_file() else _in_hugging_face_cache(name)


def _in_hugging_face_cache(name: str) -> Path | None:
    try:
        from huggingface_hub import try_to_load_from_cache
    except ImportError:
        return None
    found = try_to_load_from_cache(f"timm/{name}", "model.safetensors")
    return Path(found) if isinstance(found, str) else None


def _inside(folder: Path, backbone: str) -> Path:
    """File of a backbone's weights in a folder."""
    stem = backbone.removeprefix("timm:").replace(":", "-")
    tensors = folder / f"{stem}.safetensors"
    return tensors if tensors.exists() else folder / f"{stem}.pth"


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
    """Path of a backbone's weights: a file on this machine (see `named_file`), or a download.

    Args:
        backbone, given: as in `named_file`.
        progress: called with bytes done and bytes in all while downloading.

    Raises:
        InputError: the user's file does not exist; no such network; a download or a package has a
            wrong digest.
        StrataError: the file cannot be downloaded.
    """
    path = named_file(backbone, given)
    if path is None:
        return fetch_weights(published_weights(backbone), backbone, progress)
    if not path.is_file():
        other = path.with_suffix(".safetensors").name
        in_folder = given and expand_user(given).is_dir()
        raise InputError(
            f"There is no file of weights {path}{f', nor {other} beside it' if in_folder else ''}.",
            f"It would hold the state_dict of {backbone}; without a file named, published weights "
            "are downloaded.",
        )
    if not given and path == packaged_file(backbone):
        check_package(backbone, weights_digest(path))
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
    if source.cached:
        return source.cached
    if _is_complete(path, source):
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with file_lock(path.with_name(f".{path.name}.lock")):
            if not _is_complete(path, source):  # another process may have been faster
                download(source.url, path, sha256=source.digest, progress=progress)
    except StrataError as error:
        what = f"The weights of {backbone} are not on this machine: {error.what}"
        raise type(error)(what, _elsewhere(source, backbone)) from error
    except OSError as error:
        reason = f"{path.parent} cannot be written: {error.strerror or error}"
        raise StrataError(
            f"The weights of {backbone} are not on this machine: {reason}.",
            _elsewhere(source, backbone),
        ) from error
    return path


def _elsewhere(source: PublishedWeights, backbone: str) -> str:
    """Hint that names address, size and place of weights that cannot be downloaded."""
    from strata.models.transfer.backbones import outline

    megabytes, about = source.megabytes, ""
    if not megabytes:  # the hub does not tell before
        tensors = outline(backbone).state_dict().values()
        megabytes, about = sum(t.numel() for t in tensors) * 4 / 1e6, "about "
    package = f" {install_hint(backbone)}" if install_hint(backbone) else ""
    return (
        f"Download {source.url} ({about}{megabytes:.0f} MB) elsewhere and put it at {source.path}, "
        f'or name a file: weights = "FILE", or the variable {ENVIRONMENT}.{package}'
    )


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
