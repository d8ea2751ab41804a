"""The exhibits of one method: made from what lies in the store, once, and kept there."""

import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from strata.files import write_atomic
from strata.pipeline.experiment.compose import Target
from strata.pipeline.experiment.dataset import Dataset
from strata.pipeline.graph.code_digest import code_digests
from strata.pipeline.graph.inputs import Fold
from strata.pipeline.graph.stage import Node
from strata.pipeline.reporting.costs import prediction_path
from strata.pipeline.store.hashing import content_key
from strata.pipeline.store.store import Store

if TYPE_CHECKING:
    from strata.reports.model.scores import Scores
    from strata.reports.model.visualizations import Visualization

#: Methods whose exhibits are kept beside the store, less than a megabyte each.
KEPT = 200

#: Exhibits, and a finding for the report's checks where they could not be made.
Found = tuple[list["Visualization"], list[dict[str, Any]]]


def exhibits(target: Target, dataset: Dataset, store: Store, scores: "Scores | None") -> Found:
    """Pictures of what a method has learned; never an error.

    A method made of other methods shows nothing of its own: its parts do.

    Args:
        scores: of held-out images, for those that show what the method does with them.
    """
    code = code_digests(__name__, look.__name__)
    path = store.data / "exhibits" / f"{content_key(target.node.key, code)}.pickle"
    try:
        kept = _kept(path)
        if kept is None:
            kept = look(target, dataset, store, scores)
            _keep(path, kept)
        return kept, []
    except Exception as error:  # pictures are a bonus: the page comes first
        return [], [_could_not(error)]


def _kept(path: Path) -> "list[Visualization] | None":
    try:
        found = pickle.loads(path.read_bytes())
        path.touch()
        return found
    except Exception:  # absent, or of other code: made again
        return None


def _keep(path: Path, made: "list[Visualization]") -> None:
    """Of many, those that were not asked for the longest go."""
    path.parent.mkdir(exist_ok=True)
    write_atomic(path, pickle.dumps(made))
    oldest_first = sorted(path.parent.glob("*.pickle"), key=lambda p: p.stat().st_mtime)
    for old in oldest_first[:-KEPT]:
        old.unlink(missing_ok=True)


def look(
    target: Target, dataset: Dataset, store: Store, scores: "Scores | None"
) -> "list[Visualization]":
    """Codebooks, pyramid cells and networks of a method, as far as they are in the store.

    Raises:
        LookupError: what they are made from is no longer in the store.
    """
    from strata.pipeline.visualize.codebook import codebook
    from strata.pipeline.visualize.network import filters, heat_maps
    from strata.pipeline.visualize.pyramid_cells import cells

    fold, fitted = _model(target, store)
    artifacts = [(node, store.read(node.key)) for node in fitted]
    classifiers = [(n, a["classifier"]) for n, a in artifacts if "classifier" in a]
    if len(classifiers) != 1:
        return []
    found = []
    for node, artifact in artifacts:
        for name in {"codebook", "encoder"} & set(artifact):
            found.append(codebook(node, artifact[name], fold, dataset, store))
    (node, classifier), *_ = classifiers
    found.append(cells(node, classifier, fold, store))
    if hasattr(classifier, "network"):
        found.append(filters(classifier))
        if scores is not None:
            found.append(heat_maps(target, dataset, store, scores))
    return [exhibit for exhibit in found if exhibit and exhibit.rows]


def _model(target: Target, store: Store) -> tuple[Fold, list[Node]]:
    """The last fold of which everything fitted is there (the final one, if there is one)."""
    for fold, scores in reversed(target.folds):
        _, fitted = prediction_path(scores)
        if all(store.state(node.key) == "present" for node in fitted):
            return fold, fitted
    raise LookupError("what was fitted is no longer in the store; `strata make -B` makes it again")


def _could_not(error: Exception) -> dict[str, Any]:
    absent = isinstance(error, LookupError)
    return {
        "code": "L01",
        "severity": "not applicable" if absent else "could not run",
        "title": "Pictures of what was learned",
        "sentence": str(error.args[0]) if absent else f"{type(error).__name__}: {error}",
        "why": "They show whether a method looks at what it should.",
        "remedy": "",
    }
