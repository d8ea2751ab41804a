"""Every image with its size and digests: read once, refreshed by size and times."""

import functools
import hashlib
import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from strata.errors import InputError
from strata.image_io import ImageError, read_content, read_image
from strata.pipeline.data import digest_cache
from strata.pipeline.data.source import Source, SourceFile
from strata.process_pool import parallel_map
from strata.progress import ProgressCallback

#: Seconds between two writes of what has been read so far: the most that a kill can cost.
SAVE_SECONDS = 2.0

#: A file changed less than this many nanoseconds ago could change again under the same time stamp.
_CLOCK_TICK = 20_000_000

#: Images that travel to a worker process together.
_BATCH = 16

#: Size, mtime_ns and ctime_ns of a file: as long as they stay, so does its content.
Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """An image that can be read.

    Attributes:
        id: posix path below the root.
        path: where it lies.
        label: its class.
        split: "train", "test", or None where the data brings no split.
        width: in pixels, upright.
        height: in pixels, upright.
        bytes: size of the file.
        mtime_ns: when the file was last changed.
        digest: sha256 of the file, in hex.
        phash: 64-bit perceptual hash.
        pixels: digest of size and pixels, in hex.
        thumbnail: small and gray, base64 (see `fingerprint`).
    """

    id: str
    path: Path
    label: str
    split: str | None
    width: int
    height: int
    bytes: int
    mtime_ns: int
    digest: str
    phash: int
    pixels: str = ""
    thumbnail: str = field(default="", repr=False)


@dataclass(frozen=True)
class BrokenImage:
    """An image that cannot be read, and why."""

    id: str
    path: Path
    reason: str


@dataclass(frozen=True)
class Manifest:
    """All images of a source.

    Attributes:
        root: the folder that holds them.
        records: the images that can be read, sorted by id.
        broken: those that cannot, sorted by id.
        missing: "class/file" of rows of the split file without an image.
        notes: what was left out or decided, in sentences.
        empty: class folders without images.
    """

    root: Path
    records: tuple[ImageRecord, ...]
    broken: tuple[BrokenImage, ...] = ()
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()

    @functools.cached_property
    def classes(self) -> list[str]:
        """The names of the classes, sorted."""
        return sorted({record.label for record in self.records})

    @functools.cached_property
    def digest(self) -> str:
        """A hash of the ids, classes, splits and contents of the images, in hex."""
        rows = [(r.id, r.label, r.split, r.digest) for r in self.records]
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def build_manifest(
    source: Source,
    cache: Path,
    *,
    jobs: int = 1,
    progress: ProgressCallback | None = None,
) -> Manifest:
    """Read all images that have changed since the last time, and remember what was read.

    A file counts as unchanged, and is not opened, if its size, mtime and ctime are those of the
    last time. Files that cannot be opened are tried every time; files that cannot be decoded
    only when they have changed.

    Args:
        source: the images.
        cache: file that remembers; made where missing, and of its content whatever makes no
            sense is ignored. Several processes may use it at once.
        jobs: processes that read.
        progress: called with images read and images to read, if there are some to read.

    Raises:
        InputError: the cache cannot be written.
    """
    rows = digest_cache.load(cache)
    changed = [
        file
        for file in source.files
        if file.id not in rows or tuple(rows[file.id][1:4]) != _stamp(file.path)
    ]
    unopened: dict[str, str] = {}
    if changed:
        try:
            _compact_cache(cache, rows, source)
            unopened = _read_changed(changed, rows, cache, jobs, progress)
        except OSError as error:
            raise InputError(
                f"What was read of the images cannot be kept in {cache}: "
                f"{error.strerror or error}.",
                "Free some space or name another place for the store.",
            ) from error
    records, broken = [], []
    for file in source.files:
        if file.id in unopened:
            broken.append(BrokenImage(file.id, file.path, unopened[file.id]))
            continue
        _, size, mtime_ns, _, *found = rows[file.id]
        if len(found) == 1:
            broken.append(BrokenImage(file.id, file.path, found[0]))
        else:
            width, height, *digests = found
            records.append(
                ImageRecord(
                    file.id, file.path, file.label, file.split,
                    width, height, size, mtime_ns, *digests,
                )
            )  # fmt: skip
    return Manifest(
        source.root,
        tuple(records),
        tuple(broken),
        tuple(source.missing),
        tuple(source.notes),
        tuple(source.empty),
    )


def _read_changed(
    changed: list[SourceFile],
    rows: dict[str, digest_cache.CacheRow],
    cache: Path,
    jobs: int,
    progress: ProgressCallback | None,
) -> dict[str, str]:
    """Read files into `rows` and the cache; return the reasons of those that cannot be opened."""
    unopened = {}
    unsaved: list[digest_cache.CacheRow] = []
    saved_at = time.monotonic()
    read = parallel_map(_read_unchanging, [file.path for file in changed], jobs=jobs, batch=_BATCH)
    try:
        for done, (file, (stamp, found)) in enumerate(zip(changed, read, strict=True), 1):
            if stamp is None:
                unopened[file.id] = found[0]
            else:
                rows[file.id] = [file.id, *stamp, *found]
                unsaved.append(rows[file.id])
            if time.monotonic() - saved_at > SAVE_SECONDS:
                digest_cache.append(cache, unsaved)
                unsaved, saved_at = [], time.monotonic()
            if progress:
                progress(done, len(changed))
    finally:
        digest_cache.append(cache, unsaved)
    return unopened


def _read_unchanging(path: Path) -> tuple[Stamp | None, digest_cache.CacheRow]:
    """Read one file.

    Returns:
        Its stamp, or None if it could not be opened and should be tried again; and width, height
        and digests in the order of `ImageRecord`, or a reason why there are none.
    """
    for _ in range(3):
        stamp = _stamp(path)
        if stamp:
            _await_next_tick(stamp)
        try:
            data = read_content(path)
        except ImageError as error:
            return None, [error.reason]
        found = _decoded_and_hashed(data)
        if stamp == _stamp(path):
            return stamp, found
    return None, ["is being written while it is read"]


def _decoded_and_hashed(data: bytes) -> digest_cache.CacheRow:
    from strata.pipeline.data.fingerprint import fingerprint

    try:
        image = read_image(data)
    except ImageError as error:
        return [error.reason]
    height, width = image.shape[:2]
    traces = fingerprint(image)
    digest = hashlib.sha256(data).hexdigest()
    return [width, height, digest, traces.phash, traces.pixels, traces.thumbnail]


def _stamp(path: Path) -> Stamp | None:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _await_next_tick(stamp: Stamp) -> None:
    """Wait until a change of the file would show in its times."""
    age = time.time_ns() - stamp[2]
    if 0 <= age < _CLOCK_TICK:
        time.sleep((_CLOCK_TICK - age) / 1e9)


def _compact_cache(cache: Path, rows: dict[str, digest_cache.CacheRow], source: Source) -> None:
    """Drop rows of images that are gone, when they have become many."""
    if len(rows) > 2 * len(source.files) + 1000:
        digest_cache.rewrite(cache, (rows[file.id] for file in source.files if file.id in rows))
