"""Files of a zip."""

import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

from strata.pipeline.data.archives.limits import Budget
from strata.pipeline.data.archives.member import Member, is_skipped, not_a_file

_ZIP_LINK = "Pack the files themselves (zip without -y)"


def zip_members(archive: Path, budget: Budget) -> Iterator[Member]:
    """Yield the regular files of a zip; the sizes in its directory are checked first."""
    with zipfile.ZipFile(archive) as opened:
        found = [(i.filename.replace("\\", "/"), i) for i in opened.infolist()]  # of Windows tools
        wanted = [(n, i) for n, i in found if not (_is_folder(n, i) or is_skipped(n))]
        budget.check(sum(info.file_size for _, info in wanted), len(found))
        done = 0
        for name, info in wanted:
            done += info.compress_size
            if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
                raise not_a_file(archive, info.filename, "a link or device", _ZIP_LINK)
            yield Member(
                name,
                info.file_size,
                lambda info=info: opened.open(info),  # type: ignore[misc]
                lambda done=done: done,  # type: ignore[misc]
            )


def _is_folder(name: str, info: zipfile.ZipInfo) -> bool:
    return name.endswith("/") or stat.S_ISDIR(info.external_attr >> 16)
