"""Notes on the runs of each experiment file: what it needs, and what its methods were made from.

One file for each experiment file, found by the place of that file relative to the store: a project
can be moved. `gc` keeps what a note names without running anybody's recipes, and `why` compares
with the run that a method was made in.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from strata.pipeline.store.checked_json import read_checked, write_checked
from strata.pipeline.store.hashing import content_key
from strata.pipeline.store.store import Store

#: Type of each value of a note.
_KINDS = {"name": str, "needed": list, "snapshots": dict, "made": dict}
#: Digest, label and split of each image, by image id.
Snapshot = dict[str, list[str]]


@dataclass
class RunNote:
    """Note on the runs of one experiment file.

    Attributes:
        name: of the experiment, where the file gives it none: that of the folder at first.
        needed: keys of all artifacts of the methods and their report, as they were last asked for.
        snapshots: the images that methods were made from, by the digest of all.
        made: for each method, when it was last up to date: that digest, and its artifacts' keys.
    """

    name: str = ""
    needed: list[str] = field(default_factory=list)
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    made: dict[str, list[Any]] = field(default_factory=dict)

    def record(self, method: str, digest: str, images: Snapshot, keys: Iterable[str]) -> None:
        """Note that a method is up to date with these images."""
        self.made[method] = [digest, sorted(keys)]
        self.snapshots[digest] = images
        used = {digest for digest, _ in self.made.values()}
        self.snapshots = {d: s for d, s in self.snapshots.items() if d in used}

    def images_of(self, method: str) -> Snapshot | None:
        """The images that a method was last made from; None if it never was."""
        digest, _ = self.made.get(method, ["", []])
        return self.snapshots.get(digest)

    def keys_of(self, method: str) -> list[str]:
        """Keys of the artifacts that a method had when it was last up to date."""
        return list(self.made.get(method, ["", []])[1])


def read_note(store: Store, file: Path) -> RunNote | None:
    """The note on an experiment file; None if there is none, or not one that can be read."""
    found = read_checked(_path(store, file))
    return RunNote(**found) if _is_note(found) else None


def _is_note(found: Any) -> bool:
    """Test for the values of a `RunNote`; another version of strata may have kept others."""
    if not isinstance(found, dict) or not found.keys() <= _KINDS.keys():
        return False
    if not all(isinstance(value, _KINDS[name]) for name, value in found.items()):
        return False
    rows = found.get("made", {}).values()
    return all(isinstance(row, list) and len(row) == 2 for row in rows)


def write_note(store: Store, file: Path, note: RunNote) -> None:
    """Write the note on an experiment file, if it has changed.

    Raises:
        OSError: the store cannot be written.
    """
    if read_note(store, file) != note:
        path = _path(store, file)
        path.parent.mkdir(exist_ok=True)
        write_checked(path, vars(note))


def _path(store: Store, file: Path) -> Path:
    place = os.path.relpath(file.absolute(), store.root)
    return store.data / "runs" / f"{content_key(place)[:16]}.json"
