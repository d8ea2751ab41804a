"""Peak resident memory of a block of code, and errors for lack of memory."""

import resource
import sys
from pathlib import Path


class PeakMemory:
    """Context manager that measures the peak resident memory of this process inside its block.

    On Linux the kernel's high-water mark (VmHWM) is reset first; elsewhere the figure is the
    largest since the process started, an upper bound.

    Attributes:
        bytes: the peak, set when the block has ended.
    """

    bytes = 0

    def __enter__(self) -> "PeakMemory":
        try:
            Path("/proc/self/clear_refs").write_text("5")  # 5: reset VmHWM, see proc(5)
        except OSError:
            pass
        return self

    def __exit__(self, *_: object) -> None:
        self.bytes = _high_water_mark()


def _high_water_mark() -> int:
    """Peak resident memory in bytes."""
    try:
        status = Path("/proc/self/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024
    except (OSError, IndexError):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024  # bytes on macOS, else KiB


def is_out_of_memory(error: Exception) -> bool:
    """True for a lack of memory, of the host or of an accelerator, as the libraries tell it.

    numpy and scikit-learn raise MemoryError; torch a RuntimeError, of its own kind for an
    accelerator and with nothing but its text for the host; OpenCV an error with its text.
    """
    if isinstance(error, MemoryError):
        return True
    texts = ("out of memory", "not enough memory", "can't allocate memory", "Insufficient memory")
    raised_by = type(error).__module__.partition(".")[0]
    of_library = type(error) is RuntimeError or raised_by in ("torch", "cv2")
    return of_library and any(text in str(error) for text in texts)
