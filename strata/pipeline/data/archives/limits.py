"""Limits against decompression bombs: bytes and files that an archive may unpack to."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from strata.errors import InputError

#: An archive may unpack to this many times its size, and to `FREE_BYTES` in any case.
MAX_RATIO = 200
FREE_BYTES = 1 << 30
#: An archive may hold one file or folder per so many bytes of its size, and `FREE_FILES` anyway.
BYTES_PER_FILE = 64
FREE_FILES = 100_000
#: Folders within each other.
MAX_DEPTH = 100
#: Fraction of the free disk space that an archive may take.
DISK_FRACTION = 0.95


@dataclass(frozen=True)
class UnpackLimits:
    """The user's limits, in place of those that follow from an archive's size.

    Attributes:
        gigabytes: unpacked, 10**9 bytes each; None for the default.
        files: files and folders; None for the default.
    """

    gigabytes: float | None = None
    files: int | None = None


class Budget:
    """Bytes and files that one archive may still unpack to; what it claims is checked first."""

    def __init__(self, archive: Path, folder: Path, limits: UnpackLimits) -> None:
        packed = archive.stat().st_size
        self._archive = archive
        self._bytes = (
            max(FREE_BYTES, MAX_RATIO * packed)
            if limits.gigabytes is None
            else limits.gigabytes * 1e9
        )
        self._files = (
            max(FREE_FILES, packed // BYTES_PER_FILE) if limits.files is None else limits.files
        )
        self._disk = DISK_FRACTION * shutil.disk_usage(folder).free
        self._folder = folder
        self.bytes_spent = 0
        self.files_spent = 0

    def check(self, more_bytes: int = 0, more_files: int = 0) -> None:
        """Test that so much more may be unpacked.

        Raises:
            InputError: it may not.
        """
        total = self.bytes_spent + more_bytes
        if total > self._bytes:
            raise InputError(
                f"The archive {self._archive} ({size_text(self._archive.stat().st_size)}) unpacks "
                f"to {size_text(total)} or more; the limit is {size_text(self._bytes)}.",
                "If that is right, raise the limit: max_unpacked_gb = "
                f"{total / 1e9 + 1:.0f} under [data]; or unpack it by hand and give the folder.",
            )
        if total > self._disk:
            raise InputError(
                f"The archive {self._archive} unpacks to {size_text(total)} or more, and the disk "
                f"of {self._folder.parent} has only {size_text(self._disk)} to spare.",
                "Free some disk space, or name another place for the store with --store DIR.",
            )
        files = self.files_spent + more_files
        if files > self._files:
            raise InputError(
                f"The archive {self._archive} holds {files:,} files and folders or more; the limit "
                f"is {self._files:,}.",
                f"If that is right, raise the limit: max_unpacked_files = {2 * files} under "
                "[data]; or unpack it by hand and give the folder.",
            )

    def spend(self, more_bytes: int = 0, more_files: int = 0) -> None:
        """Count what is unpacked; raise as `check` does."""
        self.check(more_bytes, more_files)
        self.bytes_spent += more_bytes
        self.files_spent += more_files


def size_text(size: float) -> str:
    """A number of bytes as text: "3.2 GB"."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size:.0f} bytes"
