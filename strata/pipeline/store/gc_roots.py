"""Garbage collection roots: the artifacts that existing reports were made from.

They are kept as long as the report file exists. A report may have been made with other options
(`--set`, `--weights`) than the experiment file has now, so its artifacts cannot be derived from the
experiment file.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from strata.pipeline.store.checked_json import read_checked, write_checked
from strata.pipeline.store.hashing import content_key
from strata.pipeline.store.store import Store


def register_report(store: Store, report: Path, keys: Iterable[str]) -> None:
    """Register the artifacts that a report was made from, replacing an earlier registration.

    The report is known by its place relative to the store, where it is found again after both have
    moved, and by its own, where it is found after the store alone has.

    Raises:
        OSError: the store cannot be written.
    """
    place = report.resolve()
    relative = os.path.relpath(place, store.root.resolve())
    folder = store.data / "reports"
    folder.mkdir(exist_ok=True)
    note = {"report": str(place), "relative": relative, "keys": sorted(keys)}
    write_checked(folder / f"{content_key(relative)[:16]}.json", note)


def registered_reports(store: Store) -> Iterator[tuple[Path, set[str]]]:
    """Yield each registered report that still exists, with the keys of its artifacts."""
    for file in sorted((store.data / "reports").glob("*.json")):
        note = read_checked(file)
        try:
            relative = Path(os.path.normpath(store.root.resolve() / note["relative"]))
            places, keys = (relative, Path(note["report"])), set(note["keys"])
        except (TypeError, KeyError):  # damaged, or of another version of strata
            continue
        for report in places:
            if report.exists():
                yield report, keys
                break
