"""Sources of images: a folder, an archive or the URL of one; each ends as a local folder."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from strata.errors import InputError, nearest
from strata.files import expand_user
from strata.image_io import SUFFIXES
from strata.pipeline.data.archives.limits import UnpackLimits
from strata.pipeline.data.layout import SourceFile, Tree, is_junk, read_class_folders, walk
from strata.pipeline.data.layout.class_folders import check_unique
from strata.pipeline.data.layout.csv_matching import match_rows
from strata.pipeline.data.layout.split_csv import read_split
from strata.pipeline.data.layout.tree import source_file
from strata.progress import ProgressCallback

__all__ = ["Source", "SourceFile", "open_source"]


@dataclass(frozen=True)
class Source:
    """Images of an experiment: files with labels and splits, not yet read.

    Attributes:
        root: folder of the images.
        files: images, sorted by id.
        missing: "class/file" of rows of the split file without an image.
        notes: sentences on files left out and on choices made.
        empty: class folders without images.
        unreadable: relative path -> reason, of folders that cannot be listed and the like.
    """

    root: Path
    files: list[SourceFile]
    missing: list[str]
    notes: list[str]
    empty: list[str] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)


def open_source(
    spec: str | Path,
    *,
    split_csv: str | Path | None = None,
    base: Path = Path(),
    sha256: str | None = None,
    cache: Path,
    allow_missing: bool = False,
    allow_empty: bool = False,
    limits: UnpackLimits | None = None,
    progress: ProgressCallback | None = None,
) -> Source:
    """Find the images named by `spec`, downloading and unpacking as needed.

    Args:
        spec: a folder with one folder of images for each class, or with train/ and test/ (and
            val/, which joins train/) that hold such folders; a zip or tar of either; or the
            http(s) URL of such an archive.
        split_csv: CSV file with the columns class, file and, optionally, split that selects the
            images; relative to `base`, or within the folder or archive.
        base: folder that relative paths of `split_csv` are resolved against.
        sha256: digest of the archive in hex; required for a URL.
        cache: folder for downloads and unpacked archives.
        allow_missing: report rows of `split_csv` without an image instead of refusing them.
        allow_empty: report class folders without images instead of refusing them.
        limits: bytes and files that an archive may unpack to.
        progress: called with bytes done and in all (0 if unknown) while downloading and unpacking.

    Raises:
        InputError: nothing is there, or the layout is another one; the message says what is wrong.
        StrataError: the download failed.
    """
    outer, damage, is_unpacked = _folder(spec, sha256, cache, limits, progress)
    root = skip_wrapper_folders(outer) if is_unpacked else outer
    tree = walk(root)
    _check_not_nested(str(spec) if is_unpacked else str(root), tree)
    notes = [f"the unpacked copy of {spec} was damaged and made again: {damage}"] if damage else []
    if split_csv is None:
        read = read_class_folders(root, tree, allow_empty=allow_empty)
        return Source(root, read.files, [], notes + read.notes, read.empty, tree.unreadable)
    path = _split_path(expand_user(split_csv), [base, root, outer])
    table = read_split(path)
    found = match_rows(root, tree, table, name=path.name)
    if found.missing and not allow_missing:
        raise InputError(
            f"{len(found.missing):,} of the {len(table.rows):,} images of the split file {path} "
            f"are not in {root}: "
            f"{', '.join(found.missing[:5])}{' ...' if found.missing[5:] else ''}",
            "Add them, or go on without them: allow_missing = true under [data].",
        )
    return Source(root, found.files, found.missing, notes + found.notes)


def open_unlabeled(
    spec: str | Path,
    *,
    cache: Path,
    limits: UnpackLimits | None = None,
    progress: ProgressCallback | None = None,
) -> Source:
    """Find the images of a folder or an archive, at any depth; each has the label "".

    Args:
        spec, cache, limits, progress: as in `open_source`.

    Raises:
        InputError: nothing is there, or no images.
    """
    root, _, is_unpacked = _folder(spec, None, cache, limits, progress)
    tree = walk(root)
    _check_not_nested(str(spec) if is_unpacked else str(root), tree)
    if not tree.images:
        raise InputError(
            f"No images in {spec if is_unpacked else root}.",
            f"Put images there ({', '.join(sorted(SUFFIXES))}), or name another folder.",
        )
    files = [source_file(root, relative, "", None) for relative in tree.images]
    check_unique(files)
    ordered = sorted(files, key=lambda file: file.id)
    return Source(root, ordered, [], [], unreadable=tree.unreadable)


#: Names of archives end with one of these.
ARCHIVE_SUFFIXES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".tbz2", ".xz", ".txz", ".7z", ".rar")


def _is_url(spec: str | Path) -> bool:
    return isinstance(spec, str) and "://" in spec


def _folder(
    spec: str | Path,
    sha256: str | None,
    cache: Path,
    limits: UnpackLimits | None,
    progress: ProgressCallback | None,
) -> tuple[Path, str, bool]:
    """Download and unpack a source where needed.

    Returns:
        its local folder; the damage of an earlier unpacked copy, "" if none; True for archives.
    """
    if _is_url(spec):
        from strata.pipeline.data.archives.fetch import fetch_archive

        folder, damage = fetch_archive(
            str(spec), cache, sha256=sha256, limits=limits, progress=progress
        )
        return folder, damage, True
    path = Path(os.path.abspath(expand_user(spec)))
    if path.is_dir():
        return path, "", False
    check_there(path)
    from strata.pipeline.data.archives.unpack import unpack_archive

    folder, damage = unpack_archive(path, cache, sha256=sha256, limits=limits, progress=progress)
    return folder, damage, True


def check_there(place: str | Path) -> None:
    """Raise `InputError`, with a similar name that exists, if there is no file or folder."""
    path = Path(os.path.abspath(expand_user(place)))
    if not path.exists():
        raise _nothing_at(path)


def skip_wrapper_folders(root: Path) -> Path:
    """Descend from `root` through folders whose only content is one folder of folders."""
    while True:
        inside = [e for e in os.scandir(root) if e.is_dir() and not is_junk(e.name)]
        if len(inside) != 1:
            return root
        deeper = [e for e in os.scandir(inside[0].path) if e.is_dir() and not is_junk(e.name)]
        if not deeper:
            return root
        root = Path(inside[0].path)


def _check_not_nested(place: str, tree: Tree) -> None:
    """Refuse a source whose images are in archives of their own, and name these."""
    inner = [name for name in tree.others if name.lower().endswith(ARCHIVE_SUFFIXES)]
    if inner and not tree.images:
        told = ", ".join(inner[:5]) + (f" and {len(inner) - 5} more" if inner[5:] else "")
        raise InputError(
            f"No images in {place}, but archives: {told}.",
            "Unpack these by hand and give the folder"
            + (", or give one of them." if Path(place).is_dir() else "."),
        )


def _nothing_at(path: Path) -> InputError:
    """Return an error that suggests the most similar name in the nearest existing folder."""
    missing = path
    while not missing.parent.is_dir() and missing.parent != missing:
        missing = missing.parent
    try:
        with os.scandir(missing.parent) as entries:
            siblings = [entry.name for entry in entries if _may_be_meant(entry)]
    except OSError:
        siblings = []
    hint = f"In {missing.parent}: {nearest(missing.name, siblings)}" if siblings else ""
    return InputError(f"There is no {missing}.", hint if len(hint) < 500 else "")


def _may_be_meant(entry: "os.DirEntry[str]") -> bool:
    """Test for folders, archives and tables of labels: what an experiment can name."""
    known = (*ARCHIVE_SUFFIXES, ".csv", ".tsv")
    return not entry.name.startswith(".") and (entry.is_dir() or entry.name.lower().endswith(known))


def _split_path(given: Path, folders: list[Path]) -> Path:
    """Return the first existing path of the split file below one of the folders."""
    for folder in folders:
        if (folder / given).is_file():
            return folder / given
    raise _nothing_at(Path(os.path.abspath(folders[0] / given)))
