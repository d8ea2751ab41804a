"""`strata predict`: classify new images with a trained method."""

import hashlib
import json
import shlex
from pathlib import Path

from strata.errors import InputError
from strata.image_io import ImageError, read_image
from strata.pipeline.cli.results_path import RESULTS
from strata.pipeline.cli.table import print_table
from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.data.layout import printable, walk
from strata.pipeline.execution.executor import Run
from strata.pipeline.execution.plan import Plan
from strata.pipeline.execution.progress_bar import ProgressBar
from strata.pipeline.experiment.predict import as_subset, on_new_images
from strata.pipeline.experiment.undescribed import undescribed
from strata.pipeline.graph.inputs import cut_into_shards


def predict(workspace: Workspace, method: str, given: list[Path], as_json: bool) -> int:
    """Print class and probability of each image; exit code 2 if some images are unreadable.

    Of an image without descriptors no class is printed.
    """
    files = _files(given)
    wanted = workspace.chosen([method])
    if len(wanted) > 1:
        names = ", ".join(target.name for target in wanted)
        raise InputError(f"'{method}' has variants.", f"Name one of them: {names}.")
    target = wanted[0]
    if workspace.store.state(target.node.key) != "present":
        raise InputError(
            f"{target.name} is not up to date with the current images, parameters and code.",
            _remedy(workspace, target.name),
        )
    paths, broken = _readable(files)
    found, empty = {}, []
    if paths:
        digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
        shards = cut_into_shards(dict(zip(digests, paths, strict=True)))
        ids = [printable(str(path)) for path in paths]
        images = as_subset(ids, digests, workspace.dataset.classes)
        node = on_new_images(target, shards, images)
        with workspace.store.in_use():
            plan = Plan.of([node], workspace.store)
            with ProgressBar(
                workspace.progress_console, plan, workspace.store, workspace.jobs
            ) as p:
                outcome = Run(plan, workspace.store, p, jobs=workspace.jobs).execute(
                    keep_going=False
                )
            for error in outcome.errors.values():
                raise error
            found = _named(ids, workspace.store.read(node.key), workspace.dataset.classes)
            nothing = undescribed(node, workspace.store, digests)
            empty = [name for name, digest in zip(ids, digests, strict=True) if digest in nothing]
    _print(workspace, {n: s for n, s in found.items() if n not in empty}, empty, broken, as_json)
    return 2 if broken else 0


def _remedy(workspace: Workspace, method: str) -> str:
    """Hint for a method that is not up to date: other settings of the last report, or `make`."""
    hint = (
        f"Run {workspace.command('make', method)} first; "
        f"{workspace.command('why', method)} tells what changed."
    )
    last, now = _settings(_last_file(workspace)), _settings(workspace.experiment.text)
    if last == now:
        return hint
    given = " ".join(f"--set {shlex.quote(setting)}" for setting in last) or "no --set"
    return f"The last report was made with {given}: give the same here. Or else: {hint}"


def _last_file(workspace: Workspace) -> str:
    """Text of the experiment file that the last report was made of; the current one without any."""
    try:
        found = json.loads((workspace.out / RESULTS).read_bytes())["run"]["file_text"]
    except (OSError, ValueError, TypeError, KeyError):
        return workspace.experiment.text
    return found if isinstance(found, str) else workspace.experiment.text


def _settings(text: str) -> list[str]:
    mark = "# --set "
    return [line.removeprefix(mark) for line in text.splitlines() if line.startswith(mark)]


def _files(given: list[Path]) -> list[Path]:
    files: list[Path] = []
    for path in given:
        if path.is_dir():
            files += [path / name for name in sorted(walk(path).images)]
        elif path.exists():
            files.append(path)
        else:
            raise InputError(
                f"There is no image or folder {path}.", "Give the paths of existing images."
            )
    return files


def _readable(paths: list[Path]) -> tuple[list[Path], dict[str, str]]:
    good, broken = [], {}
    for path in paths:
        try:
            read_image(path)
            good.append(path)
        except ImageError as error:
            broken[printable(str(path))] = error.reason
    return good, broken


def _named(ids: list[str], scores: object, classes: tuple[str, ...]) -> dict[str, dict[str, float]]:
    """Return for each image the classes with their probabilities (or scores), best first."""
    values = scores["probabilities"] if "probabilities" in scores else scores["scores"]  # type: ignore[index, operator]
    return {
        name: {classes[i]: float(row[i]) for i in (-row).argsort()}
        for name, row in zip(ids, values, strict=True)
    }


def _print(
    workspace: Workspace,
    found: dict[str, dict[str, float]],
    empty: list[str],
    broken: dict[str, str],
    as_json: bool,
) -> None:
    """Print predictions, images without descriptors and unreadable ones, as a table or as JSON."""
    if as_json:
        told = {"predictions": found, "no_descriptors": empty, "broken": broken}
        print(json.dumps(told, indent=2))
        return
    rows = []
    for name, scores in found.items():
        (first, value), *rest = scores.items()
        second = f"{rest[0][0]} {rest[0][1]:.2f}" if rest else ""
        rows.append([name, first, f"{value:.2f}", second])
    if rows:
        print_table(workspace.console, ["image", "class", "score", "second"], rows, left=2)
    for name in empty:
        text = f"{name}: no descriptors (flat, or too small), so no class"
        workspace.console.print(text, style="yellow", highlight=False, markup=False)
    for name, reason in broken.items():
        workspace.console.print(f"{name}: {reason}", style="red", highlight=False, markup=False)
