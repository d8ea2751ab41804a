"""Manifest of a data set: size, digests and fingerprint of each image, cached between runs."""

import dataclasses
import functools
import hashlib
import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from strata.errors import InputError
from strata.image_io import (
    Extent,
    ImageError,
    Range,
    decode,
    ranges_by_kind,
    read_content,
    read_image,
    reader_version,
)
from strata.pipeline.data import digest_cache
from strata.pipeline.data.source import Source, SourceFile
from strata.process_pool import parallel_map
from strata.progress import ProgressCallback

#: Seconds between two writes to the cache: the most work that a kill can lose.
SAVE_SECONDS = 2.0

#: Resolution of file times in nanoseconds: a file changed less than this ago could change again
#: under the same mtime.
_CLOCK_TICK = 20_000_000

#: Images per task of a worker process.
_BATCH = 16

#: Entries of a cache row of an unreadable image, after name and stamp: reason, reader's version.
_FAILED = 2

#: Size in bytes, mtime_ns and ctime_ns of a file; the content counts as unchanged while they are.
Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """A readable image.

    Attributes:
        id: posix path relative to the root.
        path: the file.
        label: class name.
        split: "train" or "test"; None where the data brings no split.
        width: pixels, after the EXIF rotation.
        height: pixels, after the EXIF rotation.
        bytes: size of the file.
        mtime_ns: time of the last modification.
        digest: sha256 of the file, in hex.
        phash: 64-bit perceptual hash (see `fingerprint`).
        pixels: digest of shape and pixels, in hex (see `fingerprint`).
        thumbnail: small and gray, base64 (see `fingerprint`).
        levels: number of gray levels in use, of 256; at least, where it is above 64.
        brightest: highest gray level, 0 to 255; at least, where it is above 64.
        extent: values of an image whose file does not state their range, else None.
        value_range: range in which these values are read, the same in the whole data set; None
            where the file states it.
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
    levels: int = 256
    brightest: int = 255
    extent: Extent | None = None
    value_range: Range | None = None

    def read(self) -> np.ndarray:
        """Read the image, uint8 (H, W, 3), in its data set's range of values.

        Raises:
            ImageError: it cannot be read, or the file has been changed since it was listed.
        """
        return read_image(self.path, digest=self.digest, value_range=self.value_range)


@dataclass(frozen=True)
class BrokenImage:
    """An unreadable image and the reason."""

    id: str
    path: Path
    reason: str


@dataclass(frozen=True)
class Manifest:
    """All images of a source.

    Attributes:
        root: folder of the images.
        records: readable images, sorted by id.
        broken: unreadable images, sorted by id.
        missing: "class/file" of rows of the split file without an image.
        notes: sentences on files left out and on choices made.
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
        """Class names, sorted."""
        return sorted({record.label for record in self.records})

    @functools.cached_property
    def value_ranges(self) -> dict[str, Range]:
        """Ranges of the values of its images, where files do not state them, by `Extent.kind`."""
        return {r.extent.kind: r.value_range for r in self.records if r.extent and r.value_range}

    @functools.cached_property
    def digest(self) -> str:
        """Sha256 over the ids, labels, splits and content digests of the images, in hex."""
        rows = [(r.id, r.label, r.split, r.digest) for r in self.records]
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def build_manifest(
    source: Source,
    cache: Path,
    *,
    jobs: int = 1,
    progress: ProgressCallback | None = None,
) -> Manifest:
    """Build the manifest; read only images that have changed since they were cached.

    A file counts as unchanged, and is not opened, if its size, mtime and ctime are those in the
    cache. Files that cannot be opened are tried again every time; files that cannot be decoded
    only when they have changed.

    Args:
        source: the images.
        cache: digest cache file; created where missing, damaged rows are ignored. Safe for
            concurrent processes.
        jobs: number of worker processes.
        progress: called with images read and images to read, if there are any to read.

    Raises:
        InputError: the cache cannot be written.
    """
    rows = digest_cache.load(cache)
    changed = [
        file
        for file in source.files
        if file.id not in rows
        or tuple(rows[file.id][1:4]) != _stamp(file.path)
        or _may_be_readable_now(rows[file.id])
    ]
    unopened: dict[str, str] = {}
    if changed:
        try:
            _compact_cache(cache, rows, source)
            unopened = _read_changed(changed, rows, cache, jobs, progress)
        except OSError as error:
            raise InputError(
                f"The digests of the images cannot be kept in {cache}: {error.strerror or error}.",
                "Free some disk space, or name another place for the store with --store DIR.",
            ) from error
    records: list[ImageRecord] = []
    broken = [BrokenImage(n, source.root / n, reason) for n, reason in source.unreadable.items()]
    for file in source.files:
        if file.id in unopened:
            broken.append(BrokenImage(file.id, file.path, unopened[file.id]))
            continue
        _, size, mtime_ns, _, *found = rows[file.id]
        if len(found) == _FAILED:
            broken.append(BrokenImage(file.id, file.path, found[0]))
        else:
            width, height, *traces, extent = found
            traces.append(Extent(*extent) if extent else None)
            records.append(
                ImageRecord(
                    file.id, file.path, file.label, file.split,
                    width, height, size, mtime_ns, *traces,
                )
            )  # fmt: skip
    return Manifest(
        source.root,
        _in_common_ranges(records),
        tuple(sorted(broken, key=lambda image: image.id)),
        tuple(source.missing),
        tuple(source.notes),
        tuple(source.empty),
    )


