"""Pictures of a report: what each method has learned, and the worst mistakes of two."""

import dataclasses
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from strata.pipeline.experiment.compose import Target
from strata.pipeline.experiment.dataset import Dataset
from strata.pipeline.reporting.shared_mistakes import shared_mistakes
from strata.pipeline.store.store import Store
from strata.pipeline.visualize.visualize import visualizations

if TYPE_CHECKING:
    from strata.reports.model.results import Comparison, MethodResult

#: Shows the step of a name while its block runs.
Step = Callable[[str], AbstractContextManager[None]]


def with_pictures(
    found: "Comparison", targets: Sequence[Target], dataset: Dataset, store: Store, step: Step
) -> "Comparison":
    """Comparison with its pictures, drawn where the store has none, and findings on failed ones.

    Args:
        found: without pictures.
        targets: of its methods, and maybe others.
        step: shows what is drawn.
    """
    by_name = {target.name: target for target in targets}
    pairs = [(by_name[method.name], method) for method in found.methods]
    drawn = [_drawn(target, method, dataset, store, step) for target, method in pairs]
    with step("drawing the worst mistakes"):
        shown, problems = shared_mistakes([t for t, _ in pairs], drawn, dataset, store)
    return dataclasses.replace(
        found,
        methods=drawn,
        visualizations=[*found.visualizations, *shown],
        findings=[*found.findings, *problems],
    )


def _drawn(
    target: Target, method: "MethodResult", dataset: Dataset, store: Store, step: Step
) -> "MethodResult":
    if method.cv is None and method.test is None:  # it failed
        return method
    with step(f"drawing the pictures of {method.name}"):
        shown, problems = visualizations(target, dataset, store, method.cv or method.test)
    return dataclasses.replace(method, visualizations=shown, findings=[*problems, *method.findings])
