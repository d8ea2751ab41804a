"""Checkpoint file of a training: written atomically, read only by the training that wrote it."""

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
from strata.models.runtime.image_source import ImageSource, iter_blocks


def training_key(settings: Any, device: torch.device, data: Iterable[ImageSource]) -> str:
    """Digest that identifies a training; a checkpoint is taken up only if its key is the same.

    Args:
        settings: values that JSON can express, with mappings of any kind and numpy numbers.
        device: device of the training; the number of processes is part of the key too.
        data: all training data, arrays or image sources.
    """
    text = json.dumps(
        [settings, device.type, distributed.world_size(), torch.__version__], default=_plain
    )
    digest = hashlib.sha256(text.encode())
    for source in data:
        digest.update(f"{source.shape}{source.dtype}".encode())
        for block in iter_blocks(source):
            digest.update(block.data)
    return digest.hexdigest()


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else dict(value)


def save(path: Path, key: str, state: dict[str, Any]) -> None:
    """Write a state atomically: a kill at any moment leaves the old file or the new one.

    Args:
        path: the file; a temporary file is written next to it.
        key: of the training; `load` returns the state for the same key only.
        state: tensors, numbers, strings, dicts and lists.
    """
    buffer = io.BytesIO()
    torch.save(state, buffer)
    content = buffer.getvalue()
    scratch = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with scratch.open("wb") as file:
            file.write(_digest(key, content) + content)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)
    finally:  # of a full disk, nothing is left
        scratch.unlink(missing_ok=True)


def load(path: Path, key: str, device: torch.device) -> dict[str, Any] | None:
    """The state that `save` wrote; None if the file is absent, damaged or of another key."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, content = content[:32], content[32:]
    if digest != _digest(key, content):
        return None
    state: dict[str, Any] = torch.load(io.BytesIO(content), map_location=device, weights_only=True)
    return state


def _digest(key: str, content: bytes) -> bytes:
    """32 bytes that a damaged file, or one of another training, does not begin with."""
    return hashlib.sha256(key.encode() + b"\0" + content).digest()
