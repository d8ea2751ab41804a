"""Where and in which precision networks compute."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from strata.errors import InputError, nearest


def mixed_precision(device: torch.device) -> torch.autocast:
    """bfloat16 where it pays (CUDA); on a CPU float32 is several times faster."""
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda")


@contextmanager
def deterministic_cuda() -> Iterator[None]:
    """Fixed cuDNN algorithms; the settings are put back afterwards."""
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True):
        yield


def choose_device(name: str) -> torch.device:
    """The device of a name; "auto" takes CUDA, then Apple's MPS, then the CPU.

    Raises:
        InputError: unknown name, or a device that this machine lacks.
    """
    present = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        return torch.device(next(kind for kind, there in present.items() if there))
    if name not in present:
        raise InputError(f"Unknown device '{name}'.", nearest(name, ["auto", *present]))
    if not present[name]:
        raise InputError(f"This machine has no '{name}' device.", "Use device = 'auto'.")
    return torch.device(name)
