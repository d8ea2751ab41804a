"""Environment variables of worker processes: one thread per library, freed memory kept."""

import os
import re

from strata._threads import ONE_THREAD


def _libc() -> str:
    """Return the C library's version, such as "glibc 2.36"; "" if it is not glibc."""
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (AttributeError, ValueError, OSError):
        return ""


def _largest_kept(libc: str) -> int:
    """Return the largest mmap threshold in bytes that this glibc accepts.

    Before 2.36 it refuses more than 32 MiB. As the trim threshold is set too, a refused mmap
    threshold would stay at 128 KiB and every larger block would be returned to the system at once:
    slower than setting nothing.
    """
    version = re.match(r"glibc (\d+)\.(\d+)", libc)
    recent = version and (int(version[1]), int(version[2])) >= (2, 36)
    return 2**28 if recent else 2**25


#: glibc settings of worker processes, unless the user has set them: freed memory, up to 1 GiB, is
#: kept for the next batch or image. Otherwise Linux maps and zeroes the pages again, which takes a
#: fifth of the time of a network (docs/performance.md).
KEPT_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": str(_largest_kept(_libc())),
    "MALLOC_TRIM_THRESHOLD_": str(2**30),
}


def worker_environment() -> dict[str, str]:
    """Return the environment variables to set in a worker process."""
    return {**ONE_THREAD, **{k: os.environ.get(k, v) for k, v in KEPT_MEMORY.items()}}
