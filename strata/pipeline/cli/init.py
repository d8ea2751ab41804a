"""`strata init`: write an experiment file to start from."""

from pathlib import Path

from strata.errors import InputError
from strata.pipeline.data.fold_limits import TEST_FRACTION, limits_of_files
from strata.pipeline.data.layout import read_class_folders, walk
from strata.pipeline.experiment.dataset import SCENES

FOLDS = 8

TEMPLATE = """\
# What `strata make` compares. docs/experiment-file.md explains every key;
# `strata list --recipes` prints all recipes with their parameters and defaults.

[data]
source = {source}

[protocol]
folds = {folds}        # of cross-validation; stratified, duplicates stay in one fold
repeats = 1      # repetitions of the cross-validation; more narrow the intervals
seed = 0         # of all random choices
test = {test}       # fraction of test images, where the data brings no split

# A bag of visual words, Fisher vectors, a small network from scratch.
[methods.bovw]

[methods.fisher]

[methods.tinynet]
"""


def init(images: str, file: Path) -> int:
    """Write the experiment file; refuse to overwrite one."""
    source, folds = Path(images), FOLDS
    refused = ""
    if "://" not in images and images != SCENES and not source.exists():
        raise InputError(
            f"There is no folder or archive {images}.",
            f'Give an existing path or a URL, or "{SCENES}" for the built-in data set.',
        )
    if file.exists():
        raise InputError(f"{file} exists already.", "Name another file with -f.")
    if "://" not in images and images != SCENES:
        folds, refused = _folds(source)
        images = _place(source.absolute(), file.absolute().parent)
    quoted = '"' + images.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if "://" in images:
        quoted += '\nsha256 = ""      # checksum of the file at this URL, required'
    text = TEMPLATE.format(source=quoted, folds=folds, test=TEST_FRACTION)
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"{file} cannot be written: {error.strerror or error}.", "Name another file with -f."
        ) from None
    print(
        f"{file} is written; now run `strata make -f {file}`."
        if file.name != "strata.toml"
        else "strata.toml is written; now run `strata make`."
    )
    if refused:
        print(refused)
    return 0


def _folds(source: Path) -> tuple[int, str]:
    """Choose the number of folds: up to `FOLDS`, at most what the smallest class allows.

    Returns:
        The number of folds, at least 2; and a sentence on the reason why `make` will refuse the
        folder, "" if it will not.
    """
    if not source.is_dir():
        return FOLDS, ""
    try:
        files = read_class_folders(source, walk(source)).files
    except InputError as error:  # still usable: a CSV file may name the classes
        return FOLDS, f"As it is, `make` refuses it: {error}"
    limits = limits_of_files(files)
    refused = f"{limits.problem(2)}, which `make` refuses. {limits.remedy(2)}"
    return max(2, min(FOLDS, limits.most)), refused if limits.too_few(2) else ""


def _place(source: Path, folder: Path) -> str:
    """Relative path of images below the experiment file's folder (both can move), else absolute."""
    if source == folder or not source.is_relative_to(folder):
        return str(source)
    relative = source.relative_to(folder).as_posix()
    return (
        f"./{relative}" if relative == SCENES else relative
    )  # the bare word names the built-in data set
