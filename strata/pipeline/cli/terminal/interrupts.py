"""Interrupts: one stops the run, however often Ctrl-C is pressed."""

import signal
import time
from types import FrameType

#: Seconds after an interrupt in which another changes nothing: the workers are being stopped.
STOPPING = 5.0
_last = -STOPPING


def handle_interrupts() -> None:
    """Raise KeyboardInterrupt at SIGTERM, and at SIGINT unless it is ignored (in background)."""
    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    global _last
    if time.monotonic() - _last > STOPPING:
        _last = time.monotonic()
        raise KeyboardInterrupt
