"""Where and in which precision networks compute."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import torch

from strata.errors import InputError, nearest


def mixed_precision(device: torch.device, *, large: bool = False) -> torch.autocast:
    """bfloat16 where it pays: on CUDA, and for `large` networks on processors that multiply it.

    On a processor small networks wait for memory and for Python, and gain nothing.
    """
    pays = device.type == "cuda" or (device.type == "cpu" and large and _multiplies_bfloat16())
    return torch.autocast(device.type, torch.bfloat16, enabled=pays)


@cache
def _multiplies_bfloat16() -> bool:
    """Whether the processor has instructions for it; without, it is slower than float32."""
    probes = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, probe, bool)() for probe in probes)


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
