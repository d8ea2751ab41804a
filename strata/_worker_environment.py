"""What worker processes find in their environment: one thread to a call, memory that is kept."""

import os
import re

from strata._threads import ONE_THREAD


def _libc() -> str:
    """For example "glibc 2.36"; nothing where it is another one."""
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (AttributeError, ValueError, OSError):
        return ""


def _largest_kept(libc: str) -> int:
    """Bytes of the largest block that glibc can be asked to keep.

    Older ones refuse more than 32 MiB. As the other threshold is set, theirs would then stay at
    128 KiB, and every larger block would go back at once: slower than where nothing is asked.
    """
    version = re.match(r"glibc (\d+)\.(\d+)", libc)
    recent = version and (int(version[1]), int(version[2])) >= (2, 36)
    return 2**28 if recent else 2**25


#: Environment of a worker process, of which what the user has set stays: glibc keeps what is freed,
#: up to 1 GiB, for the next batch or image in place of asking Linux for pages and zeroing them
#: again, which takes a fifth of the time of a network (docs/performance.md).
KEPT_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": str(_largest_kept(_libc())),
    "MALLOC_TRIM_THRESHOLD_": str(2**30),
}


def worker_environment() -> dict[str, str]:
    """What a worker process's environment has that this one's may not."""
    return {**ONE_THREAD, **{k: os.environ.get(k, v) for k, v in KEPT_MEMORY.items()}}
