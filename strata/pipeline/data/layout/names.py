"""Names of files, classes and splits: as valid text, and as the field spells them."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Literal, NamedTuple

from strata.text import utf8

Kind = Literal["train", "validation", "test"]

#: Kind of split for each word that names one, in folder names and in CSV files.
SPLIT_WORDS: dict[str, Kind] = {
    **dict.fromkeys(("train", "training", "trainset", "trainval"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "valset", "dev", "devset"), "validation"),
    **dict.fromkeys(("test", "testing", "testset", "eval", "evaluation"), "test"),
}
#: Words beside the split's that tell nothing: "test_images" is the test folder of "train".
_FILLERS = frozenset(
    ("set", "data", "dataset", "image", "images", "img", "imgs", "folder", "split")
)
_WORD = re.compile("[A-Z]?[a-z]+|[A-Z]+")


class SplitName(NamedTuple):
    """Folder name with a split in it: "seg_train" is the kind "train" of the stem ("seg",)."""

    kind: Kind
    stem: tuple[str, ...]


def split_name(name: str) -> SplitName | None:
    """Read a folder's name as that of a split: train, seg_train, TestSet, val2, training_set.

    None if it has no word of a split, or several.
    """
    words = [word.lower() for word in _WORD.findall(name)]
    kinds = [SPLIT_WORDS[word] for word in words if word in SPLIT_WORDS]
    if len(kinds) != 1:
        return None
    rest = (word for word in words if word not in SPLIT_WORDS and word not in _FILLERS)
    return SplitName(kinds[0], tuple(rest))


def is_filler(name: str) -> bool:
    """Test whether a folder's name tells no class: images, test, unknown, unlabeled, all."""
    words = {word.lower() for word in _WORD.findall(name)}
    known = {*SPLIT_WORDS, *_FILLERS, "unknown", "all", "jpg", "png"}
    return all(word in known or word.startswith("unlabel") for word in words)


def normalized_name(name: str) -> str:
    """Normalize a name to Unicode NFC (macOS decomposes umlauts into two code points)."""
    return name if name.isascii() else unicodedata.normalize("NFC", utf8(name))


def spelling(name: str) -> str:
    """Reduce a class name to what is left without case, spaces, and Unicode variants."""
    text = unicodedata.normalize("NFKC", name).casefold()
    visible = "".join(c for c in text if unicodedata.category(c) != "Cf")
    return " ".join(visible.replace("_", " ").split())


def counted(number: int, what: str) -> str:
    """Return a number with its noun: "1 image", "2 images"."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def some(names: Sequence[str], most: int = 5) -> str:
    """Enumerate the first few names and count the others."""
    shown = ", ".join(utf8(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
