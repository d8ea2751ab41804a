"""Unpacking of zip and tar archives: once per content, atomically, without path traversal."""

from pathlib import Path, PurePosixPath

from strata.digest import file_digest
from strata.errors import InputError
from strata.pipeline.data import digest_cache
from strata.pipeline.data.archives.limits import MAX_DEPTH, Budget, UnpackLimits
from strata.pipeline.data.archives.member import DAMAGED
from strata.pipeline.data.archives.members import archive_kind, members
from strata.pipeline.data.committed_folder import commit_folder
from strata.progress import ProgressCallback

#: Names of archives end with one of these.
SUFFIXES = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".tbz2", ".xz", ".txz")

_BLOCK = 1 << 20


def unpack_archive(
    archive: Path,
    cache: Path,
    *,
    sha256: str | None = None,
    limits: UnpackLimits | None = None,
    progress: ProgressCallback | None = None,
) -> tuple[Path, str]:
    """Unpack an archive on first use, and again when the unpacked copy has changed.

    Args:
        archive: zip or tar (.gz, .bz2, .xz).
        cache: folder to unpack into, one subfolder per archive content (sha256).
        sha256: expected digest of the archive in hex, if known.
        limits: bytes and files that it may unpack to.
        progress: called with the compressed bytes done and in all.

    Returns:
        the folder with its files, and the damage of an earlier copy, "" if none.

    Raises:
        InputError: the archive is damaged, encrypted or has another digest, unpacks to
            more than the limits, or holds links or names that lead out of the folder.
    """
    _check_kind(archive)
    digest = _digest_of(archive, cache)
    if sha256 and digest != sha256.lower():
        raise InputError(
            f"The archive {archive} has sha256 {digest}, not {sha256.lower()}.",
            "Download it again, or correct the sha256.",
        )
    folder = unpacked_folder(cache, digest)
    damage = commit_folder(folder, lambda partial: extract(archive, partial, limits, progress))
    return folder, damage


def unpacked_folder(cache: Path, digest: str) -> Path:
    """Folder that the archive of a sha256 is unpacked into."""
    return cache / "archives" / digest


def extract(
    archive: Path,
    folder: Path,
    limits: UnpackLimits | None = None,
    progress: ProgressCallback | None = None,
) -> None:
    """Write the regular files of an archive into an empty folder.

    Args:
        archive, limits, progress: as in `unpack_archive`.
        folder: an existing folder.

    Raises:
        InputError: as `unpack_archive`; `folder` may hold some of the files then.
    """
    try:
        _extract(archive, folder, Budget(archive, folder, limits or UnpackLimits()), progress)
    except DAMAGED as error:
        reason = str(error).rstrip(".") or type(error).__name__
        raise InputError(
            f"The archive {archive} cannot be unpacked: {reason}.",
            "Download or pack it again, or unpack it by hand and give the folder.",
        ) from error
    except OSError as error:
        name = _name_inside(error.filename, folder)
        raise InputError(
            f"The archive {archive} cannot be unpacked below {folder.parent}: "
            f"{f'{name!r}: ' if name else ''}{error.strerror or error}.",
            "Name another place for the store with --store DIR, or unpack it by hand and give the "
            "folder.",
        ) from error


def _name_inside(path: object, folder: Path) -> str:
    """Path of a file below the folder that is filled, at most 80 characters; "" if outside."""
    try:
        return str(Path(str(path)).relative_to(folder))[:80]
    except ValueError:
        return ""


def _extract(
    archive: Path, folder: Path, budget: Budget, progress: ProgressCallback | None
) -> None:
    packed = archive.stat().st_size
    made = {folder}
    for member in members(archive, budget):
        target = folder / _safe_path(member.name, archive)
        new = {
            parent for parent in target.parents if parent not in made and folder in parent.parents
        }
        budget.spend(0, 1 + len(new))
        target.parent.mkdir(parents=True, exist_ok=True)
        made |= new
        budget.check(member.size)
        with member.open() as source, open(target, "wb") as sink:
            while block := source.read(_BLOCK):
                budget.spend(len(block))
                sink.write(block)
                if progress:
                    progress(min(member.done(), packed), packed)


def _check_kind(archive: Path) -> None:
    """Refuse files that are no archives, and archives whose end or beginning is missing."""
    try:
        kind = archive_kind(archive) if archive.is_file() else ""
    except OSError as error:
        raise InputError(f"{archive} cannot be read: {error.strerror or error}.") from None
    if kind:
        return
    if archive.is_file() and archive.suffix.lower() in SUFFIXES:
        raise InputError(
            f"{archive} cannot be read as an archive: it is cut off or damaged.",
            "Download or pack it again; zip and tar archives are read.",
        )
    raise InputError(
        f"{archive} is neither a folder nor a zip or tar archive.",
        "Give the folder with one folder of images for each class, or an archive of it.",
    )


def _digest_of(archive: Path, cache: Path) -> str:
    """Sha256 of the archive, cached until its size, mtime or ctime changes."""
    found = archive.stat()
    name, stamp = str(archive), [found.st_size, found.st_mtime_ns, found.st_ctime_ns]
    known = cache / "archives" / "digests"
    row = digest_cache.load(known).get(name, [])
    if row[1:4] == stamp:
        return str(row[4])
    digest = file_digest(archive)
    try:
        digest_cache.append(known, [[name, *stamp, digest]])
    except OSError as error:
        raise InputError(
            f"{known} cannot be written: {error.strerror or error}.",
            "Free some disk space, or name another place for the store with --store DIR.",
        ) from error
    return digest


def _safe_path(name: str, archive: Path) -> PurePosixPath:
    """Return a member's name as a relative path below the folder; refuse path traversal."""
    path = PurePosixPath(name)
    first = path.parts[0] if path.parts else ""
    if path.is_absolute() or ".." in path.parts or ":" in first or "\0" in name or not first:
        raise InputError(
            f"The archive {archive} holds a name that leads out of its folder: {name!r}.",
            "Do not use it unless you trust it; then unpack it by hand and give the folder.",
        )
    if len(path.parts) > MAX_DEPTH:
        raise InputError(
            f"The archive {archive} holds folders within folders, {len(path.parts):,} deep.",
            f"Up to {MAX_DEPTH} are unpacked; unpack it by hand and give the folder.",
        )
    return path
