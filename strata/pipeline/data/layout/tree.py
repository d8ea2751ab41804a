"""Contents of a folder, recursively, without what systems and this program leave there."""

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from strata.errors import InputError
from strata.image_io import SUFFIXES
from strata.pipeline.data.layout.names import normalized_name
from strata.pipeline.data.layout.signatures import is_image
from strata.text import utf8

#: Folders and files that operating systems, network drives and viewers leave behind, in lower case.
_SYSTEM = frozenset(
    (
        *("__macosx", "icon\r", "temporary items", "network trash folder"),  # macOS
        *("thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "recycler"),  # Windows
        *("system volume information", "found.000"),
        *("lost+found", "lost.dir"),  # Linux, Android
        *("@eadir", "#recycle", "#snapshot", "@tmp", "@recycle", "@recently-snapshot"),  # NAS
        *("@__thumb", "thumbs", "thumbnails", "_thumbs", "_thumbnails", "albumthumbs"),
        *("picasa.ini", "_vti_cnf", "__pycache__"),
    )
)
#: Names of files that this program writes beside the images.
_OWN_FILES = frozenset(("strata.toml",))

#: Number of folders inside one another.
MAX_DEPTH = 200
#: Number of ways, through links, by which one folder may be reached.
MAX_WAYS = 100


@dataclass(frozen=True, slots=True)
class SourceFile:
    """An image before it is read.

    Attributes:
        id: posix path relative to the root; bytes that are not UTF-8 become backslash escapes.
        path: the file.
        label: class name.
        split: "train" or "test"; None where the data brings no split.
    """

    id: str
    path: Path
    label: str
    split: str | None


def source_file(root: Path, relative: str, label: str, split: str | None) -> SourceFile:
    """Build the `SourceFile` of an image at a path relative to the root."""
    return SourceFile(utf8(relative), root / relative, normalized_name(label), split)


@dataclass
class Tree:
    """Contents of a folder, recursively.

    Attributes:
        images: relative paths of files with an image suffix, or without any suffix but with the
            content of an image.
        others: relative paths of all other files.
        folders: relative paths of the folders.
        system: relative paths of folders left behind by operating systems, which are not entered.
        unreadable: relative path -> reason, of folders that cannot be listed, and of pipes and
            devices named like images.
    """

    images: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    system: list[str] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)


def walk(root: Path) -> Tree:
    """List a folder recursively, sorted by name; links are followed, but not in cycles.

    Hidden files, folders of operating systems, and stores and reports of this program are left out.

    Raises:
        InputError: the folder itself cannot be listed, or folders are nested too deeply or linked
            too often.
    """
    return _Walk(root).tree


class _Walk:
    """Traversal that collects a `Tree`."""

    def __init__(self, root: Path) -> None:
        self.tree = Tree()
        self._ways: Counter[tuple[int, int]] = Counter()
        self._visit(str(root), "", ())

    def _visit(self, folder: str, prefix: str, above: tuple[tuple[int, int], ...]) -> bool:
        """List one folder; True if it is a report or a store, or holds nothing else."""
        try:
            stat = os.stat(folder)
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            if not prefix:
                raise InputError(
                    f"The folder {folder} cannot be listed: {error.strerror}."
                ) from error
            reason = f"a folder that cannot be listed ({error.strerror})"
            self.tree.unreadable[self.tree.folders.pop()] = reason
            return False
        place = (stat.st_dev, stat.st_ino)
        if place in above:
            return False
        if above and _is_own({entry.name for entry in entries}):
            return True
        self._check_limits(folder, place, len(above))
        own = []
        for entry in entries:
            relative = prefix + entry.name
            if is_junk(entry.name):
                if not entry.name.startswith(".") and _is_folder(entry):
                    self.tree.system.append(relative)
            elif _is_folder(entry):
                self.tree.folders.append(relative)
                own.append(self._visit(entry.path, relative + "/", (*above, place)))
                if own[-1]:
                    self.tree.folders.pop()
            else:
                own.append(False)
                self._add_file(entry, relative)
        return bool(own) and all(own)

    def _add_file(self, entry: "os.DirEntry[str]", relative: str) -> None:
        if _is_image(entry):
            self.tree.images.append(relative)
        elif os.path.splitext(entry.name)[1].lower() in SUFFIXES:
            self.tree.unreadable[relative] = "a pipe or a device, not a file"
        else:
            self.tree.others.append(relative)

    def _check_limits(self, folder: str, place: tuple[int, int], depth: int) -> None:
        self._ways[place] += 1
        if depth > MAX_DEPTH:
            raise InputError(
                f"Folders are nested more than {MAX_DEPTH} deep: {folder[:200]}...",
                "Move the images up, or give a folder further down.",
            )
        if self._ways[place] > MAX_WAYS:
            raise InputError(
                f"Links lead to the folder {folder} in more than {MAX_WAYS} ways.",
                "Remove links between the folders.",
            )


def is_junk(name: str) -> bool:
    """Test whether a name is hidden, left behind by systems, or this program's experiment file."""
    return name.startswith(".") or name.lower() in _SYSTEM or name in _OWN_FILES


def _is_own(names: set[str]) -> bool:
    """Test whether a folder with these entries is a report, its figures, or an artifact store."""
    stems = [{n[:-4] for n in names if n.endswith(suffix)} for suffix in (".svg", ".pdf")]
    return (
        names >= {"report.html", "results.json"}
        or names >= {"artifacts", "format", "locks"}
        or (stems[0] == stems[1] and len(stems[0]) * 2 == len(names) > 0)
    )


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _is_image(entry: "os.DirEntry[str]") -> bool:
    """Test for an image suffix or, where there is no suffix, for the content of an image.

    No pipe, socket or device is an image: opening it could block. A link that leads nowhere or to
    itself is; reading it reports the error.
    """
    suffix = os.path.splitext(entry.name)[1].lower()
    if suffix and suffix not in SUFFIXES:
        return False
    try:
        regular = entry.is_file()
    except OSError:
        regular = False
    if suffix:
        return regular or not os.path.exists(entry.path)
    return regular and is_image(entry.path)