def _may_be_readable_now(row: digest_cache.CacheRow) -> bool:
    """True for an image that could not be read, if limits or decoders have changed since."""
    return len(row) == 4 + _FAILED and row[-1] != reader_version()


def _in_common_ranges(records: list[ImageRecord]) -> tuple[ImageRecord, ...]:
    """Records with the data set's ranges of values, and gray levels as these show them."""
    ranges = ranges_by_kind(r.extent for r in records if r.extent)
    return tuple(_in_range(r, ranges[r.extent.kind]) if r.extent else r for r in records)


def _in_range(record: ImageRecord, common: Range) -> ImageRecord:
    """An image in a range that may be larger than its own, which its gray levels were counted in.

    Gray levels scale with the ranges; several may become one, to as many as fit.
    """
    assert record.extent
    low, high = (255 * (v - common[0]) / ((common[1] - common[0]) or 1) for v in record.extent[1:])
    return dataclasses.replace(
        record,
        value_range=common,
        levels=min(record.levels, round(high - low) + 1),
        brightest=min(255, max(0, round(high))),
    )


def _read_changed(
    changed: list[SourceFile],
    rows: dict[str, digest_cache.CacheRow],
    cache: Path,
    jobs: int,
    progress: ProgressCallback | None,
) -> dict[str, str]:
    """Read files into `rows` and the cache; return id -> reason of those that cannot be opened."""
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
    """Read one file, again if it changes meanwhile.

    Returns:
        The file's stamp, or None if it could not be opened and should be tried again next time;
        and width, height, digests, gray levels and extent in the order of `ImageRecord`, or the
        reason of the failure.
    """
    for _ in range(3):
        stamp = _stamp(path)
        if stamp:
            _await_next_tick(stamp)
        try:
            found = _decoded_and_hashed(read_content(path))
        except ImageError as error:
            return None, [error.reason]
        except MemoryError:
            return None, ["too large for the memory"]
        if stamp == _stamp(path):
            return stamp, found
    return None, ["is being written while it is read"]


def _decoded_and_hashed(data: bytes) -> digest_cache.CacheRow:
    """Return what a row of the cache holds of an image's content, or the reason of failure."""
    from strata.pipeline.data.fingerprint import fingerprint

    try:
        image, extent = decode(data)
    except ImageError as error:
        return [error.reason, reader_version()]
    height, width = image.shape[:2]
    traces = fingerprint(image)
    digest = hashlib.sha256(data).hexdigest()
    prints = traces.phash, traces.pixels, traces.thumbnail
    return [width, height, digest, *prints, *_gray_levels(image), extent]


def _gray_levels(image: np.ndarray) -> tuple[int, int]:
    """Number of gray levels in use, and the highest one; at least so many, where there are many.

    Some rows tell that there are many; only where they do not, all are looked at.
    """
    import cv2

    for step in (max(1, len(image) // 64), 1):
        gray = cv2.cvtColor(image[::step], cv2.COLOR_RGB2GRAY)
        used = np.flatnonzero(cv2.calcHist([gray], [0], None, [256], [0, 256]))
        if len(used) > 64 and used[-1] > 64:
            break
    return len(used), int(used[-1])


def _stamp(path: Path) -> Stamp | None:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _await_next_tick(stamp: Stamp) -> None:
    """Wait until a further change of the file would change its mtime."""
    age = time.time_ns() - stamp[2]
    if 0 <= age < _CLOCK_TICK:
        time.sleep((_CLOCK_TICK - age) / 1e9)


def _compact_cache(cache: Path, rows: dict[str, digest_cache.CacheRow], source: Source) -> None:
    """Drop rows of images that are gone, once there are many of them."""
    if len(rows) > 2 * len(source.files) + 1000:
        digest_cache.rewrite(cache, (rows[file.id] for file in source.files if file.id in rows))
