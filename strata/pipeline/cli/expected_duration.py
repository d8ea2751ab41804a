"""Expected duration of a first `strata make`, from the list of images alone: none is opened."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from strata.pipeline.data.fold_limits import Labeled
from strata.pipeline.data.manifest import ImageRecord, Manifest
from strata.pipeline.execution.rates import RATES, Estimates
from strata.pipeline.experiment.compose import compose
from strata.pipeline.experiment.dataset import Dataset
from strata.pipeline.experiment.file import Experiment
from strata.pipeline.experiment.further_images import FurtherImages
from strata.pipeline.experiment.resolve import resolve
from strata.pipeline.experiment.sources import SourceReader
from strata.pipeline.experiment.splits import SplitAssignment, draw_splits
from strata.pipeline.graph.topological_order import topological_order
from strata.pipeline.store.store import Store

#: Images that are composed, at most: the work is proportional to their number.
_MOST = 3000


def expected_seconds(experiment: Experiment, files: Sequence[Labeled], jobs: int) -> float:
    """Seconds that making all methods will take, by the rates that `strata status` uses.

    Copies among the images count as different ones.

    Args:
        experiment: without searches.
        files: the images, as they are listed.
        jobs: number of worker processes.

    Raises:
        InputError: a class has too few images for the folds.
    """
    some = _thinned(files, experiment.protocol["folds"])
    records = tuple(_record(file) for file in some)
    names = ("folds", "repeats", "new_folds", "seed", "test")
    settings = {name: experiment.protocol[name] for name in names}
    drawn = draw_splits(records, near_duplicates=False, **settings)
    assignment = SplitAssignment("", drawn["test"], drawn["folds"], drawn["groups"])
    manifest = Manifest(Path(), records)
    store = Store(experiment.folder / ".strata")
    further = FurtherImages(SourceReader(experiment, store, 1, lambda *_: None), manifest)
    dataset = Dataset(manifest, assignment, experiment.protocol, further)
    targets = compose(resolve(experiment), dataset, store)
    nodes = topological_order([target.node for target in targets])
    seconds = Estimates(store.root / RATES).total(nodes).seconds
    return seconds / jobs * len(files) / len(some)


def _thinned(files: Sequence[Labeled], folds: int) -> list[Labeled]:
    """Evenly spaced images of each class and split, about `_MOST` in all, enough for the folds."""
    groups: dict[tuple[str, str | None], list[Labeled]] = defaultdict(list)
    for file in files:
        groups[file.label, file.split].append(file)
    found = []
    for group in groups.values():
        kept = min(len(group), max(len(group) * _MOST // len(files), 2 * folds + 2))
        found += [group[number * len(group) // kept] for number in range(kept)]
    return sorted(found, key=lambda file: file.id)


def _record(file: Labeled) -> ImageRecord:
    """Record of an image that nobody has opened: its name stands for its content."""
    digest = hashlib.sha256(file.id.encode()).hexdigest()
    return ImageRecord(file.id, file.path, file.label, file.split, 1, 1, 1, 1, digest, 0)
