"""Files in an archive of either kind."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

from strata.pipeline.data.archives.limits import Budget
from strata.pipeline.data.archives.member import Member
from strata.pipeline.data.archives.tar_reader import is_tar, tar_members
from strata.pipeline.data.archives.zip_reader import zip_members


def archive_kind(path: Path) -> str:
    """Kind of an archive by its content: "zip", "tar" or "" for none.

    Beginnings decide: the last file in a tar may be a zip, whose directory then ends the tar.

    Raises:
        OSError: the file cannot be read.
    """
    if is_tar(path):
        return "tar"
    return "zip" if zipfile.is_zipfile(path) else ""


def members(archive: Path, budget: Budget) -> Iterator[Member]:
    """Yield the regular files of a zip or tar; hidden files and folders are left out.

    Raises:
        InputError: it holds a link or device, or claims more than the budget.
        Exception: one of `DAMAGED`.
    """
    return (zip_members if archive_kind(archive) == "zip" else tar_members)(archive, budget)
