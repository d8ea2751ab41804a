"""A training's state on disk: whole or absent, and only for the training that wrote it."""

import hashlib
import io
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from strata.models.runtime import distributed
from strata.models.runtime.image_source import Pixels, blocks


def training_key(settings: Any, device: torch.device, data: Iterable[Pixels]) -> str:
    """A name for exactly one training: what a checkpoint must agree with.

    Args:
        settings: what JSON can express, with mappings of any kind and numpy's numbers.
        device: where it runs; in how many processes counts too.
        data: all that it learns from, arrays or what reads like them.
    """
    text = json.dumps(
        [settings, device.type, distributed.count(), torch.__version__], default=_plain
    )
    digest = hashlib.sha256(text.encode())
    for part in data:
        digest.update(f"{part.shape}{part.dtype}".encode())
        for block in blocks(part):
            digest.update(block.data)
    return digest.hexdigest()


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else dict(value)


def save(path: Path, key: str, state: dict[str, Any]) -> None:
    """Write a state so that a kill at any moment leaves the old file or the new one.

    Args:
        path: the file; a scratch file is written beside it.
        key: names the training; `load` gives the state back for the same key only.
        state: tensors, numbers, strings, dicts and lists.
    """
    buffer = io.BytesIO()
    torch.save(state, buffer)
    content = buffer.getvalue()
    scratch = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with scratch.open("wb") as file:
        file.write(_seal(key, content) + content)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)


def load(path: Path, key: str, device: torch.device) -> dict[str, Any] | None:
    """The state that `save` wrote, or None where there is none, it is damaged or another's."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    seal, content = content[:32], content[32:]
    if seal != _seal(key, content):
        return None
    state: dict[str, Any] = torch.load(io.BytesIO(content), map_location=device, weights_only=True)
    return state


def _seal(key: str, content: bytes) -> bytes:
    """32 bytes that another training's file, or a damaged one, does not have."""
    return hashlib.sha256(key.encode() + b"\0" + content).digest()
