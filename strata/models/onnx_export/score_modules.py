"""Torch modules of what gives class scores: pairs of scores and probabilities, (n, classes) each.

Columns are those of all classes of the data set, as `strata.pipeline` has them: a class that was
not among the training images scores lowest and has probability 0.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

#: Scores, and probabilities where there are any.
Scored = tuple[Tensor, Tensor | None]


class LinearScores(nn.Module):
    """Decision values of a linear classifier, and their softmax.

    Args:
        before: from the graph's inputs to vectors.
        coef, intercept: (classifiers, d) and (classifiers,); a single classifier for two classes.
        temperature: by which decision values, one column per class, are divided before the
            softmax; None: no probabilities.
        known: numbers of the classes that the classifier knows.
        num_classes: of the data set.
    """

    def __init__(
        self,
        before: nn.Module,
        coef: Any,
        intercept: Any,
        temperature: float | None,
        known: Sequence[int],
        num_classes: int,
    ) -> None:
        super().__init__()
        self.before, self.temperature = before, temperature
        self.linear = nn.Linear(*np.shape(coef)[::-1])
        self.linear.weight.data = torch.as_tensor(np.array(coef), dtype=torch.float32)
        self.linear.bias.data = torch.as_tensor(np.array(intercept), dtype=torch.float32)
        self.columns = AllClasses(known, num_classes)

    def forward(self, inputs: Sequence[Tensor]) -> Scored:
        """Scores and probabilities for the graph's inputs."""
        scores = self.linear(self.before(inputs))
        if scores.shape[1] == 1:
            scores = torch.cat([-scores, scores], 1)
        if self.temperature is None:
            return self.columns(scores, None)
        return self.columns(scores, (scores / self.temperature).softmax(1))


class HiddenLayers(nn.Sequential):
    """Hidden layers of a multilayer perceptron with ReLU, from vectors to vectors.

    Args:
        coefs: weights of each layer, (units before, units).
        intercepts: of each layer, (units,).
    """

    def __init__(self, coefs: Sequence[Any], intercepts: Sequence[Any]) -> None:
        super().__init__()
        for coef, intercept in zip(coefs, intercepts, strict=True):
            linear = nn.Linear(*np.shape(coef))
            linear.weight.data = torch.as_tensor(np.array(coef).T.copy(), dtype=torch.float32)
            linear.bias.data = torch.as_tensor(np.array(intercept), dtype=torch.float32)
            self.extend([linear, nn.ReLU()])


class NetworkScores(nn.Module):
    """Logits and their softmax; for two classes the scores are their difference, as
    `decision_function` gives it.

    Args:
        logits: from the graph's inputs to the logits (n, classes) of the known classes.
        known, num_classes: as of `LinearScores`.
    """

    def __init__(self, logits: nn.Module, known: Sequence[int], num_classes: int) -> None:
        super().__init__()
        self.logits, self.columns = logits, AllClasses(known, num_classes)

    def forward(self, inputs: Sequence[Tensor]) -> Scored:
        """Scores and probabilities for the graph's inputs."""
        scores = self.logits(inputs)
        probabilities = scores.softmax(1)
        if scores.shape[1] == 2:
            scores = scores - scores.flip(1)
        return self.columns(scores, probabilities)


class AllClasses(nn.Module):
    """Scores of the known classes, in the columns of all.

    Args:
        known: numbers of the known classes, ascending.
        num_classes: of the data set.
    """

    def __init__(self, known: Sequence[int], num_classes: int) -> None:
        super().__init__()
        self.complete = list(known) == list(range(num_classes))
        self.sources: Tensor  # of each column; the one after the known ones is for unknown classes
        sources = torch.full((num_classes,), len(known))
        sources[list(known)] = torch.arange(len(known))
        self.register_buffer("sources", sources)

    def forward(self, scores: Tensor, probabilities: Tensor | None) -> Scored:
        """Columns of all classes for scores and probabilities (n, known)."""
        if self.complete:
            return scores, probabilities
        lowest = scores.amin(1, keepdim=True)
        scores = torch.cat([scores, lowest - 1], 1).index_select(1, self.sources)
        if probabilities is not None:
            both = torch.cat([probabilities, torch.zeros_like(lowest)], 1)
            probabilities = both.index_select(1, self.sources)
        return scores, probabilities


class CombinedScores(nn.Module):
    """Weighted sum of the methods' log-probabilities plus a bias, or of their probabilities.

    Args:
        methods: modules of the graph's inputs; of those without probabilities the scores stand in
            for their logarithms.
        weights: one per method.
        bias: (classes,) added; None: nothing.
        floor: of probabilities.
        logarithms: False for the logarithm of the weighted sum of probabilities.
    """

    def __init__(
        self,
        methods: Sequence[nn.Module],
        weights: Sequence[float],
        *,
        floor: float,
        bias: Any = None,
        logarithms: bool = True,
    ) -> None:
        super().__init__()
        self.methods, self.weights = nn.ModuleList(methods), [float(w) for w in weights]
        self.floor, self.logarithms = floor, logarithms
        self.bias: Tensor | None
        given = None if bias is None else torch.as_tensor(np.array(bias), dtype=torch.float32)
        self.register_buffer("bias", given)

    def forward(self, inputs: Sequence[Tensor]) -> Scored:
        """Scores and probabilities for the graph's inputs."""
        parts = [self._part(*method(inputs)) for method in self.methods]
        total = sum(w * part for w, part in zip(self.weights, parts, strict=True))
        assert isinstance(total, Tensor)
        scores = total if self.logarithms else total.clamp(min=self.floor).log()
        scores = scores if self.bias is None else scores + self.bias
        return scores, scores.softmax(1)

    def _part(self, scores: Tensor, probabilities: Tensor | None) -> Tensor:
        if probabilities is None:
            return scores
        bounded = probabilities.clamp(min=self.floor)
        return bounded.log() if self.logarithms else bounded
