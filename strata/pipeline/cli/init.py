"""`strata init`: write an experiment file to start from."""

import json
import os
import shlex
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from strata.errors import InputError
from strata.pipeline.cli.pretrained_method import pretrained_method
from strata.pipeline.data.fold_limits import TEST_FRACTION, limits_of_files
from strata.pipeline.data.layout import SourceFile, Tree, read_class_folders, walk
from strata.pipeline.data.layout.csv_matching import match_rows
from strata.pipeline.data.layout.names import counted, some
from strata.pipeline.data.layout.split_csv import prediction_tables, read_split, tables_beside
from strata.pipeline.experiment.file import read_experiment
from strata.pipeline.experiment.sources import SCENES
from strata.text import one_line, utf8

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
test = {test}       # {test_means}

# A bag of visual words, Fisher vectors, a small network from scratch.
[methods.bovw]

[methods.fisher]

[methods.tinynet]

# A pretrained network, frozen: its activations are features.
{pretrained}"""


@dataclass
class Found:
    """Images that `make` will find.

    Attributes:
        files: the images; None where they are not looked for (an archive, a URL).
        split: CSV file that names their classes, if that is needed.
        notes: sentences on files left out and on choices made.
        refused: reason why `make` will refuse them, "" if it will not.
    """

    files: list[SourceFile] | None = None
    split: Path | None = None
    notes: list[str] = field(default_factory=list)
    refused: str = ""

    @property
    def has_split(self) -> bool:
        """True if the data brings a split."""
        return any(file.split for file in self.files or [])


def init(images: str, file: Path) -> int:
    """Write the experiment file; refuse to overwrite one."""
    source, found, folds = Path(images), Found(), FOLDS
    local = "://" not in images and images != SCENES
    if local and not source.exists():
        raise InputError(
            f"There is no folder or archive {images}.",
            f'Give an existing path or a URL, or "{SCENES}" for the built-in data set.',
        )
    if file.exists():
        raise InputError(f"{file} exists already.", "Name another file with -f.")
    if local:
        found = _find(source)
        folds = _fit_folds(found)
        images = _place(source.absolute(), file.absolute().parent)
    quoted = _toml(images)
    if "://" in images:
        from strata.download.url import request_url

        request_url(images)  # refuse a malformed one
        quoted += '\nsha256 = ""      # checksum of the file at this URL, required'
    if found.split:
        split = _place(found.split.absolute(), file.absolute().parent)
        quoted += f"\nsplit = {_toml(split)}"
    means = "not used: the data brings its split" if found.has_split else "fraction of test images"
    text = TEMPLATE.format(
        source=quoted,
        folds=folds,
        test=TEST_FRACTION,
        test_means=means,
        pretrained=pretrained_method(),
    )
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"{file} cannot be written: {error.strerror or error}.", "Name another file with -f."
        ) from None
    for line in _told(utf8(str(source)), found):
        print(one_line(line))
    print(
        f"{file} is written; now run `strata make -f {shlex.quote(str(file))}`."
        if file.name != "strata.toml"
        else "strata.toml is written; now run `strata make`."
    )
    if found.refused:
        print(found.refused)
    elif found.files:
        print(_expected(file, found.files))
    return 0


def _expected(file: Path, files: list[SourceFile]) -> str:
    """Sentence on how long `make` will take."""
    from strata.pipeline.cli.expected_duration import expected_seconds
    from strata.pipeline.execution.eta import rounded_duration
    from strata.pipeline.workspace.workspace import cores

    jobs = cores()
    seconds = expected_seconds(read_experiment(file, []), files, jobs)
    rounded = rounded_duration(seconds if seconds < 60 else 60 * round(seconds / 60))
    return (
        f"That will take about {rounded} on {counted(jobs, 'core')}; `strata status` tells it of "
        "each method."
    )


def _find(source: Path) -> Found:
    """Find the images as `make` will, or by a CSV file of labels that lies there."""
    if not source.is_dir():
        return Found()
    try:
        tree = walk(source)
    except InputError as error:
        return Found(refused=f"As it is, `make` refuses it: {error}")
    try:
        read = read_class_folders(source, tree)
        found = Found(read.files, notes=read.notes)
    except InputError as error:
        return _find_by_table(source, tree, f"As it is, `make` refuses it: {error}")
    return found


def _fit_folds(found: Found) -> int:
    """Choose the number of folds: up to `FOLDS`, from 2 to what the smallest class allows.

    Sets `found.refused` where two folds are too many for a class.
    """
    if not found.files:
        return FOLDS
    limits = limits_of_files(found.files)
    if limits.too_few(2) and not found.refused:
        found.refused = f"{limits.problem(2)}, which `make` refuses. {limits.remedy(2)}"
    return max(2, min(FOLDS, limits.most))


def _find_by_table(source: Path, tree: Tree, refused: str) -> Found:
    """Find the images by the first CSV file of labels that can be read.

    Args:
        source: the folder.
        tree: its contents.
        refused: reason why `make` refuses the folder without such a file.
    """
    for name in prediction_tables(source, tree.others):
        refused += f"\n{name} holds predictions of `strata predict`, and no labels."
    for name in tables_beside(source, tree):
        try:
            matched = match_rows(source, tree, read_split(source / name), name=name)
        except InputError as error:
            refused += f"\n{name} cannot be used as it is: {error}"
            continue
        missing = (
            f"{counted(len(matched.missing), 'image')} of {name} not found, which `make` refuses: "
            f"{some(matched.missing)}. allow_missing = true under [data] goes on without them."
            if matched.missing
            else ""
        )
        notes = [f"{name} names the classes: it is the split file", *matched.notes]
        return Found(matched.files, Path(os.path.normpath(source / name)), notes, missing)
    return Found(refused=refused)


def _told(place: str, found: Found) -> Iterator[str]:
    """Yield sentences on the images, and on what is doubtful about their classes."""
    from strata.pipeline.data.layout_checks import doubtful_classes

    if found.files is None:
        if not found.refused and place != SCENES:
            yield f"{place} is not opened yet: `strata data audit` counts its images."
        return
    classes = Counter(file.label for file in found.files)
    sizes = some([f"{name} {count:,}" for name, count in sorted(classes.items())])
    parts = Counter(file.split for file in found.files)
    split = (
        f"{parts['train']:,} for training and {parts['test']:,} for the test, by the data's split"
        if found.has_split
        else f"no split, so {100 * TEST_FRACTION:.0f} % are kept for the test"
    )
    yield (
        f"{place}: {counted(len(found.files), 'image')} in {len(classes)} classes ({sizes}); "
        f"{split}."
    )
    for note in found.notes:
        yield f"note: {note}"
    for finding in doubtful_classes(found.files):
        yield f"{finding.severity}: {finding.title}. {finding.why} {finding.remedy}"


def _place(source: Path, folder: Path) -> str:
    """Relative path of images at or below the experiment file's folder (both can move).

    The absolute path of images elsewhere.

    Raises:
        InputError: the path is not UTF-8, so that no TOML file can hold it.
    """
    place = str(source)
    if source.is_relative_to(folder):
        place = source.relative_to(folder).as_posix()
        place = f"./{place}" if place == SCENES else place  # the bare word is the built-in data set
    if place != utf8(place):
        raise InputError(
            f"The path {utf8(place)} is not UTF-8, as a TOML file must be.",
            "Rename the folder, or run `strata init .` in it.",
        )
    return place


def _toml(text: str) -> str:
    """Text as a TOML string, control characters escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
