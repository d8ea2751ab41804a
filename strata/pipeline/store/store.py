"""Content-addressed artifact store: one folder per artifact, written aside and renamed into place.

    .strata/artifacts/ab/abcdef.../    values, arrays and manifest.json of one artifact
    .strata/writing/HOST-PID-NUMBER/   being written; removed when its process is gone
    .strata/locks/                     locks of artifacts being made and of the store
    .strata/data/                      image manifests, drawn scenes, unpacked archives

The rename is the commit: an artifact exists if its folder does. So a run may be killed at any
moment, and runs may share a store: a lock for each key keeps them from making the same artifact
twice, and where they do (other hosts, no locks) the first rename wins.
"""

import errno
import json
import os
import shutil
import socket
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from strata.digest import file_digest
from strata.errors import InputError, StrataError
from strata.files import write_atomic
from strata.locks import file_lock, self_removing_lock
from strata.pipeline.store.artifact import Artifact, write_artifact

MANIFEST = "manifest.json"
FORMAT = "1"

#: (folder, mtime_ns of its manifest) whose checksums this process has verified already.
_verified: set[tuple[str, int]] = set()


class DamagedError(StrataError):
    """An artifact is missing, or its files do not match the checksums in its manifest."""

    def __init__(self, what: str, hint: str = "", key: str = "") -> None:
        super().__init__(what, hint)
        self.key = key

    def __reduce__(self) -> tuple[type, tuple[str, str, str]]:  # type: ignore[override]
        return type(self), (self.what, self.hint, self.key)


class StoreFullError(StrataError):
    """The disk that holds the store is full."""


class Store:
    """Artifacts below one folder, by key."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.artifacts = self.root / "artifacts"
        self.writing = self.root / "writing"
        self.data = self.root / "data"

    def open(self) -> "Store":
        """Create missing folders and check the format; return the store itself.

        Raises:
            InputError: the folder cannot be written, or holds a store of another format.
        """
        try:
            for folder in (self.artifacts, self.writing, self.data, self.root / "locks"):
                folder.mkdir(parents=True, exist_ok=True)
            mark = self.root / "format"
            if not mark.exists():
                write_atomic(mark, FORMAT + "\n")
            found = mark.read_text().strip()
        except OSError as error:
            raise storage_error(error, self.root) from error
        if found and found != FORMAT:
            raise InputError(
                f"{self.root} holds artifacts of another version of strata (format {found}).",
                "Name another folder with --store DIR, or delete this one.",
            )
        return self

    def folder(self, key: str) -> Path:
        """Return the folder of an artifact, whether it exists or not."""
        return self.artifacts / key[:2] / key

    def manifest(self, key: str) -> dict[str, Any] | None:
        """Read an artifact's manifest; None if it is absent or unreadable."""
        try:
            return json.loads((self.folder(key) / MANIFEST).read_bytes())
        except (OSError, ValueError):
            return None

    def state(self, key: str) -> str:
        """Return "absent", "present" or "damaged", judging by file sizes and times.

        Files with another size or time than recorded are compared by checksum; if all match, the
        new times are recorded where the store is writable.
        """
        folder = self.folder(key)
        manifest = self.manifest(key)
        if manifest is None:
            return "damaged" if folder.exists() else "absent"
        try:
            moved = [n for n, f in manifest["files"].items() if _stamp(folder / n) != f["stamp"]]
        except (OSError, KeyError, TypeError):
            return "damaged"
        if not moved:
            return "present"
        if any(file_digest(folder / n) != manifest["files"][n]["digest"] for n in moved):
            return "damaged"
        for name in moved:
            manifest["files"][name]["stamp"] = _stamp(folder / name)
        with suppress(OSError):  # a read-only store: compare again next time
            write_atomic(folder / MANIFEST, json.dumps(manifest))
        return "present"

    def read(self, key: str) -> Artifact:
        """Open an artifact; its checksums are verified once per process.

        Raises:
            DamagedError: the artifact is absent or its files have changed.
        """
        folder = self.folder(key)
        manifest = self.manifest(key)
        if manifest is None:
            raise DamagedError(f"The artifact {key} is missing or unreadable.", key=key)
        mark = (str(folder), (folder / MANIFEST).stat().st_mtime_ns)
        if mark not in _verified:
            for name, recorded in manifest["files"].items():
                try:
                    whole = file_digest(folder / name) == recorded["digest"]
                except OSError:
                    whole = False
                if not whole:
                    raise DamagedError(f"The artifact {key} is damaged ({name}).", key=key)
            _verified.add(mark)
        return Artifact(folder)

    def write(self, key: str, values: Mapping[str, Any], manifest: dict[str, Any]) -> None:
        """Write an artifact and publish it; if another process was first, its copy stays.

        Raises:
            StoreFullError: the disk is full; no partial artifact is left.
        """
        partial = self._scratch()
        try:
            partial.mkdir(parents=True)
            write_artifact(values, partial)
            files = {
                path.name: {"digest": file_digest(path), "stamp": _stamp(path)}
                for path in sorted(partial.iterdir())
            }
            record = {**manifest, "key": key, "files": files}
            (partial / MANIFEST).write_text(json.dumps(record))
            self._publish(partial, self.folder(key))
        except OSError as error:
            raise storage_error(error, self.root) from error
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def _publish(self, partial: Path, folder: Path) -> None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.rename(partial, folder)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise

    def discard(self, key: str) -> None:
        """Remove an artifact from the store, atomically."""
        removed = self._scratch()
        try:
            os.rename(self.folder(key), removed)
        except FileNotFoundError:
            return
        shutil.rmtree(removed, ignore_errors=True)

    def _scratch(self) -> Path:
        """Return an unused path in `writing` that `sweep` can assign to this process."""
        return self.writing / f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"

    def keys(self) -> Iterator[str]:
        """Yield the keys of all artifacts, sorted."""
        for folder in sorted(self.artifacts.glob("??/*")):
            yield folder.name

    def size(self, key: str) -> int:
        """Return the size of an artifact in bytes."""
        return sum(path.stat().st_size for path in self.folder(key).iterdir())

    @contextmanager
    def making(self, key: str) -> Iterator[None]:
        """Hold the lock on making an artifact; wait for another process that is making it."""
        with self_removing_lock(self.root / "locks" / key):
            yield

    @contextmanager
    def in_use(self, *, alone: bool = False) -> Iterator[None]:
        """Hold the lock on the store during a run: shared, or exclusive with `alone`.

        Work that removes artifacts needs the exclusive lock.

        Raises:
            InputError: `alone`, and another run is using the store.
        """
        lock = self.root / "locks" / "store"
        try:
            with file_lock(lock, shared=not alone, wait=not alone):
                yield
        except BlockingIOError:
            raise InputError(
                f"The store {self.root} is in use by another run.",
                "Wait until that run has ended, then try again.",
            ) from None

    def sweep(self) -> None:
        """Remove partial artifacts of dead processes on this host, and any older than a day."""
        for folder in self.writing.glob("*-*-*"):
            host, pid, _ = folder.name.rsplit("-", 2)
            old = time.time() - folder.stat().st_mtime > 86_400
            if (host == socket.gethostname() and not _alive(int(pid))) or old:
                shutil.rmtree(folder, ignore_errors=True)


def _stamp(path: Path) -> list[int]:
    """Return size, mtime_ns and ctime_ns; unlike mtime, ctime cannot be set back."""
    status = path.stat()
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _alive(pid: int) -> bool:
    """Test whether a process of this host exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


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
