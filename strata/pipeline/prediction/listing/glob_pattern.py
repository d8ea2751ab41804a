"""Paths that match a pattern, without links that lead back to a folder above them."""

import glob
import os
from collections.abc import Iterator

AFFECTS_RESULTS = False  # finds files


def matches(pattern: str) -> Iterator[str]:
    """Paths that match a pattern; in no order, and some maybe twice.

    Args:
        pattern: as of `glob`: `**` is any number of folders, without hidden ones. At its end it is
            the folder itself, with all that it holds.
    """
    parts = pattern.replace(os.sep, "/").split("/")
    if "**" not in parts:
        yield from glob.iglob(pattern)
        return
    at = parts.index("**")
    above, below = "/".join(parts[:at]), "/".join(parts[at + 1 :])
    top = above + "/" if at else ""
    if not below:
        yield from glob.iglob(top or "*")
        return
    for base in glob.iglob(top) if at else [""]:
        for folder in _folders(base, ()):
            yield from matches(os.path.join(glob.escape(folder), below))


def _folders(folder: str, above: tuple[tuple[int, int], ...]) -> Iterator[str]:
    """A folder and those inside it, without hidden ones; "" is the current one."""
    try:
        stat = os.stat(folder or ".")
        with os.scandir(folder or ".") as entries:
            names = [e.name for e in entries if not e.name.startswith(".") and e.is_dir()]
    except OSError:
        return
    place = (stat.st_dev, stat.st_ino)
    if place in above:
        return
    yield folder
    for name in names:
        yield from _folders(os.path.join(folder, name), (*above, place))
