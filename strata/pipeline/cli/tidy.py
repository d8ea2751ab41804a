"""`strata clean` and `strata gc`: remove artifacts from the store."""

import re
from datetime import timedelta
from math import inf
from pathlib import Path

from strata.errors import InputError, short
from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.execution.gc import collectable, own_keys, remove, total_size
from strata.pipeline.experiment.file import read_recipes_key
from strata.pipeline.experiment.toml_text import TOMLError, parse
from strata.pipeline.store.gc_roots import registered_reports
from strata.pipeline.store.run_notes import read_note
from strata.pipeline.store.store import Store
from strata.pipeline.store.task_progress import checkpoints
from strata.pipeline.visualize.visualize import derived_visualizations
from strata.reports.formatting import size as bytes_text

_UNITS = {"": 1, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
_HOURS = {"m": 1 / 60, "h": 1, "d": 24, "w": 168}
#: Largest age, in hours: a thousand years. Dates do not reach back much further.
_OLDEST = 8_766_000


def clean(workspace: Workspace, names: list[str], *, dry_run: bool) -> int:
    """Remove the artifacts that only these targets need; reports stay where they are."""
    wanted = workspace.chosen(names)
    others = [t.node for t in workspace.targets if t not in wanted]
    own = own_keys([t.node for t in wanted], others)
    kept = {derived_visualizations(t).key for t in workspace.targets if t not in wanted}
    own += sorted({derived_visualizations(target).key for target in wanted} - kept)
    keys = [key for key in own if workspace.store.state(key) != "absent"]
    size = sum(map(workspace.store.size, keys))
    if not dry_run:
        remove(workspace.store, keys, own)
    print(f"{_verb(dry_run)} {len(keys)} artifacts, {bytes_text(size)}")
    return 0


def _verb(dry_run: bool) -> str:
    return "would remove" if dry_run else "removed"


def gc(
    files: list[Path],
    store: Path | None,
    *,
    older_than: str | None,
    to_size: str | None,
    dry_run: bool,
) -> int:
    """Remove artifacts that no experiment file and no report needs."""
    age = timedelta(hours=_hours(older_than)) if older_than else None
    limit = _bytes(to_size) if to_size else None
    home = files[0].absolute().parent if files else Path.cwd()
    root = store or home / ".strata"
    if not root.is_dir():
        raise InputError(f"There is no store {root}.", "Name an existing one with --store DIR.")
    place = Store(root).open()
    needed = _needed(files, place)
    found = collectable(place, needed, older_than=age, to_size=limit)
    removed = sum(size for _, size in found)
    left = total_size(place) - removed
    if not dry_run:
        unfinished = [key for key in checkpoints(place.root) if key not in needed]
        remove(place, [key for key, _ in found], unfinished)
    print(f"{_verb(dry_run)} {len(found)} artifacts, {bytes_text(removed)}")
    if limit is not None and left > limit:
        print(
            f"{bytes_text(left)} stay, more than {to_size}: experiment files and reports need the "
            f"rest{', or it is newer' if age else ''}. `strata clean METHOD` removes the artifacts "
            "of a method; those of a report go with it."
        )
    return 0


def _experiments_beside(store: Store) -> list[Path]:
    """Find the experiment files beside a store: TOML files that have, or seem to have, methods.

    Raises:
        InputError: there is none, so everything would be removed.
    """
    found = [file for file in sorted(store.root.parent.glob("*.toml")) if _has_methods(file)]
    if not found:
        raise InputError(
            f"There is no experiment file beside the store {store.root}.",
            "gc would remove everything: name the experiment files with -f FILE (repeatable). "
            "`strata clean` removes the artifacts of one file.",
        )
    return found


def _has_methods(file: Path) -> bool:
    if file.is_dir():
        return False
    text = file.read_text(encoding="utf-8", errors="replace")
    try:
        return "methods" in parse(text)
    except TOMLError:  # reading it as an experiment file reports the error
        return "methods" in text


def _needed(files: list[Path], store: Store) -> set[str]:
    """Return the keys that experiment files and the existing reports need.

    Of files that were not named, but lie beside the store, no recipes are run: theirs may be
    anybody's. What their last run needed is known.

    Args:
        files: named by the user; empty: all files beside the store.
        store: the store.

    Raises:
        InputError: a file cannot be read, or has recipes of its own and was never made, so that its
            artifacts are unknown.
    """
    keys: set[str] = set()
    for file in files or _experiments_beside(store):
        if files or read_recipes_key(file) is None:
            workspace = Workspace.at(file, [], store.root, None, None, skip_broken=False)
            keys |= workspace.needed()
            print(f"kept: the artifacts of {file.name}")
        else:
            keys |= _noted(file, store)
            print(f"kept: the artifacts of {file.name}, as of its last run")
    for page, rests_on in registered_reports(store):
        keys |= rests_on
        print(f"kept: the artifacts of the report {page}")
    return keys


def _noted(file: Path, store: Store) -> set[str]:
    """Keys that the last run of an experiment file needed."""
    note = read_note(store, file)
    if note is None:
        raise InputError(
            f"{file.name} has recipes of its own, which gc does not run, and was not made with the "
            f"store {store.root}: what it needs is not known.",
            "Name the experiment files with -f FILE (repeatable): the recipes of files that are "
            "named are run.",
        )
    return set(note.needed)


def _hours(text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([mhdw])", text.strip())
    hours = float(match[1]) * _HOURS[match[2]] if match else inf
    if hours > _OLDEST:
        raise InputError(
            f"--older-than {short(text)}: not an age.", "Give an age such as 12h, 30d or 2w."
        )
    return hours


def _bytes(text: str) -> int:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)i?B?", text.strip(), re.IGNORECASE)
    size = float(match[1]) * _UNITS[match[2].upper()] if match else inf
    if size == inf:
        raise InputError(
            f"--to-size {short(text)}: not a size.", "Give a size such as 500MB or 20GB."
        )
    return int(size)
