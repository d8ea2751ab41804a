"""Folder of `strata explain`: a PNG for each map, and the page that shows them."""

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import numpy as np

from strata.files import atomic_writer
from strata.reports.model.explained import ExplainedImage
from strata.reports.page.explanations import ExplanationsPage, files_named_in
from strata.reports.page.pictures import png

PAGE = "explanations.html"
#: Longest part of a file's name in bytes of UTF-8; file systems allow 255 for all of it.
LONGEST = 60


@contextmanager
def explanation_folder(out: Path, method: str) -> Iterator["ExplanationFolder"]:
    """Open a folder for the explanations of a method; see `ExplanationFolder`."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as sections:
        yield ExplanationFolder(out, method, sections)


class ExplanationFolder:
    """Writes maps as they come, and the page in the end, in the place of an earlier page's.

    Args:
        out: the folder, which exists.
        method: name of the method.
        sections: file in which the page's sections wait.
    """

    def __init__(self, out: Path, method: str, sections: IO[str]) -> None:
        self._out = out
        self._earlier = files_named_in(out / PAGE)
        self._written: set[str] = set()
        self._page = ExplanationsPage(method, sections)
        self._images = 0

    def add(self, image: ExplainedImage) -> None:
        """Write an image's maps, and keep its section of the page."""
        self._images += 1
        files = []
        for name, picture in _maps(image, self._images):
            (self._out / name).write_bytes(png(picture))
            files.append(name)
        self._written.update(files)
        self._page.add(image, files)

    def finish(self, without: Mapping[str, str]) -> Path | None:
        """Write the page, and remove the maps of an earlier page in the folder.

        Args:
            without: names of files that have no class, with the reasons.

        Returns:
            The page; None if there is no image to show.
        """
        if not self._images:
            return None
        with atomic_writer(self._out / PAGE) as stream:
            self._page.write(stream, without)
        kept = {name.casefold() for name in self._written}  # one file on some file systems
        for name in self._earlier:
            if name.casefold() not in kept:
                with suppress(OSError):  # removed by hand
                    (self._out / name).unlink()
        return self._out / PAGE


def _maps(image: ExplainedImage, number: int) -> list[tuple[str, np.ndarray]]:
    """Maps of an image, and file names that tell image, class and place on the page."""
    drawn = [
        (explained.name, branch.picture)
        for explained in image.classes
        for branch in explained.branches
        if branch.picture is not None
    ]
    return [
        (f"{number:03}-{_part(Path(image.name).stem)}-{_part(name)}-{place}.png", picture)
        for place, (name, picture) in enumerate(drawn, start=1)
    ]


def _part(text: str) -> str:
    """Letters, digits, dots and underscores of a name, cut to `LONGEST` bytes."""
    return re.sub(r"[^\w.]+", "_", text).encode()[:LONGEST].decode(errors="ignore")
