"""Visualizations of one method, computed from its artifacts once and kept as an artifact."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from strata.pipeline.experiment.compose import Target
from strata.pipeline.experiment.dataset import Dataset
from strata.pipeline.graph.derived import Derived
from strata.pipeline.graph.inputs import Fold
from strata.pipeline.graph.prediction_path import prediction_path
from strata.pipeline.graph.stage import Node
from strata.pipeline.store.store import Store

if TYPE_CHECKING:
    from strata.reports.model.scores import Scores
    from strata.reports.model.visualizations import Visualization

#: Visualizations, and a finding for the report's checks where they could not be made.
VisualizationsAndFindings = tuple[list["Visualization"], list[dict[str, Any]]]


def visualizations(
    target: Target, dataset: Dataset, store: Store, scores: "Scores | None"
) -> VisualizationsAndFindings:
    """Visualizations of a method; an error becomes a finding and is never raised.

    A method composed of other methods has none of its own: they are those of its parts.

    Args:
        scores: of held-out images, for visualizations of predictions.
    """
    try:
        derived = derived_visualizations(target)
        made = derived.read(store, lambda: made_values(target, dataset, store, scores))
        return from_values(made), []
    except Exception as error:  # a failed visualization must not stop the report
        return [], [finding(error)]


def derived_visualizations(target: Target) -> Derived:
    """Artifact that keeps a method's visualizations."""
    return Derived("visualizations", (target.node.key,), (__name__, made_values.__name__))


def made_values(
    target: Target, dataset: Dataset, store: Store, scores: "Scores | None"
) -> dict[str, Any]:
    """Visualizations of a method as values of an artifact, see `make_visualizations`."""
    return to_values(make_visualizations(target, dataset, store, scores))


def to_values(made: "list[Visualization]") -> dict[str, Any]:
    """Visualizations as values of an artifact: plain texts, and one array per picture."""
    values: dict[str, Any] = {"visualizations": []}
    for visualization in made:
        rows = []
        for row in visualization.rows:
            panels = []
            for panel in row.panels:
                name = f"picture{len(values)}"
                values[name] = panel.picture
                texts = {"alt": panel.alt, "caption": panel.caption, "enlarged": panel.enlarged}
                panels.append({"picture": name, **texts})
            rows.append({"heading": row.heading, "note": row.note, "panels": panels})
        table = {"title": visualization.title, "note": visualization.note, "rows": rows}
        values["visualizations"].append(table)
    return values


def from_values(values: Mapping[str, Any]) -> "list[Visualization]":
    """Visualizations from the values of an artifact."""

    from strata.reports.model.visualizations import Panel, PanelRow, Visualization

    def panel(given: dict[str, Any]) -> Panel:
        return Panel(**{**given, "picture": np.asarray(values[given["picture"]])})

    def row(given: dict[str, Any]) -> PanelRow:
        return PanelRow(**{**given, "panels": [panel(p) for p in given["panels"]]})

    return [
        Visualization(**{**given, "rows": [row(r) for r in given["rows"]]})
        for given in values["visualizations"]
    ]


def make_visualizations(
    target: Target, dataset: Dataset, store: Store, scores: "Scores | None"
) -> "list[Visualization]":
    """Codebook, pyramid cells and network of a method, as far as their artifacts are in the store.

    Raises:
        LookupError: an artifact that they are computed from is no longer in the store.
    """
    from strata.pipeline.visualize.codebook import codebook
    from strata.pipeline.visualize.network import filters, heat_maps
    from strata.pipeline.visualize.pyramid_cells import pyramid_cells

    fold, fitted = _last_model(target, store)
    artifacts = [(node, store.read_fitted(node.key)) for node in fitted]
    classifiers = [(n, a["classifier"]) for n, a in artifacts if "classifier" in a]
    if len(classifiers) != 1:
        return []
    found = []
    for node, artifact in artifacts:
        for name in {"codebook", "encoder"} & set(artifact):
            found.append(codebook(node, artifact[name], fold, dataset, store))
    (node, classifier), *_ = classifiers
    if not hasattr(classifier, "network"):
        found.append(pyramid_cells(node, classifier, fold, store))
    else:
        found.append(filters(classifier))
        if scores is not None:
            found.append(heat_maps(target, dataset, store, scores))
    return [visualization for visualization in found if visualization and visualization.rows]


def _last_model(target: Target, store: Store) -> tuple[Fold, list[Node]]:
    """The last fold whose fitted nodes are all in the store, preferably the final fold."""
    for fold, scores in reversed(target.folds):
        _, fitted = prediction_path(scores)
        if all(store.state(node.key) == "present" for node in fitted):
            return fold, fitted
    raise LookupError(
        "the fitted model is no longer in the store; `strata make -B` computes it again"
    )


def finding(error: Exception) -> dict[str, Any]:
    """An error in making visualizations as a finding in the form of `DataSummary.findings`."""
    absent = isinstance(error, LookupError)
    return {
        "code": "L01",
        "severity": "not applicable" if absent else "could not run",
        "title": "Visualizations of the model",
        "sentence": str(error.args[0]) if absent else f"{type(error).__name__}: {error}",
        "why": "They show whether a method relies on plausible image regions.",
        "remedy": "",
    }
