"""Parts of a method's section about its network: training, diagnostics and layers."""

from typing import Any

from strata.reports.exports.layer_table import layer_cells, layer_columns, layer_sums
from strata.reports.exports.pretrained_text import pretrained_facts
from strata.reports.formatting import decimal, listing, number_of, parameter
from strata.reports.model.results import LayerRow, MethodResult, Watched
from strata.reports.page.network_diagnostics import diagnostics_drawings, pretraining_drawing
from strata.reports.page.plots.histogram_plots import histogram_drawings
from strata.reports.page.plots.learning_curves import learning_drawings
from strata.reports.page.plots.lr_finder_plot import lr_finder_drawing

#: Sentence on the images behind the validation curves.
WATCHED: dict[Watched, str] = {
    "heldout": "Validation curves are of the fold's held-out images, which are only watched: no "
    "epoch, weight or parameter is chosen by them.",
    "validation": "Validation curves are of a part of the training images that is held out for "
    "early stopping: training ends, and the best epoch is kept, by their loss.",
    "": "",
}


def training_section(method: MethodResult) -> dict[str, Any]:
    """Template context of the training: learning curves, diagnostics, learning-rate range test."""
    histories = method.histories
    return {
        "learning": learning_drawings(histories) if histories else [],
        "watched": WATCHED.get(method.watched, ""),
        "loss": loss_sentence(method),
        "pretraining": pretraining_section(method),
        "diagnostics": diagnostics_drawings(histories) if histories else [],
        "histograms": histogram_drawings(histories) if histories else [],
        "lr_finder": lr_finder_drawing(method.lr_curves),
    }


def loss_sentence(method: MethodResult) -> str:
    """Sentence on the terms of the training loss that the validation loss has not; "" if none."""
    given = method.parameters.get("network")
    known = given if isinstance(given, dict) else method.parameters
    loss = known.get("loss", "cross-entropy")
    loss = loss.get("name") if isinstance(loss, dict) else loss
    history = method.histories[0] if method.histories else []
    terms = {
        f"label smoothing ({parameter(known.get('label_smoothing'))})": known.get(
            "label_smoothing"
        ),
        "the weighted losses of the auxiliary heads": any(
            key.startswith("auxiliary_loss/") for epoch in history for key in epoch
        ),
        f"the {loss} loss": loss != "cross-entropy",
        "the distance to the teacher's scores": known.get("teacher_weight"),
    }
    held = [term for term, there in terms.items() if there]
    if not held:
        return ""
    without = " The validation loss is the cross-entropy alone, so it may be lower."
    return f"The training loss includes {listing(held)}.{without if method.watched else ''}"


def pretraining_section(method: MethodResult) -> dict[str, Any] | None:
    """Template context of layerwise pretraining without labels; None without any."""
    if not any(method.pretraining):
        return None
    more = number_of(method.unlabeled, "image")
    return {
        "images": f" and {more} without labels" if method.unlabeled else "",
        "drawing": pretraining_drawing(method.pretraining),
    }


def pretrained_section(method: MethodResult) -> list[dict[str, Any]]:
    """Template context of the pretrained networks: name and facts of each."""
    return [
        {"name": network.backbone, "facts": pretrained_facts(network)}
        for network in method.pretrained
    ]


def weight_tables(method: MethodResult) -> list[dict[str, Any]]:
    """Template context of learned weights: tables of their mean and range over folds."""
    tables = (
        (
            method.branch_weights,
            "branches",
            "Features",
            "Share of each branch's cosine similarity in the kernel.",
        ),
        (
            method.node_weights,
            "nodes",
            "Node",
            "Share of each node's part of the vectors in their dot product.",
        ),
        (
            method.method_weights,
            "methods",
            "Method",
            "Share of each method in the fused scores: the standard deviation of its weighted "
            "log-probabilities, over the sum of these.",
        ),
    )
    return [
        {"of": of, "column": column, "caption": caption, "rows": _weight_rows(weights)}
        for weights, of, column, caption in tables
        if weights
    ]


def _weight_rows(weights: dict[str, list[float]]) -> list[dict[str, str]]:
    return [
        {
            "name": name,
            "mean": decimal(sum(values) / len(values)),
            "range": f"{decimal(min(values))}–{decimal(max(values))}",
        }
        for name, values in weights.items()
    ]


def layer_table(layers: list[LayerRow]) -> dict[str, Any] | None:
    """Template context of the table of layers; None without any."""
    if not layers:
        return None
    return {
        "summary": layer_sums(layers),
        "columns": layer_columns(),
        "rows": [layer_cells(layer) for layer in layers],
    }
