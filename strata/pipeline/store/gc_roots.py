"""Garbage collection roots: the artifacts that existing reports were made from.

They are kept as long as the report file exists. A report may have been made with other options
(`--set`, `--weights`) than the experiment file has now, so its artifacts cannot be derived from the
experiment file.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from strata.pipeline.store.checked_json import read_checked, write_checked
from strata.pipeline.store.hashing import content_key
from strata.pipeline.store.store import Store


def register_report(store: Store, report: Path, keys: Iterable[str]) -> None:
    """Register the artifacts that a report was made from, replacing an earlier registration.

    Raises:
        OSError: the store cannot be written.
    """
    place = str(report.resolve())
    folder = store.data / "reports"
    folder.mkdir(exist_ok=True)
    note = {"report": place, "keys": sorted(keys)}
    write_checked(folder / f"{content_key(place)[:16]}.json", note)


def registered_reports(store: Store) -> Iterator[tuple[Path, set[str]]]:
    """Yield each registered report that still exists, with the keys of its artifacts."""
    for file in sorted((store.data / "reports").glob("*.json")):
        note = read_checked(file)
        if note is None:
            continue
        report, keys = Path(note["report"]), set(note["keys"])
        if report.exists():
            yield report, keys
