"""Files to be classified: images, folders, globs, and paths on standard input.

Whatever was asked for comes out, in the order given: a file to be read, or the reason why it is
none. Files of a folder that are plainly no images are counted.
"""

import glob
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from strata.errors import InputError
from strata.pipeline.data.layout import walk
from strata.pipeline.data.layout.names import counted
from strata.pipeline.prediction.listing.glob_pattern import matches
from strata.pipeline.prediction.listing.image_likeness import (
    RAW_REASON,
    is_raw,
    is_read_in_folders,
    reason_if_image,
)

AFFECTS_RESULTS = False  # finds files

#: The argument that stands for paths on standard input.
STANDARD_INPUT = "-"
#: Bytes of standard input read at once, and the longest path in it.
_BLOCK, _LONGEST_PATH = 1 << 16, 1 << 16


@dataclass(frozen=True, slots=True)
class AskedFile:
    """A file to be classified, or the reason why something that was asked for is none.

    Attributes:
        path: as it was given, or found in a folder that was given.
        problem: the reason; "" for a file to be read.
    """

    path: str
    problem: str = ""


class AskedFiles:
    """Files that arguments stand for, each once; those on standard input as they arrive.

    Args:
        arguments: paths of images and folders, glob patterns, or `-` for standard input. A path
            that exists is no pattern.
        stdin: paths of images and folders, one per line, or separated by NUL; for `-`.

    Attributes:
        total: number of files; None where standard input names some.
        others: number of files in folders that are plainly no images, so far.
    """

    def __init__(self, arguments: Iterable[str], stdin: BufferedReader | None = None) -> None:
        self.others = 0
        self._stdin = stdin
        self._seen: set[str] = set()
        self._parts: list[list[AskedFile] | None] = []
        for argument in arguments:
            if argument != STANDARD_INPUT:
                self._parts.append(list(self._new(self._of_argument(argument))))
            elif None not in self._parts:
                self._parts.append(None)
        known = [part for part in self._parts if part is not None]
        self.total = sum(map(len, known)) if len(known) == len(self._parts) else None
        if self.total is not None:
            self._seen.clear()

    def __iter__(self) -> Iterator[AskedFile]:
        for part in self._parts:
            yield from self._new(self._on_stdin()) if part is None else part

    def _new(self, found: Iterable[AskedFile]) -> Iterator[AskedFile]:
        """Files that have not come out before, by whatever way to their folder.

        Links to one file under several names are several images.
        """
        for file in found:
            folder, name = os.path.split(file.path)
            place = os.path.join(os.path.realpath(folder), name)
            if place not in self._seen:
                self._seen.add(place)
                yield file

    def _on_stdin(self) -> Iterator[AskedFile]:
        path = None
        for path in records(self._stdin) if self._stdin else ():
            yield from self._of_path(path)
        if path is None:
            yield AskedFile(STANDARD_INPUT, "there are no paths on standard input")

    def _of_argument(self, argument: str) -> Iterator[AskedFile]:
        if glob.has_magic(argument) and not os.path.lexists(argument):
            yield from self._of_pattern(argument)
        else:
            yield from self._of_path(argument)

    def _of_path(self, path: str) -> Iterator[AskedFile]:
        if os.path.isdir(path):
            yield from self._of_folder(path)
        else:  # of a file that is missing or damaged, the reader tells it
            yield AskedFile(path, RAW_REASON if is_raw(path) else "")

    def _of_folder(self, folder: str) -> Iterator[AskedFile]:
        try:
            tree = walk(Path(folder))
        except InputError as error:
            yield AskedFile(folder, error.what)
            return
        problems = {name: reason_if_image(os.path.join(folder, name)) for name in tree.others}
        problems = {name: reason for name, reason in problems.items() if reason}
        plain = len(tree.others) - len(problems)
        self.others += plain
        problems |= tree.unreadable
        for name in sorted([*tree.images, *problems]):
            yield AskedFile(str(Path(folder, name)), problems.get(name, ""))
        if not tree.images and not problems:
            yield AskedFile(folder, f"holds no images{_and_others(plain)}")

    def _of_pattern(self, pattern: str) -> Iterator[AskedFile]:
        before, any_image = self.others, False
        for path in _topmost(sorted(matches(pattern))):
            for file in self._matching(path):
                any_image = True
                yield file
        if not any_image:
            told = _and_others(self.others - before)
            yield AskedFile(pattern, f"there are no images of this pattern{told}")

    def _matching(self, path: str) -> Iterator[AskedFile]:
        """Files that a path stands for which a pattern has found."""
        if os.path.isdir(path):
            yield from self._of_folder(path)
        elif is_read_in_folders(path):
            yield from self._of_path(path)
        elif reason := reason_if_image(path):
            yield AskedFile(path, reason)
        else:
            self.others += 1


def records(stream: BufferedReader) -> Iterator[str]:
    """Paths in a stream, as they arrive: separated by NUL if the first block has one, else lines.

    Raises:
        InputError: the stream holds no paths.
    """
    rest = separator = b""
    while block := stream.read1(_BLOCK):
        rest += block
        if not separator:
            separator = next((mark for mark in (b"\0", b"\n") if mark in rest), b"")
        if separator:
            *complete, rest = rest.split(separator)
            yield from filter(None, map(_path, complete))
        if len(rest) > _LONGEST_PATH:
            raise InputError(
                "Standard input is no list of paths.",
                "`-` takes one path per line, or NUL after each: find . -print0 | strata predict "
                "METHOD -",
            )
    if path := _path(rest):
        yield path


def _path(record: bytes) -> str:
    return os.fsdecode(record.removesuffix(b"\r"))


def _topmost(paths: Iterable[str]) -> Iterator[str]:
    """Paths without those inside a folder that is among them; sorted, as they are given."""
    folders: set[Path] = set()
    for name in paths:
        path = Path(name)
        if folders.isdisjoint(path.parents):
            if os.path.isdir(name):
                folders.add(path)
            yield name


def _and_others(count: int) -> str:
    return f" ({counted(count, 'other file')})" if count else ""
