"""Expected duration and size of each stage's artifacts: measured in the store, else by a table.

Both grow with the images that a stage is given, and with the epochs of a training.
"""

from collections.abc import Iterable
from functools import cached_property
from math import exp, log
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from strata.pipeline.graph.inputs import Subset
from strata.pipeline.graph.stage import Node
from strata.pipeline.store.checked_json import read_checked, write_checked

#: File of the rates in a store.
RATES = "rates.json"
#: Weight of the latest artifact in the moving average of a stage's rate.
WEIGHT = 0.3


class Rate(NamedTuple):
    """Seconds and bytes per unit of work, see `work_of`."""

    seconds: float
    bytes: float


#: Rates of the stages that come with strata, by `python benchmarks/stage_rates.py`, which says of
#: what images.
TABLE: dict[str, Rate] = {
    "additive_kernel_map": Rate(1.7e-05, 14),
    "apply_reduction": Rate(1.8e-05, 490),
    "apply_selection": Rate(0.0012, 22000),
    "average_scores": Rate(0.0015, 22000),
    "backbone_features": Rate(0.14, 6700),
    "bag_of_words": Rate(0.002, 43000),
    "boundary_activations": Rate(0.32, 890000),
    "centered_power": Rate(3.3e-05, 150),
    "class_scores": Rate(7e-05, 140),
    "color_statistics": Rate(0.017, 1300000),
    "dense_daisy": Rate(0.1, 350000),
    "dense_sift": Rate(0.0073, 950000),
    "dense_surf": Rate(0.02, 68000),
    "encode": Rate(0.023, 51000),
    "feature_map_descriptors": Rate(0.025, 19000),
    "fine_tune": Rate(0.07, 14000),
    "fine_tuned_scores": Rate(0.018, 140),
    "fisher_vectors": Rate(0.076, 1500),
    "fit_weights": Rate(2.9e-05, 9),
    "gist_descriptor": Rate(0.022, 2100),
    "hidden_features": Rate(0.00024, 2100),
    "kernel_weights": Rate(0.00049, 22),
    "knn": Rate(0.00014, 43000),
    "lda": Rate(0.00015, 780),
    "logistic": Rate(0.00013, 160),
    "mlp": Rate(0.032, 3100),
    "network_at_size": Rate(0.00036, 1200),
    "network_scores": Rate(0.00075, 140),
    "node_weights": Rate(0.00022, 24),
    "nystroem": Rate(6.8e-05, 2700),
    "paper_sift": Rate(0.0016, 68000),
    "patch_descriptors": Rate(0.0052, 100000),
    "pca": Rate(0.00019, 850),
    "predictions": Rate(3.1e-06, 260),
    "pretrained": Rate(0.3, 29000000),
    "resize": Rate(0.0013, 3100),
    "select_trial": Rate(1.6e-05, 9),
    "soft_labels": Rate(3.2e-06, 39),
    "sparse_daisy": Rate(0.17, 78000),
    "sparse_sift": Rate(0.024, 38000),
    "sparse_surf": Rate(0.037, 31000),
    "split_backbone": Rate(2.3, 6900),
    "split_inception": Rate(0.98, 2800),
    "standardize": Rate(0.00017, 300),
    "svm": Rate(0.00061, 43000),
    "train_network": Rate(0.00065, 190),
    "visual_words": Rate(0.014, 2300),
    "vlad": Rate(0.011, 260),
    "weighted_scores": Rate(0.00099, 22000),
}
#: Stands in for a stage of somebody's own that has never run.
_MEDIUM = Rate(
    median(rate.seconds for rate in TABLE.values()), median(rate.bytes for rate in TABLE.values())
)


def work_of(node: Node) -> int:
    """Work in a node: images of its shard, or in its subsets (at least one), times its epochs."""
    images = len(node.shard) if node.shard else _in_subsets(node.inputs)
    epochs = node.parameters.get("epochs", 1)
    return max(1, images) * (epochs if isinstance(epochs, int) and epochs > 0 else 1)


def _in_subsets(inputs: Iterable[Any]) -> int:
    found = 0
    for given in inputs:
        if isinstance(given, Subset):
            found += len(given)
        elif isinstance(given, list | tuple):
            found += _in_subsets(given)
    return found


class Estimates:
    """Rate of each stage, a moving average over its artifacts, kept in a file.

    Per method and stage, and per stage over all methods.

    Args:
        path: the file; missing, damaged or of another version, it counts as empty.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self.rates = {name: Rate(*map(float, r)) for name, r in read_checked(path).items()}
        except (AttributeError, TypeError, ValueError):  # none, or of another version of strata
            self.rates = {}

    def of(self, node: Node) -> Rate:
        """Seconds and bytes that a node will take: by its method, else by any, else by the table.

        A stage that is in no table is taken for one of medium cost.
        """
        method, stage = group_of(node)
        work = work_of(node)
        known = self.rates.get(_in_method(stage, method)) or self.rates.get(stage)
        if known:
            return Rate(work * known.seconds, work * known.bytes)
        seconds, size = TABLE.get(stage, _MEDIUM)
        return Rate(work * seconds * self._machine_factor, work * size)

    def total(self, nodes: Iterable[Node]) -> Rate:
        """Seconds of one process, and bytes, that some nodes will take."""
        found = [self.of(node) for node in nodes]
        return Rate(sum(rate.seconds for rate in found), sum(rate.bytes for rate in found))

    def knows(self, node: Node) -> bool:
        """True if a node's stage has been measured, in this run or an earlier one."""
        return node.stage.name in self.rates

    @cached_property
    def _machine_factor(self) -> float:
        """Measured seconds over those of the table: geometric mean over the stages measured.

        Two stages at the table's rate are counted in, since a single one tells little of others.
        """
        ratios = [
            self.rates[stage].seconds / rate.seconds
            for stage, rate in TABLE.items()
            if stage in self.rates
        ]
        return exp(sum(log(max(ratio, 1e-6)) for ratio in ratios) / (len(ratios) + 2))

    def record(self, node: Node, seconds: float, size: int) -> None:
        """Add a measured artifact; later ones weigh more, for data and parameters change."""
        method, stage = group_of(node)
        rate = Rate(seconds / work_of(node), size / work_of(node))
        for name in (stage, _in_method(stage, method)):
            pairs = zip(self.rates.get(name, rate), rate, strict=True)
            self.__dict__.pop("_machine_factor", None)
            self.rates[name] = Rate(*((1 - WEIGHT) * old + WEIGHT * new for old, new in pairs))

    def save(self) -> None:
        """Write the file. A failure to write is ignored: estimates are not worth an error."""
        try:
            write_checked(self._path, self.rates)
        except OSError:
            pass


def group_of(node: Node) -> tuple[str, str]:
    """Method and stage of a node: nodes that share both are reported together."""
    return node.context.partition(", ")[0], node.stage.name


def _in_method(stage: str, method: str) -> str:
    return f"{method}: {stage}"
