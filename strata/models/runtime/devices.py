"""Choice of the compute device and of the precision on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import torch

from strata.errors import InputError, StrataError, nearest


def mixed_precision(device: torch.device, *, large: bool = False) -> torch.autocast:
    """bfloat16 autocast where it saves time; elsewhere autocast that is switched off.

    It saves time on CUDA, and for `large` networks on processors with bfloat16 instructions. Small
    networks on a processor are bound by memory and by Python, and gain nothing.
    """
    pays = device.type == "cuda" or (device.type == "cpu" and large and _multiplies_bfloat16())
    return torch.autocast(device.type, torch.bfloat16, enabled=pays)


@cache
def _multiplies_bfloat16() -> bool:
    """True if the processor has bfloat16 instructions; without, it is slower than float32."""
    probes = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, probe, bool)() for probe in probes)


@contextmanager
def float32_on_cpu() -> Iterator[None]:
    """Compute in float32 on the processor inside the block, also where bfloat16 saves time."""
    global _multiplies_bfloat16
    kept = _multiplies_bfloat16
    _multiplies_bfloat16 = lambda: False  # type: ignore[assignment]  # noqa: E731
    try:
        yield
    finally:
        _multiplies_bfloat16 = kept


@contextmanager
def deterministic_cuda() -> Iterator[None]:
    """Use fixed cuDNN algorithms inside the block; the flags are restored afterwards."""
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True):
        yield


#: Texts of torch's errors where memory is short, on processors and on Apple's devices.
_SHORT_OF_MEMORY = ("can't allocate memory", "not enough memory", "out of memory")


@contextmanager
def memory_needed(hint: str) -> Iterator[None]:
    """Make torch's out-of-memory errors inside the block a sentence.

    Args:
        hint: remedy.

    Raises:
        StrataError: memory of the processor or of the device is exhausted.
    """
    try:
        yield
    except RuntimeError as error:  # torch.OutOfMemoryError is one
        if not any(text in str(error).lower() for text in _SHORT_OF_MEMORY):
            raise
        raise StrataError("The network does not fit in memory.", hint) from error


def choose_device(name: str) -> torch.device:
    """The torch device of a name; "auto" takes CUDA, then Apple's MPS, then the CPU.

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
