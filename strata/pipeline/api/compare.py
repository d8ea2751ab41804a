"""`strata.compare`: a comparison of methods on images, from Python."""

import os
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from strata.errors import InputError, StrataError, naming
from strata.files import expand_user
from strata.pipeline.api.arguments import (
    checked_jobs,
    checked_methods,
    checked_path,
    checked_settings,
    plain,
)
from strata.pipeline.api.comparison_result import ComparisonResult
from strata.pipeline.data.source import check_there
from strata.pipeline.experiment.file import (
    MAX_NAME,
    Experiment,
    experiment_of,
    read_experiment,
)
from strata.pipeline.experiment.overrides import override
from strata.pipeline.experiment.sources import SCENES
from strata.pipeline.experiment.toml_text import TOMLError, as_toml, parse, toml_value
from strata.pipeline.workspace.make import check_names_of_backbones, make_targets
from strata.pipeline.workspace.remarks import remarks
from strata.pipeline.workspace.report import compared
from strata.pipeline.workspace.workspace import Workspace

PathLike = str | os.PathLike[str]
#: Names of methods, or a table of parameters for each name.
Methods = str | Sequence[str] | Mapping[str, Mapping[str, Any]]
#: Name of what stands for the experiment file, in errors and in the report.
NAME = "strata.compare"


def compare(
    images: PathLike | None = None,
    methods: Methods = (),
    *,
    folds: int | None = None,
    repeats: int | None = None,
    test: float | None = None,
    seed: int | None = None,
    settings: Mapping[str, Any] | None = None,
    experiment: PathLike | None = None,
    store: PathLike | None = None,
    out: PathLike | None = None,
    jobs: int | None = None,
    progress: bool = True,
) -> ComparisonResult:
    """Compare classifiers of images by cross-validation, and on test images.

    What has been made already is taken from the store, which is that of the command line: `strata
    make` on an equal experiment file makes the same artifacts. A method that fails, such as a
    training that diverges, does not stop the others: a warning names it, and so does the result.

    Args:
        images: a folder with one folder of images per class, or with train/ and test/ that hold
            such folders; an archive of it, or its URL; or "scenes", the built-in data set. As
            `source` under [data] in an experiment file.
        methods: names of recipes, or a table of parameters for each method, as [methods.NAME] in
            an experiment file: `{"small": {"recipe": "fisher", "mixture": {"n_components": 16}}}`.
            With `experiment`, names of its methods; empty: all of them.
        folds: number of folds of the cross-validation; 8 by default.
        repeats: repetitions of the cross-validation; 1 by default.
        test: fraction of test images, where the images bring no split; 0.3 by default.
        seed: of all random choices; 0 by default.
        settings: further keys of an experiment file by dotted name, as of `--set`:
            `{"data.split": "labels.csv", "protocol.train_per_class": 20}`.
        experiment: an experiment file to take images, methods and protocol from. The other
            arguments take the place of what it says.
        store: folder of the artifact store; by default .strata in the current folder, or beside
            `experiment`.
        out: a folder to write the report into; None writes none.
        jobs: number of worker processes; by default one for each core.
        progress: whether progress is shown, on stderr.

    Raises:
        InputError: images, methods or parameters that no comparison can have; nothing has run.
        StrataError: no method could be made.

    Examples:
        Two classifiers of GIST descriptors, on few small images:

        >>> import strata
        >>> gist = {"recipe": "gist", "descriptor": {"image_size": 32}}
        >>> result = strata.compare(
        ...     "scenes",
        ...     {
        ...         "neighbors": {**gist, "classifier": {"use": "knn", "n_neighbors": 1}},
        ...         "logistic": {**gist, "classifier": {"use": "logistic"}},
        ...     },
        ...     folds=2,
        ...     settings={"data.per_class": 4, "data.size": 32},
        ...     jobs=1,
        ... )
        >>> sorted(result.methods)
        ['logistic', 'neighbors']
        >>> result.best in result.methods
        True
        >>> model = result.model("logistic")
        >>> model.classes[:2]
        ('Opencountry', 'coast')
    """
    with naming(NAME):
        checked_path("images", images)
        checked_path("experiment", experiment)
        checked_path("store", store)
        checked_path("out", out)
        checked_methods(methods)
        checked_settings(settings)
        jobs = checked_jobs(jobs)
    protocol = {"folds": folds, "repeats": repeats, "test": test, "seed": seed}
    protocol = {key: plain(value) for key, value in protocol.items()}
    given = {f"protocol.{key}": value for key, value in protocol.items() if value is not None}
    given |= settings or {}
    with naming(NAME):
        if experiment is None:
            names, checked = [], _from_arguments(images, methods, given)
        else:
            names, checked = _names(methods), _from_file(Path(experiment), images, given)
    workspace = Workspace.of(checked, store=_path(store), jobs=jobs, quiet=not progress)
    workspace.altered |= experiment is None
    call = {"images": images, "methods": methods, **protocol, "settings": settings,
            "experiment": experiment}  # fmt: skip
    return _compare(workspace, names, _command(call), _path(out))


