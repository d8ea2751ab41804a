"""Content-addressed artifact store: one folder per artifact, written aside and renamed into place.

    .strata/artifacts/ab/abcdef.../    values, arrays and manifest.json of one artifact
    .strata/writing/HOST-PID-NUMBER/   being written; removed when its process is gone
    .strata/locks/                     locks of artifacts being made and of the store
    .strata/data/                      image manifests, drawn scenes, unpacked archives

The rename is the commit: an artifact exists if its folder does. So a run may be killed at any
moment, and runs may share a store: a lock for each key keeps them from making the same artifact
twice, and where they do (other hosts, no locks) the first rename wins.

The manifest binds key, provenance and the digests of all files to one another, under a checksum of
its own: an artifact whose files were exchanged, or that lies in the folder of another, is damaged.
"""

import errno
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from strata.digest import file_digest
from strata.errors import InputError
from strata.locks import file_lock, self_removing_lock
from strata.pipeline.store import scratch
from strata.pipeline.store.artifact import Artifact, write_artifact
from strata.pipeline.store.checked_json import read_checked, write_checked
from strata.pipeline.store.errors import DamagedError, storage_error

MANIFEST = "manifest.json"
FORMAT = 1

#: Files whose checksums this process has verified, by path, with their stamps and digests then.
_verified: dict[Path, tuple[list[int], str]] = {}


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
            found = read_checked(mark)
            if found is None:  # a new store, or a damaged mark
                found = FORMAT
                write_checked(mark, FORMAT)
        except OSError as error:
            raise storage_error(error, self.root) from error
        if found != FORMAT:
            raise InputError(
                f"{self.root} holds artifacts of another version of strata (format {found}).",
                "Name another folder with --store DIR, or delete this one.",
            )
        return self

    def folder(self, key: str) -> Path:
        """Return the folder of an artifact, whether it exists or not."""
        return self.artifacts / key[:2] / key

    def manifest(self, key: str) -> dict[str, Any] | None:
        """Read an artifact's manifest; None if it is absent, damaged or that of another key."""
        found = read_checked(self.folder(key) / MANIFEST)
        whole = isinstance(found, dict) and found.get("key") == key and found.get("files")
        return found if whole else None

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
            if not moved:
                return "present"
            if any(file_digest(folder / n) != manifest["files"][n]["digest"] for n in moved):
                return "damaged"
            for name in moved:
                manifest["files"][name]["stamp"] = _stamp(folder / name)
        except OSError:
            return "damaged"
        with suppress(OSError):  # a read-only store: compare again next time
            write_checked(folder / MANIFEST, manifest)
        return "present"

    def read(self, key: str) -> Artifact:
        """Open an artifact for its arrays and JSON values; pickles are refused.

        Checksums are verified once per process, and again for files that have changed since.

        Raises:
            DamagedError: the artifact is absent or its files have changed.
        """
        return self._open(key, unpickle=False)

    def read_fitted(self, key: str) -> Artifact:
        """Open an artifact with its fitted estimators, which are pickles and can run code.

        Raises:
            DamagedError: the artifact is absent or its files have changed.
        """
        return self._open(key, unpickle=True)

    def _open(self, key: str, *, unpickle: bool) -> Artifact:
        folder = self.folder(key)
        manifest = self.manifest(key)
        if manifest is None:
            raise DamagedError(f"The artifact {key} is missing or unreadable.", key=key)
        for name, recorded in manifest["files"].items():
            if not _matches(folder / name, recorded["digest"]):
                raise DamagedError(f"The artifact {key} is damaged ({name}).", key=key)
        return Artifact(folder, manifest["files"], unpickle=unpickle)

    def write(self, key: str, values: Mapping[str, Any], manifest: dict[str, Any]) -> None:
        """Write an artifact and publish it; if another process was first, its copy stays.

        Raises:
            StoreFullError: the disk is full; no partial artifact is left.
        """
        with self._written_aside(key, values, manifest) as partial:
            self._publish(partial, self.folder(key))

    def replace(self, key: str, values: Mapping[str, Any], manifest: dict[str, Any]) -> None:
        """Write an artifact in the place of one that may be there.

        The old one stays until the new one is complete.

        Raises:
            StoreFullError: the disk is full; the old artifact is still there.
        """
        with self._written_aside(key, values, manifest) as partial:
            self.discard(key)
            self._publish(partial, self.folder(key))

    @contextmanager
    def _written_aside(
        self, key: str, values: Mapping[str, Any], manifest: dict[str, Any]
    ) -> Iterator[Path]:
        """A complete artifact in a folder of its own, to be renamed; removed if it is not."""
        partial = scratch.scratch_path(self.writing)
        try:
            partial.mkdir(parents=True)
            write_artifact(values, partial)
            files = {
                path.name: {"digest": file_digest(path), "stamp": _stamp(path)}
                for path in sorted(partial.iterdir())
            }
            write_checked(partial / MANIFEST, {**manifest, "key": key, "files": files})
            yield partial
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
        removed = scratch.scratch_path(self.writing)
        try:
            os.rename(self.folder(key), removed)
        except FileNotFoundError:
            return
        shutil.rmtree(removed, ignore_errors=True)

    def keys(self) -> Iterator[str]:
        """Yield the keys of all artifacts, sorted."""
        for folder in sorted(self.artifacts.glob("??/*")):
            if folder.name.startswith(folder.parent.name):  # others leave files there: .DS_Store
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
        """Remove what killed processes left half-written, see `scratch.sweep`."""
        scratch.sweep(self.root)


def _matches(path: Path, digest: str) -> bool:
    """Test whether a file has a checksum; read it only if it is not known to."""
    try:
        known = (_stamp(path), digest)
        if _verified.get(path) == known:
            return True
        if file_digest(path) != digest:
            return False
    except OSError:
        return False
    _verified[path] = known
    return True


def _stamp(path: Path) -> list[int]:
    """Return size, mtime_ns and ctime_ns; unlike mtime, ctime cannot be set back."""
    status = path.stat()
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns]
