"""Checks of gradients in network training: vanishing and exploding."""

from collections.abc import Iterator

from strata.reports.checks.base import NotApplicable, Observation, check
from strata.reports.comparison.ranking import Ranking
from strata.reports.statistics.gradient_flow import (
    EXPLODING,
    VANISHING,
    GradientFlow,
    gradient_flow,
)


@check(
    "R15",
    "Vanishing gradients",
    "Where gradients shrink from layer to layer on their way back, the first layers do not learn.",
    "Take ReLU or a relative of it with He initialization, normalize (batch normalization), "
    "shorten the way (skip connections, an auxiliary head), or take fewer layers; of dead units, "
    "lower the learning rate.",
)
def vanishing_gradients(ranking: Ranking) -> Iterator[Observation]:
    """Networks whose first layer gets next to no gradient, in most folds."""
    for name, flows in _flows(ranking).items():
        signs = [flow for flow in flows if flow.vanishes]
        if 2 * len(signs) > len(flows):
            best = max(float(flow.ratio.max()) for flow in signs)
            first, last = signs[0].first, signs[0].last
            sentence = (
                f"the gradient norm of {first} is at most {best:.2g} times that of {last} in all "
                f"epochs (healthy: above {VANISHING:g})."
                if best < VANISHING
                else f"{first} gets no gradient in the end: the units after it are dead."
            )
            yield Observation("issue", f"{name}: {sentence}", name)


@check(
    "R16",
    "Exploding gradients",
    "Steps along exploding gradients throw the weights far from where learning had brought them.",
    'Lower max_lr (max_lr = "auto" suggests one), set clip_grad_norm = 1.0, normalize (batch '
    "normalization), or take an initialization that suits the activation: He for ReLU, Glorot for "
    "tanh.",
)
def exploding_gradients(ranking: Ranking) -> Iterator[Observation]:
    """Networks whose gradient norm rises far above that of the first epoch, in most folds."""
    for name, flows in _flows(ranking).items():
        signs = [flow for flow in flows if flow.explodes]
        if 2 * len(signs) > len(flows):
            rise = max(flow.rise for flow in signs)
            yield Observation(
                "issue",
                f"{name}: the gradient norm rises to {rise:.3g} times that of the first epoch "
                f"(healthy: below {EXPLODING:g}).",
                name,
            )


def _flows(ranking: Ranking) -> dict[str, list[GradientFlow]]:
    """Gradient norms of the trainings of each method that has them.

    Raises:
        NotApplicable: no method has them.
    """
    found = {
        row.method.name: [flow for flow in map(gradient_flow, row.method.histories) if flow]
        for row in ranking.rows
    }
    found = {name: flows for name, flows in found.items() if flows}
    if not found:
        raise NotApplicable("no training history records gradient norms of three layers or more")
    return found
