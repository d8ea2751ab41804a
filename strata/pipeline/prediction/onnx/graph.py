"""Steps of a method as one torch module, from which its ONNX graph is made."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from torch import nn

from strata.errors import InputError
from strata.models.classifiers.kernel_svm import KernelSVM
from strata.models.onnx_export.image_modules import (
    BackboneVectors,
    FineTunedLogits,
    NetworkLogits,
)
from strata.models.onnx_export.score_modules import CombinedScores, NetworkScores
from strata.models.onnx_export.vector_modules import Concatenation
from strata.models.onnx_export.vector_modules import GraphInput as InputModule
from strata.models.transfer.backbones import preprocessing
from strata.models.transfer.last_nodes import feature_nodes
from strata.pipeline.prediction.model import Model
from strata.pipeline.prediction.onnx.estimators import reduction_module, vector_scores
from strata.pipeline.prediction.onnx.inputs import GraphInput, SquareImages, StageVectors
from strata.pipeline.prediction.steps import PredictionStep
from strata.pipeline.stages.fusion import MIN_PROBABILITY
from strata.pipeline.stages.pretrained import state_of


class OnnxGraph:
    """A method's scores as a module of a tuple of inputs.

    Vectors that are not features of a pretrained network become an input, as stages make them.

    Attributes:
        inputs: what the module takes, in its order.
        module: gives pairs of scores and probabilities.

    Raises:
        InputError: a step has no ONNX form.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self.inputs: list[GraphInput] = []
        self.module = self._scores(len(model.steps) - 1)

    def _scores(self, number: int) -> nn.Module:
        step = self._model.steps[number]
        makers: dict[str, Callable[[PredictionStep], nn.Module]] = {
            "networks:network_scores": self._network,
            "fine_tuning:fine_tuned_scores": self._fine_tuned,
            "classifiers:class_scores": self._vector_scores,
            "fusion:average_scores": self._averaged,
            "fusion:weighted_scores": self._weighted,
            "search:apply_selection": lambda step: self._scores(_number(step.inputs[1])),
        }
        if _stage(step) not in makers:
            raise self._impossible(step)
        return makers[_stage(step)](step)

    def _network(self, step: PredictionStep) -> nn.Module:
        resized = self._model.steps[_number(step.inputs[0])]
        if _stage(resized) != "networks:resize":
            raise self._impossible(resized)
        given = SquareImages(resized.parameters["size"], resized.parameters["color"])
        fitted = self._artifact(step.inputs[1])
        return self._network_scores(given, NetworkLogits(fitted["classifier"]), fitted)

    def _fine_tuned(self, step: PredictionStep) -> nn.Module:
        views = self._model.steps[_number(step.inputs[0])]
        if _stage(views) != "fine_tuning:boundary_activations":
            raise self._impossible(views)
        network, parts = map(self._artifact, views.inputs[1:])
        fitted = self._artifact(step.inputs[1])
        logits = FineTunedLogits(
            fitted["classifier"], state_of(network), mirror=views.parameters["mirror"]
        )
        return self._network_scores(SquareImages(parts["image_size"]), logits, fitted)

    def _network_scores(self, given: GraphInput, logits: nn.Module, fitted: Any) -> nn.Module:
        chain = nn.Sequential(self._input(given), logits)
        return NetworkScores(chain, fitted["classes"], len(self._model.classes))

    def _vector_scores(self, step: PredictionStep) -> nn.Module:
        fitted = self._artifact(step.inputs[1])
        before = self._vectors(_number(step.inputs[0]))
        found = vector_scores(before, fitted, len(self._model.classes))
        if found is None:
            classifier = fitted["classifier"]
            raise self._impossible(step, _described(classifier), _remedy(classifier))
        return found

    def _averaged(self, step: PredictionStep) -> nn.Module:
        methods = [self._scores(_number(given)) for given in step.inputs[0]]
        weights = np.array(step.parameters["weights"] or [1.0] * len(methods))
        logarithms = step.parameters["of"] == "log_probabilities"
        return CombinedScores(
            methods, weights / weights.sum(), floor=MIN_PROBABILITY, logarithms=logarithms
        )

    def _weighted(self, step: PredictionStep) -> nn.Module:
        methods = [self._scores(_number(given)) for given in step.inputs[0]]
        fitted = self._artifact(step.inputs[1])
        return CombinedScores(methods, fitted["coef"], floor=MIN_PROBABILITY, bias=fitted["bias"])

    def _vectors(self, number: int) -> nn.Module:
        step = self._model.steps[number]
        match _stage(step):
            case "pretrained:backbone_features":
                return self._backbone_features(step)
            case "reductions:apply_reduction":
                reduction = self._artifact(step.inputs[1])["reduction"]
                module = reduction_module(reduction)
                if module is None:
                    raise self._impossible(step, type(reduction).__name__)
                return nn.Sequential(self._vectors(_number(step.inputs[0])), module)
            case "reductions:concatenate":
                weights = step.parameters["weights"] or [1.0] * len(step.inputs)
                return self._concatenated(step.inputs, weights)
            case "joins:concatenate_by":
                weights = self._artifact(step.inputs[0])["weights"]
                return self._concatenated(step.inputs[1:], weights)
        return self._input(StageVectors(number, _stage(step).partition(":")[2]))

    def _concatenated(self, branches: Sequence[Any], weights: Sequence[float]) -> nn.Module:
        modules = [self._vectors(_number(branch)) for branch in branches]
        return Concatenation(modules, np.sqrt(np.asarray(weights, np.float32)).tolist())

    def _backbone_features(self, step: PredictionStep) -> nn.Module:
        from strata.features.encodings import spatial_pyramid

        network, chosen = self._artifact(step.inputs[1]), step.parameters
        backbone = network["backbone"]
        size = chosen["image_size"] or preprocessing(backbone).image_size
        cells = spatial_pyramid.pyramid(chosen["pyramid"], chosen["levels"])
        vectors = BackboneVectors(
            backbone,
            feature_nodes(backbone, chosen["nodes"]),
            state_of(network),
            image_size=chosen["image_size"],
            mirror=chosen["mirror"],
            grids=[(grid.rows, grid.columns) for grid in cells],
            tokens=chosen["tokens"],
            norm=chosen["norm"],
        )
        return nn.Sequential(self._input(SquareImages(size)), vectors)

    def _input(self, given: GraphInput) -> nn.Module:
        if given not in self.inputs:
            self.inputs.append(given)
        return InputModule(self.inputs.index(given))

    def _artifact(self, given: Any) -> Any:
        return self._model.artifacts[given["artifact"]]

    def _impossible(self, step: PredictionStep, what: str = "", remedy: str = "") -> InputError:
        name = step.stage.rpartition(":")[2]
        return InputError(
            f"{self._model.name} cannot be an ONNX file: its step '{name}'"
            f"{f' ({what})' if what else ''} has no ONNX form.",
            f"{remedy or 'Networks and linear classifiers have one.'} "
            "A .strata file holds every method.",
        )


def _described(classifier: Any) -> str:
    """Class of a classifier and, if it has one, its kernel."""
    kernel = getattr(classifier, "kernel", "")
    kernel = getattr(kernel, "func", kernel)  # a partial of the kernel's function
    name = getattr(kernel, "__name__", kernel)
    return f"{type(classifier).__name__}{f' with the kernel {name}' if kernel else ''}"


def _remedy(classifier: Any) -> str:
    """Settings of a similar method that has an ONNX form."""
    if not isinstance(classifier, KernelSVM):
        return 'classifier.use = "svm", "logistic" or "mlp" has one.'
    return (
        'classifier.kernel = "linear" has one, for histograms with '
        'reduction.use = "additive_kernel_map".'
    )


def _stage(step: PredictionStep) -> str:
    """Stage as "module:function" below the stages that come with strata; "" of others."""
    return step.stage.removeprefix("strata.pipeline.stages.")


def _number(given: Any) -> int:
    """Number of the step whose value an input is."""
    return int(given["step"] if "step" in given else given["shards"])
