"""Base class of the classifiers that are networks trained by gradient descent."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

from strata.errors import DivergedError, InputError
from strata.models.classifiers.decision_scores import per_class_columns
from strata.models.classifiers.temperature_scaling import probabilities
from strata.models.runtime.image_source import ImageSource, take_rows, to_device
from strata.models.training.augment_config import Augmentation
from strata.models.training.batches import Images
from strata.models.training.config import TrainingConfig
from strata.models.training.embedding_losses import Loss
from strata.models.training.trainer import Epoch
from strata.models.training.validation_split import hold_out
from strata.seeds import generator

#: Held-out images and their labels that a training watches: `X` and `y` as in `fit`.
Watch = tuple[ArrayLike | ImageSource, ArrayLike]


class BaseNetworkClassifier(ClassifierMixin, BaseEstimator, ABC):
    """Predictions from class scores, and a training's configuration from constructor arguments."""

    classes_: NDArray[Any]
    history_: list[Epoch]
    watched_: str = ""
    layers_: list[dict[str, Any]]
    parameters_: int
    multiply_adds_: int
    training_accuracy_: float

    @abstractmethod
    def logits(self, X: Any) -> NDArray[np.float64]:
        """Outputs of the last layer, (n, classes), columns as in `classes_`."""

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Logits (n, classes); for two classes, as everywhere in scikit-learn, (n,): the log-odds
        of the second.
        """
        logits = self.logits(X)
        return logits[:, 1] - logits[:, 0] if len(self.classes_) == 2 else logits

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Class probabilities (n, classes): the softmax of `logits`."""
        return self.probabilities_of(self.decision_function(X))

    def probabilities_of(self, decisions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Class probabilities (n, classes) of what `decision_function` returned."""
        log_odds = len(self.classes_) == 2
        return probabilities(per_class_columns(decisions), 2.0 if log_odds else 1.0)

    def predict(self, X: Any) -> NDArray[Any]:
        """The class of the highest score for each image."""
        return self.classes_[per_class_columns(self.decision_function(X)).argmax(1)]

    def _accuracy(self, X: Any, y: ArrayLike) -> float:
        """Accuracy of the fitted classifier on the training images.

        Raises:
            DivergedError: the scores are not finite: training diverged in its last steps, after
                which no loss was computed.
        """
        scores = self.logits(X)
        if not np.isfinite(scores).all():
            raise DivergedError(
                "Training diverged in its last steps: the scores are no longer numbers.",
                "Lower max_lr, or set clip_grad_norm = 1.0.",
            )
        return float(np.mean(self.classes_[scores.argmax(1)] == np.asarray(y)))

    def _encode_labels(self, y: ArrayLike, images: int) -> NDArray[np.int64]:
        """Class numbers (n,) of labels; sets `classes_`.

        Raises:
            InputError: not one label per image, or a single class.
        """
        labels = np.asarray(y)
        if labels.shape != (images,):
            raise InputError(f"{images} images, but labels of shape {labels.shape}.")
        self.classes_, numbers = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise InputError("A classifier needs images of two classes or more.")
        return numbers.astype(np.int64)

    def _split(
        self, labels: NDArray[np.int64], groups: ArrayLike | None
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Rows of the training and of the validation set, which is empty without `patience`."""
        arguments = self.get_params(deep=False)
        if arguments["patience"] is None:
            return np.arange(len(labels)), np.arange(0)
        rng = generator(arguments["random_state"], "validation")
        return hold_out(labels, arguments["validation_fraction"], rng, groups)

    def _images_to_watch(self, watch: Watch | None, device: torch.device) -> Images | None:
        """Images to watch on the device, of the classes that are trained; None without any.

        Raises:
            InputError: not one label per image, or a `patience`, which watches other images.
        """
        if watch is None:
            return None
        if self.get_params(deep=False).get("patience") is not None:
            raise InputError(
                "With patience, a part of the training images is watched, and no others.",
                "Leave out `watch` or patience.",
            )
        source, numbers = self._watchable(watch[0]), self._known_labels(watch[1])
        if len(numbers) != len(source):
            raise InputError(f"{len(source)} images to watch, but {len(numbers)} labels.")
        rows = np.flatnonzero(numbers >= 0)
        if not len(rows):
            return None
        pixels = to_device(take_rows(source, rows), device)
        return Images(pixels, torch.from_numpy(numbers[rows]).to(device))

    @abstractmethod
    def _watchable(self, X: Any) -> ImageSource:
        """Images to watch as the training's network takes them, one row per image; checked."""

    def _known_labels(self, y: ArrayLike) -> NDArray[np.int64]:
        """Class numbers (n,) of labels; -1 of classes that are not trained."""
        labels = np.asarray(y)
        numbers = np.searchsorted(self.classes_, labels).clip(max=len(self.classes_) - 1)
        return np.where(self.classes_[numbers] == labels, numbers, -1).astype(np.int64)

    def _config(self, **others: Any) -> TrainingConfig:
        """Configuration of a training: the arguments of the same names, or `others`."""
        arguments = self.get_params(deep=False)
        values = {"patience": None, "seed": arguments["random_state"]}
        values |= {n: arguments[n] for n in TrainingConfig.__dataclass_fields__ if n in arguments}
        values["augmentation"] = Augmentation.of(arguments["augmentation"])
        if "loss" in arguments:
            values["loss"] = Loss.of(arguments["loss"])
        return TrainingConfig(**{**values, **others})
