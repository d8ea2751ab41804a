"""Sources of images: a folder, an archive or the URL of one; each ends as a local folder."""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from strata.errors import InputError, nearest
from strata.locks import file_lock
from strata.pipeline.data.layout import SourceFile, read_class_folders, walk
from strata.pipeline.data.layout.csv_matching import match_rows
from strata.pipeline.data.layout.split_csv import read_split
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
    """

    root: Path
    files: list[SourceFile]
    missing: list[str]
    notes: list[str]
    empty: list[str] = field(default_factory=list)


def open_source(
    spec: str | Path,
    *,
    split_csv: str | Path | None = None,
    base: Path = Path(),
    sha256: str | None = None,
    cache: Path,
    allow_missing: bool = False,
    allow_empty: bool = False,
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
        progress: called with bytes done and in all while downloading and unpacking.

    Raises:
        InputError: nothing is there, or the layout is another one; the message says what is wrong.
        StrataError: the download failed.
    """
    root = outer = _folder(spec, sha256, cache, progress)
    if not _is_local_folder(spec):
        from strata.pipeline.data.archives import skip_wrapper_folders

        root = skip_wrapper_folders(outer)
    tree = walk(root)
    if split_csv is None:
        read = read_class_folders(root, tree, allow_empty=allow_empty)
        return Source(root, read.files, [], read.notes, read.empty)
    path = _split_path(Path(split_csv).expanduser(), [base, root, outer])
    table = read_split(path)
    found = match_rows(root, tree, table, name=path.name)
    if found.missing and not allow_missing:
        raise InputError(
            f"{len(found.missing):,} of the {len(table.rows):,} images of the split file {path} "
            f"are not in {root}: "
            f"{', '.join(found.missing[:5])}{' ...' if found.missing[5:] else ''}",
            "Add them, or go on without them: allow_missing = true under [data].",
        )
    return Source(root, found.files, found.missing, found.notes)


_ARCHIVES = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz")


def _is_local_folder(spec: str | Path) -> bool:
    return not _is_url(spec) and Path(spec).expanduser().is_dir()


def _is_url(spec: str | Path) -> bool:
    return isinstance(spec, str) and "://" in spec


def _folder(
    spec: str | Path, sha256: str | None, cache: Path, progress: ProgressCallback | None
) -> Path:
    """Return the local folder of a source, after downloading and unpacking where needed."""
    if _is_url(spec):
        return _fetched(str(spec), sha256, cache, progress)
    path = Path(os.path.abspath(Path(spec).expanduser()))
    if path.is_dir():
        return path
    if not path.exists():
        raise _nothing_at(path)
    from strata.pipeline.data.archives import is_archive, unpack_archive

    if path.is_file() and path.suffix.lower() in _ARCHIVES and not is_archive(path):
        raise InputError(
            f"{path} cannot be read as an archive: it is cut off or damaged.",
            "Download or pack it again; zip and tar archives are read.",
        )
    if not path.is_file() or not is_archive(path):
        raise InputError(
            f"{path} is neither a folder nor a zip or tar archive.",
            "Give the folder with one folder of images for each class, or an archive of it.",
        )
    return unpack_archive(path, cache, sha256=sha256, progress=progress)


def _nothing_at(path: Path) -> InputError:
    """Return an error that suggests the most similar name in the nearest existing folder."""
    missing = path
    while not missing.parent.is_dir() and missing.parent != missing:
        missing = missing.parent
    try:
        siblings = [name for name in os.listdir(missing.parent) if not name.startswith(".")]
    except OSError:
        siblings = []
    hint = f"In {missing.parent}: {nearest(missing.name, siblings)}" if siblings else ""
    return InputError(f"There is no {missing}.", hint if len(hint) < 500 else "")


def _fetched(url: str, sha256: str | None, cache: Path, progress: ProgressCallback | None) -> Path:
    """Download and unpack the archive at a URL, unless the cache has it; return its folder."""
    if urlsplit(url).scheme.lower() not in ("http", "https"):
        raise InputError(f"{url} is not an http or https URL.", "Give a path or such a URL.")
    if not sha256:
        raise InputError(
            f"The sha256 of {url} is not given.",
            'It makes sure that everyone gets the same images: add sha256 = "..." '
            "(`sha256sum FILE` prints it).",
        )
    if not re.fullmatch("[0-9a-fA-F]{64}", sha256):
        raise InputError(
            f"'{sha256}' is not a sha256: it must have 64 hexadecimal digits.",
            "Run `sha256sum FILE` on the archive to get it.",
        )
    from strata.download import download
    from strata.pipeline.data.archives import is_archive, unpack_archive

    sha256 = sha256.lower()
    folder = cache / "archives" / sha256
    if folder.is_dir():
        return folder
    target = cache / "downloads" / sha256
    target.parent.mkdir(parents=True, exist_ok=True)
    with file_lock(target.with_name(f"{sha256}.lock")):
        if not folder.is_dir():
            if not target.exists():
                download(url, target, sha256=sha256, progress=progress)
            if not is_archive(target):
                raise InputError(
                    f"{url} is not a zip or tar archive.", "Give the URL of the archive itself."
                )
            unpack_archive(target, cache, sha256=sha256, progress=progress)
            target.unlink()  # unpacked, so no longer needed
    return folder


def _split_path(given: Path, folders: list[Path]) -> Path:
    """Return the first existing path of the split file below one of the folders."""
    for folder in folders:
        if (folder / given).is_file():
            return folder / given
    raise _nothing_at(Path(os.path.abspath(folders[0] / given)))
