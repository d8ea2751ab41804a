"""`strata init`: an experiment file to start from."""

from collections import Counter
from pathlib import Path

from strata.errors import InputError
from strata.pipeline.data.layout import classified, walk
from strata.pipeline.dataset import SCENES

FOLDS = 8
#: What the file sets aside for the test where the data brings no split.
TEST_PART = 0.3

TEMPLATE = """\
# What `strata make` compares. All keys: docs/experiment-file.md; all recipes with their
# parameters and defaults: `strata list --recipes`.

[data]
source = {source}

[protocol]
folds = {folds}        # stratified; copies of one picture stay together
repeats = 1      # more of them narrow the intervals
seed = 0         # feeds every random choice
test = {test}       # share kept for the final figure, where the data brings no split

[methods.bovw]

[methods.fisher]

[methods.tinynet]
"""


def init(images: str, file: Path) -> int:
    """Write the file, unless there is one."""
    source, folds = Path(images), FOLDS
    if "://" not in images and images != SCENES and not source.exists():
        raise InputError(f"There is no folder or archive {images}.")
    if file.exists():
        raise InputError(f"{file} exists already.", "Name another file with -f.")
    if "://" not in images and images != SCENES:
        folds = _folds(source)
        images = _place(source.absolute(), file.absolute().parent)
    quoted = '"' + images.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if "://" in images:
        quoted += '\nsha256 = ""      # of the file at this address: needed'
    text = TEMPLATE.format(source=quoted, folds=folds, test=TEST_PART)
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"{file} cannot be written: {error.strerror or error}.", "Name another file with -f."
        ) from None
    print(
        f"{file} is written; `strata make -f {file}` makes it."
        if file.name != "strata.toml"
        else "strata.toml is written; `strata make` makes it."
    )
    return 0


def _folds(source: Path) -> int:
    """As many as the smallest class has training images for, of a folder of class folders."""
    if not source.is_dir():
        return FOLDS
    try:
        files = classified(source, walk(source)).files
    except InputError:  # `make` and `data audit` say what is wrong, or a CSV file names classes
        return FOLDS
    split = any(file.split for file in files)
    fewest = min(Counter(file.label for file in files if file.split != "test").values())
    left = fewest if split else fewest - max(1, round(TEST_PART * fewest))
    return max(2, min(FOLDS, left))


def _place(source: Path, folder: Path) -> str:
    """Relative where the images lie below the experiment file's folder: both may then move."""
    if source == folder or not source.is_relative_to(folder):
        return str(source)
    relative = source.relative_to(folder).as_posix()
    return f"./{relative}" if relative == SCENES else relative  # the word names the embedded data
