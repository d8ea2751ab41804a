"""Errors of the store, with the remedy for the user."""

import errno
from pathlib import Path

from strata.errors import InputError, StrataError

AFFECTS_RESULTS = False  # messages


class DamagedError(StrataError):
    """An artifact is missing, or its files do not match the checksums in its manifest."""

    def __init__(self, what: str, hint: str = "", key: str = "") -> None:
        super().__init__(what, hint)
        self.key = key

    def __reduce__(self) -> tuple[type, tuple[str, str, str]]:  # type: ignore[override]
        return type(self), (self.what, self.hint, self.key)


class StoreFullError(StrataError):
    """The disk that holds the store is full."""


def storage_error(error: OSError, root: Path | None = None) -> StrataError:
    """Convert an OSError from work on the store to an error with a hint for the user.

    Args:
        error: the error.
        root: the store, for the message.
    """
    # numpy reports a short write in words only: "7851008 requested and 6086528 written"
    cut_short = error.errno is None and " requested and " in str(error)
    if cut_short or error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StoreFullError(
            f"No space left on the disk{f' of the store {root}' if root else ''}.",
            "Everything finished is kept. Free some space (`strata gc` removes what no experiment "
            "needs), or move the store to a larger disk and name it with --store DIR; then run "
            "`strata make` again.",
        )
    return InputError(
        f"{error.filename or root or 'A file'} cannot be read or written: "
        f"{error.strerror or error}.",
        "Check the permissions, or name another folder: --store DIR for the store, --out DIR for "
        "reports.",
    )
