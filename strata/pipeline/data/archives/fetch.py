"""Archives at a URL, downloaded and unpacked once per sha256."""

import re
from contextlib import suppress
from pathlib import Path

from strata.digest import file_digest
from strata.download.download import download
from strata.download.url import request_url
from strata.errors import InputError, StrataError
from strata.pipeline.data.archives.limits import UnpackLimits
from strata.pipeline.data.archives.members import archive_kind
from strata.pipeline.data.archives.unpack import extract, unpacked_folder
from strata.pipeline.data.committed_folder import commit_folder
from strata.progress import ProgressCallback


def fetch_archive(
    url: str,
    cache: Path,
    *,
    sha256: str | None,
    limits: UnpackLimits | None = None,
    progress: ProgressCallback | None = None,
) -> tuple[Path, str]:
    """Download and unpack the archive at a URL, unless the cache has its unpacked copy.

    Args:
        url: http or https.
        cache: folder for downloads and unpacked archives.
        sha256: digest of the archive in hex.
        limits, progress: as in `unpack_archive`.

    Returns:
        the folder with its files, and the damage of an earlier copy, "" if none.

    Raises:
        InputError: no such URL or no sha256; the archive has another, or cannot be unpacked.
        StrataError: the download failed.
    """
    request_url(url)
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
    sha256 = sha256.lower()
    folder, target = unpacked_folder(cache, sha256), cache / "downloads" / sha256

    def make(partial: Path) -> None:
        _download(url, target, sha256, progress)
        if not archive_kind(target):
            raise InputError(
                f"{url} is not a zip or tar archive.", "Give the URL of the archive itself."
            )
        extract(target, partial, limits, progress)

    damage = commit_folder(folder, make)
    with suppress(OSError):
        target.unlink()  # unpacked, so no longer needed
    return folder, damage


def _download(url: str, target: Path, sha256: str, progress: ProgressCallback | None) -> None:
    """Download the archive, unless an earlier run has done so and it is whole."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_file() and file_digest(target) == sha256:
            return
        target.unlink(missing_ok=True)
    except OSError as error:
        raise StrataError(f"{target} cannot be written: {error.strerror or error}.") from error
    download(url, target, sha256=sha256, progress=progress)
