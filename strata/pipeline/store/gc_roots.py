"""What the reports that were made from a store rest on: for as long as they lie there, it stays.

A report may come from other options than the experiment file has now (`--set`, `--weights`), so
what it needs cannot be told from the file.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from strata.files import write_atomic
from strata.pipeline.store.hashing import content_key
from strata.pipeline.store.store import Store


def register_report(store: Store, report: Path, keys: Iterable[str]) -> None:
    """Take note that a report was made from these artifacts, in place of an earlier note.

    Raises:
        OSError: the store cannot be written.
    """
    place = str(report.resolve())
    folder = store.data / "reports"
    folder.mkdir(exist_ok=True)
    note = {"report": place, "keys": sorted(keys)}
    write_atomic(folder / f"{content_key(place)[:16]}.json", json.dumps(note))


def registered_reports(store: Store) -> Iterator[tuple[Path, set[str]]]:
    """Reports that are still where they were written, and keys of what they rest on."""
    for file in sorted((store.data / "reports").glob("*.json")):
        try:
            note = json.loads(file.read_bytes())
            report, keys = Path(note["report"]), set(note["keys"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if report.exists():
            yield report, keys
