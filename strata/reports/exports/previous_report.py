"""Earlier reports in a folder: kept when another one with other results replaces them."""

import json
import os
import re
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

#: Folder of the earlier reports, below that of the newest one.
PREVIOUS = "previous"
#: Number of earlier reports that are kept.
KEPT = 5
#: Files that are kept of each.
FILES = ("report.html", "results.json")


def keep_previous(out: Path, text: str) -> Path | None:
    """Copy the report in `out` to `out/previous/STARTED` before another one replaces it.

    Nothing is kept of a report with the same results, nor of one without any. Of more than `KEPT`
    earlier reports the oldest are removed.

    Args:
        out: folder of the report.
        text: results.json of the report to come.

    Returns:
        Folder of the copy; None where nothing was kept.

    Raises:
        OSError: the folder cannot be written.
    """
    try:
        document = json.loads((out / "results.json").read_bytes())
        before = _results(document)
        started = str(document["run"]["started"])[:19]
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None  # no report, or none of ours
    scored = any(cv or test for _, _, cv, test in before[1])
    if not scored or before == _results(json.loads(text)):
        return None
    folder = _unused(out / PREVIOUS, re.sub(r"[^0-9T-]", "-", started) or "undated")
    _copy(out, folder)
    for old in earlier_reports(out)[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    return folder


def earlier_reports(out: Path) -> list[Path]:
    """Folders of the earlier reports of a report's folder, oldest first."""
    return sorted(path.parent for path in (out / PREVIOUS).glob("[!.]*/results.json"))


def _copy(out: Path, folder: Path) -> None:
    """Copy the files of a report to a folder that is there whole or not at all."""
    unfinished = folder.with_name(f".{folder.name}.{os.getpid()}")
    try:
        unfinished.mkdir(parents=True)
        for name in FILES:
            if (out / name).is_file():
                shutil.copyfile(out / name, unfinished / name)
        os.replace(unfinished, folder)
    except OSError:
        shutil.rmtree(unfinished, ignore_errors=True)
        with suppress(OSError):
            folder.parent.rmdir()  # if it is empty
        raise


def _results(document: dict[str, Any]) -> tuple[Any, list[tuple[Any, Any, Any, Any]]]:
    """Data and results of a report, without times, costs and texts."""
    methods = []
    for method in document["methods"]:
        cv, test = (method[split] and method[split]["predictions"] for split in ("cv", "test"))
        methods.append((method["name"], method["parameters"], cv, test))
    return (document["data"]["digest"], document["images"], document["labels"]), methods


def _unused(parent: Path, name: str) -> Path:
    """A folder that does not exist yet, sorted after those of the same second."""
    folder, number = parent / name, 1
    while folder.exists():
        number += 1
        folder = parent / f"{name}-{number}"
    return folder
