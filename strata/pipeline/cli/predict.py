"""`strata predict`: classify new images with a trained method."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from strata.errors import InputError
from strata.image_io import ImageError, Range, decode, full_range, read_content
from strata.pipeline.cli.terminal.table import print_table
from strata.pipeline.cli.trained.target import trained_target
from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.data.layout import walk
from strata.pipeline.execution.executor import Run
from strata.pipeline.execution.plan import Plan
from strata.pipeline.execution.progress_bar import ProgressBar
from strata.pipeline.experiment.predict import as_subset, on_new_images
from strata.pipeline.experiment.undescribed import undescribed
from strata.pipeline.graph.inputs import cut_into_shards
from strata.text import utf8

#: Levels, of 256, that the values of an image span at least, unless it is nearly flat.
FLAT = 8


def predict(workspace: Workspace, method: str, given: list[Path], as_json: bool) -> int:
    """Print class and probability of each image; exit code 2 if some images are unreadable.

    Of an image without descriptors no class is printed.
    """
    files = _files(given)
    target = trained_target(workspace, method)
    readable, flat, broken = _readable(files, workspace.dataset.manifest.value_ranges)
    found, empty = {}, []
    if readable:
        digests = [digest for digest, _ in readable.values()]
        shards = cut_into_shards(
            dict(zip(digests, readable, strict=True)), ranges=dict(readable.values())
        )
        ids = [utf8(str(path)) for path in readable]
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
    told = {n: s for n, s in found.items() if n not in empty}
    _print(workspace, told, empty, [n for n in flat if n in told], broken, as_json)
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


def _readable(
    paths: list[Path], ranges: Mapping[str, Range]
) -> tuple[dict[Path, tuple[str, Range | None]], list[str], dict[str, str]]:
    """Digest of each readable image, with the range of its values if the file does not state it.

    Args:
        paths: the images.
        ranges: of the data set's images, by kind; values of another kind have their own range.

    Returns:
        Those by path; names of the nearly flat ones; the reason of the failure of each other one.
    """
    good: dict[Path, tuple[str, Range | None]] = {}
    flat, broken = [], {}
    for path in paths:
        try:
            data = read_content(path)
            image, extent = decode(data, str(path))
        except ImageError as error:
            broken[utf8(str(path))] = error.reason
            continue
        value_range = ranges.get(extent.kind) or full_range([extent]) if extent else None
        good[path] = hashlib.sha256(data).hexdigest(), value_range
        if extent is None and (image.max(axis=(0, 1)) - image.min(axis=(0, 1))).max() < FLAT:
            flat.append(utf8(str(path)))
    return good, flat, broken


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
    flat: list[str],
    broken: dict[str, str],
    as_json: bool,
) -> None:
    """Print predictions, and flat, undescribed and unreadable images, as a table or as JSON."""
    if as_json:
        told = {"predictions": found, "no_descriptors": empty, "flat": flat, "broken": broken}
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
        workspace.console.print(text, style="yellow")
    for name in flat:
        text = f"{name}: nearly flat, so its class and score say little"
        workspace.console.print(text, style="yellow")
    for name, reason in broken.items():
        workspace.console.print(f"{name}: {reason}", style="red")