def _compare(
    workspace: Workspace, names: list[str], command: str, out: Path | None
) -> ComparisonResult:
    """Make the named methods of a workspace, or all."""
    begun = time.perf_counter()
    with workspace.store.in_use():
        workspace.store.sweep()
        wanted, plan = workspace.plan(names)
        check_names_of_backbones(workspace, wanted, plan)
        workspace.note_needed()
        notes = remarks(workspace.dataset)
        for note in notes if plan.needed else ():
            workspace.progress_console.print(note)
        outcome = make_targets(workspace, names, keep_going=True)
        workspace.note_made()
        seconds = time.perf_counter() - begun
        found = compared(workspace, outcome, names, command=command, seconds=seconds)
    result = ComparisonResult(workspace, found, notes)
    if len(result.errors) == len(found.methods):
        raise next(iter(outcome.errors.values()), StrataError("No method has results."))
    for name, error in result.errors.items():
        warnings.warn(f"{name} failed: {error}", RuntimeWarning, stacklevel=3)
    if out is not None:
        result.report(out)
    return result


def _from_arguments(
    images: PathLike | None, methods: Methods, settings: Mapping[str, Any]
) -> Experiment:
    """Experiment of the arguments, as of a file in the current folder."""
    if images is None:
        raise InputError(
            "It needs images: a folder, an archive or its URL.",
            f'"{SCENES}" is the built-in data set; experiment="strata.toml" names a file.',
        )
    source = _source(images)
    if source != SCENES and "://" not in source:
        check_there(source)
    if not methods:
        raise InputError("It needs methods.", 'For example methods=["fisher", "tinynet"].')
    given = methods if isinstance(methods, Mapping) else {name: {} for name in _names(methods)}
    try:
        tables = parse(
            as_toml({"name": _name(source), "data": {"source": source}, "methods": given})
        )
    except TOMLError as error:
        raise InputError(f"Its arguments are as in an experiment file, but: {error}.") from None
    for key, value in settings.items():
        override(tables, _setting(key, value))
    return experiment_of(Path.cwd() / NAME, tables)


def _from_file(file: Path, images: PathLike | None, settings: Mapping[str, Any]) -> Experiment:
    """Experiment of a file; other images and settings take the place of what it says."""
    changed = dict(settings) if images is None else {"data.source": _source(images), **settings}
    return read_experiment(
        expand_user(file), [_setting(key, value) for key, value in changed.items()]
    )


def _names(methods: Methods) -> list[str]:
    return [methods] if isinstance(methods, str) else list(methods)


def _source(images: PathLike) -> str:
    """Value of `source`: a path object is never the bare word that stands for the built-in set."""
    return images if isinstance(images, str) else os.path.abspath(os.fspath(images))


def _name(source: str) -> str:
    """Name of the images, for the report."""
    name = (
        source.rpartition("/")[2] if "://" in source else os.path.basename(os.path.abspath(source))
    )
    return name if name.isprintable() and 0 < len(name.encode()) <= MAX_NAME else "comparison"


def _setting(key: str, value: Any) -> str:
    """A setting as `--set` takes it."""
    try:
        return f"{key}={toml_value(value)}"
    except TOMLError as error:
        raise InputError(f"{key}: {error}.") from None


def _path(given: PathLike | None) -> Path | None:
    return None if given is None else expand_user(given)


def _command(arguments: Mapping[str, Any]) -> str:
    """Text of a call, without the arguments that were left out."""
    given = {
        k: os.fspath(v) if isinstance(v, os.PathLike) else v
        for k, v in arguments.items()
        if v is not None and (k != "methods" or v)
    }
    return f"{NAME}({', '.join(f'{k}={v!r}' for k, v in given.items())})"
