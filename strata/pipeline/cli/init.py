"""`strata init`: write an experiment file to start from."""

from collections import Counter
from pathlib import Path

from strata.errors import InputError
from strata.pipeline.data.layout import read_class_folders, walk
from strata.pipeline.experiment.dataset import SCENES

FOLDS = 8
#: Fraction of test images where the data brings no split.
TEST_FRACTION = 0.3

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
        from strata.download.url import request_url

        request_url(images)  # refuse a malformed one
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
    """Choose the number of folds: up to `FOLDS`, at most the images of the smallest class.

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
    part = 0 if any(file.split for file in files) else TEST_FRACTION
    counts = Counter(file.label for file in files if file.split != "test")
    left = {name: n - (max(1, round(part * n)) if part else 0) for name, n in counts.items()}
    thin = [f"'{name}' ({counts[name]})" for name in sorted(left) if left[name] < 2]
    refused = (
        f"Too few images for two folds, which `make` refuses: {', '.join(thin)}. "
        "Add images, or remove the folders."
    )
    return max(2, min(FOLDS, *left.values())), refused if thin else ""


def _place(source: Path, folder: Path) -> str:
    """Relative path of images below the experiment file's folder (both can move), else absolute."""
    if source == folder or not source.is_relative_to(folder):
        return str(source)
    relative = source.relative_to(folder).as_posix()
    return (
        f"./{relative}" if relative == SCENES else relative
    )  # the bare word names the built-in data set
