"""`strata predict`: classify new images with a trained method."""

import hashlib
import json
from pathlib import Path

from strata.errors import InputError
from strata.image_io import ImageError, read_image
from strata.pipeline.cli.table import print_table
from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.data.layout import printable, walk
from strata.pipeline.execution.executor import Run
from strata.pipeline.execution.plan import Plan
from strata.pipeline.execution.progress_bar import ProgressBar
from strata.pipeline.experiment.predict import as_subset, on_new_images
from strata.pipeline.graph.inputs import cut_into_shards


def predict(workspace: Workspace, method: str, given: list[Path], as_json: bool) -> int:
    """Print class and probability of each image; exit code 2 if some images are unreadable."""
    files = _files(given)
    wanted = workspace.chosen([method])
    if len(wanted) > 1:
        names = ", ".join(target.name for target in wanted)
        raise InputError(f"'{method}' has variants.", f"Name one of them: {names}.")
    target = wanted[0]
    if workspace.store.state(target.node.key) != "present":
        raise InputError(
            f"{target.name} is not up to date with the current images, parameters and code.",
            f"Run `strata make '{method}'` first; `strata why '{method}'` tells what changed.",
        )
    paths, broken = _readable(files)
    found = {}
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
    _print(workspace, found, broken, as_json)
    return 2 if broken else 0


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
    broken: dict[str, str],
    as_json: bool,
) -> None:
    """Print predictions and unreadable images as a table or as JSON."""
    if as_json:
        print(json.dumps({"predictions": found, "broken": broken}, indent=2))
        return
    rows = []
    for name, scores in found.items():
        (first, value), *rest = scores.items()
        second = f"{rest[0][0]} {rest[0][1]:.2f}" if rest else ""
        rows.append([name, first, f"{value:.2f}", second])
    if rows:
        print_table(workspace.console, ["image", "class", "score", "second"], rows, left=2)
    for name, reason in broken.items():
        workspace.console.print(f"{name}: {reason}", style="red", highlight=False, markup=False)
