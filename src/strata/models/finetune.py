"""Pretrained networks trained on: only what is open runs, from activations kept at its border."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, Self, cast

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted
from torch import Tensor
from torch.optim import Optimizer

from strata.errors import InputError
from strata.models import backbones
from strata.models.augment import Augmentation
from strata.models.backbones import IMAGES
from strata.models.builder import Network
from strata.models.calibration import probabilities
from strata.models.devices import choose_device, deterministic_cuda, mixed_precision
from strata.models.features import Weights, state_of
from strata.models.optimisers import OPTIMISERS, optimiser
from strata.models.tail import Tail, blocks_of
from strata.models.training import Epoch, Images, Settings, Training

#: Rows at a time where nothing is learned.
_BATCH = 64


class FineTunedClassifier(ClassifierMixin, BaseEstimator):
    """A pretrained network whose last part learns, in two phases: the head alone, then all of it.

    `X` is (n, views, h, w, channels): activations at the border of each image and of its changed
    copies (`features.border_activations` makes them), each of which is learned from; the score of
    an image is the mean over its views. With the border at "images", X holds the uint8 images.

    Args:
        backbone: a classification network of torchvision.
        border: the node from which on everything learns. "images": everything; the same as `cut`:
            the head only.
        cut: the last node that is kept; its output is pooled and goes to a new linear layer.
        weights: as of `features.BackboneFeatures`.
        head_epochs: passes of the first phase, over pooled activations, which are made once.
        head_rate: highest learning rate of the first phase (AdamW, one cycle).
        epochs: passes of the second phase; 0: the head is all.
        batch: rows per step, at least 2.
        optimiser, max_rate, weight_decay, schedule, label_smoothing, clip, ema: of the second
            phase, as of `network.NetworkClassifier`.
        rate_decay: each block's learning rate as a share of that of the block after it; the last
            block and the head have `max_rate`.
        normalisation: "adapt": batch normalisations of the open part use the batch's statistics
            while training and follow them; "frozen": they keep those of ImageNet.
        dropout: share of pooled activations dropped.
        augmentations: of images, as of `network.NetworkClassifier`; activations take "mixup" only.
        device: "auto", "cpu", "cuda" or "mps".
        seed: of order, dropout and augmentation. The head starts at zero.

    Attributes:
        classes_: class names, sorted.
        history_: one dict per epoch of the first phase, then of the second.
        weights_: state of the part after the border as numpy arrays.
        parameters_: numbers that training adjusted.
        multiply_adds_: of the part after the border, for one view.
        saved_multiply_adds_: that the frozen part would have cost if every pass had run it.
        training_accuracy_: share of training images recognised at the end.
        fit_seconds_: of this fit.
    """

    def __init__(
        self,
        backbone: str = "inception_v3",
        *,
        border: str = "Mixed_6e",
        cut: str = "Mixed_7a",
        weights: Weights = "",
        head_epochs: int = 10,
        head_rate: float = 0.01,
        epochs: int = 3,
        batch: int = 32,
        optimiser: str = "adamw",
        max_rate: float = 3e-4,
        weight_decay: float = 0.05,
        schedule: str = "one-cycle",
        label_smoothing: float = 0.1,
        clip: float | None = None,
        ema: float = 0.99,
        rate_decay: float = 1.0,
        normalisation: Literal["adapt", "frozen"] = "adapt",
        dropout: float = 0.0,
        augmentations: str | Mapping[str, Any] = "none",
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.backbone = backbone
        self.border = border
        self.cut = cut
        self.weights = weights
        self.head_epochs = head_epochs
        self.head_rate = head_rate
        self.epochs = epochs
        self.batch = batch
        self.optimiser = optimiser
        self.max_rate = max_rate
        self.weight_decay = weight_decay
        self.schedule = schedule
        self.label_smoothing = label_smoothing
        self.clip = clip
        self.ema = ema
        self.rate_decay = rate_decay
        self.normalisation = normalisation
        self.dropout = dropout
        self.augmentations = augmentations
        self.device = device
        self.seed = seed

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        on_epoch: Callable[[Epoch], None] | None = None,
        checkpoint: Path | None = None,
    ) -> Self:
        """Train the head, then everything after the border.

        Args:
            X: (n, views, h, w, channels), floating, or uint8 where the border is "images".
            y: (n,) labels of two classes or more.
            on_epoch: called with each new line of the history.
            checkpoint: as of `NetworkClassifier.fit`.

        Raises:
            InputError: shapes, nodes, weights or settings that no training can have.
            StrataError: the training diverged; the weights cannot be fetched.
        """
        started = time.perf_counter()
        views, labels = self._check(X), np.asarray(y)
        if labels.shape != (len(views),):
            raise InputError(f"{len(views)} images, but labels of shape {labels.shape}.")
        self.classes_, numbers = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise InputError("A classifier needs images of two classes or more.")
        device = choose_device(self.device)
        tail = self._fresh(len(self.classes_)).to(device)
        rows = torch.from_numpy(views.reshape(-1, *views.shape[2:])).to(device)
        targets = torch.from_numpy(np.repeat(numbers, views.shape[1])).to(device)
        self.history_ = self._train_head(tail, rows, targets, on_epoch)
        before = len(self.history_)

        def later(line: Epoch) -> Epoch:
            return {**line, "epoch": line["epoch"] + before}

        if self.epochs and len(list(tail.blocks.parameters())):
            training = Training(cast(Network, tail), Images(rows, targets), self._settings())
            training.optimiser = self._optimiser(tail)
            training.run(
                keep=checkpoint,
                key=self._key(views, numbers, device) if checkpoint else "",
                on_epoch=(lambda line: on_epoch(later(line))) if on_epoch else None,
            )
            self.history_ += map(later, training.history)
        self.weights_ = {k: v.cpu().numpy().copy() for k, v in tail.state_dict().items()}
        self._measure(len(rows))
        self.training_accuracy_ = float(np.mean(self.predict(views) == labels))
        self.fit_seconds_ = time.perf_counter() - started
        return self

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Class scores before the softmax, the mean over views: (n, classes), as in `classes_`."""
        check_is_fitted(self)
        views, device = self._check(X), choose_device(self.device)
        tail = self.network().to(device).to(memory_format=torch.channels_last)
        rows = torch.from_numpy(views.reshape(-1, *views.shape[2:]))
        scores = tail.head(_pooled(tail, rows, device)).double().cpu()
        return scores.detach().view(*views.shape[:2], -1).mean(1).numpy()

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Class probabilities (n, classes): the softmax of `decision_function`."""
        return self.probabilities_of(self.decision_function(X))

    def probabilities_of(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Class probabilities (n, classes) of class scores: their softmax."""
        return probabilities(scores, 1.0)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The class of the highest score for each image."""
        return self.classes_[self.decision_function(X).argmax(1)]

    def network(self) -> Tail:
        """The trained part as a torch module, on the CPU, a copy of its own."""
        check_is_fitted(self)
        network = backbones.skeleton(self.backbone)
        tail = self._tail(network, len(self.classes_))
        tail.load_state_dict({k: torch.as_tensor(v) for k, v in self.weights_.items()})
        return tail.eval()

    def _check(self, X: ArrayLike) -> NDArray[Any]:
        views = np.ascontiguousarray(X)
        kind = np.uint8 if self.border == IMAGES else np.floating
        if views.ndim != 5 or views.shape[2] != views.shape[3] or 0 in views.shape[1:]:
            raise InputError(
                f"Expected (images, views, side, side, channels), not {views.shape}.",
                "border_activations makes them; X[:, None] turns one view an image into views.",
            )
        if not np.issubdtype(views.dtype, kind):
            raise InputError(f"Expected {kind.__name__} numbers, not {views.dtype}.")
        return views

    def _tail(self, network: torch.nn.Module, classes: int) -> Tail:
        return Tail(
            backbones.section(network, self.border, [self.cut]),
            classes,
            expected=backbones.preparation(self.backbone) if self.border == IMAGES else None,
            features=self._width(),
            dropout=self.dropout,
            adapt=self.normalisation == "adapt",
        )

    def _width(self) -> int:
        (shape,) = backbones.part_cost(self.backbone, IMAGES, [self.cut]).outputs
        return int(backbones.pool(torch.empty(1, *shape)).shape[1])

    def _fresh(self, classes: int) -> Tail:
        network = backbones.build(self.backbone, state_of(self.backbone, self.weights))
        return self._tail(network, classes)

    def _train_head(
        self,
        tail: Tail,
        rows: Tensor,
        targets: Tensor,
        on_epoch: Callable[[Epoch], None] | None,
    ) -> list[Epoch]:
        """The first phase: the open part does not move yet, so its output is made once."""
        if not self.head_epochs:
            return []
        pooled = _pooled(tail, rows, rows.device)[:, None, None]
        settings = Settings(
            epochs=self.head_epochs,
            batch=self.batch,
            optimiser="adamw",
            max_rate=self.head_rate,
            weight_decay=self.weight_decay,
            schedule="one-cycle",
            label_smoothing=self.label_smoothing,
            augmentation=Augmentation(),
            clip=None,
            ema=0.0,
            patience=None,
            seed=self.seed,
        )
        head = cast(Network, tail.only_head())
        training = Training(head, Images(pooled, targets), settings)
        training.run(on_epoch=on_epoch)
        return training.history

    def _settings(self) -> Settings:
        augmentation = Augmentation.of(self.augmentations)
        if self.border != IMAGES and augmentation != Augmentation(mixup=augmentation.mixup):
            raise InputError(
                "Activations cannot be augmented, but for mixup.",
                'Give changed copies of the images as views, or set border = "images".',
            )
        if augmentation.crop < 1:
            raise InputError("Fine-tuning takes no crops: they would change the images' size.")
        return Settings(
            epochs=self.epochs,
            batch=self.batch,
            optimiser=self.optimiser,
            max_rate=self.max_rate,
            weight_decay=self.weight_decay,
            schedule=self.schedule,
            label_smoothing=self.label_smoothing,
            augmentation=augmentation,
            clip=self.clip,
            ema=self.ema,
            patience=None,
            seed=self.seed,
        )

    def _optimiser(self, tail: Tail) -> Optimizer:
        """Blocks by their distance from the head, each with its share of the rate."""
        optimiser(self.optimiser, tail.head, self.max_rate, 0.0)  # a name that is known
        layers = [*blocks_of(tail.blocks[0]), list(tail.head.parameters())]
        groups = []
        for number, parameters in enumerate(layers):
            share = self.rate_decay ** max(0, len(layers) - 2 - number)
            for decay, chosen in (
                (self.weight_decay, [p for p in parameters if p.ndim > 1]),
                (0.0, [p for p in parameters if p.ndim <= 1]),
            ):
                if chosen:
                    groups.append({"params": chosen, "weight_decay": decay, "share": share})
        made = OPTIMISERS[self.optimiser](groups, self.max_rate)
        made.register_step_pre_hook(_share_rates)
        return made

    def _key(self, views: NDArray[Any], numbers: NDArray[np.intp], device: torch.device) -> str:
        """A name for exactly this training: what a checkpoint must agree with."""
        params = {k: v for k, v in self.get_params().items() if k != "weights"}
        text = json.dumps([params, views.shape, device.type, torch.__version__], default=dict)
        digest = hashlib.sha256(text.encode())
        for part in (views, numbers):
            digest.update(part.data)
        return digest.hexdigest()

    def _measure(self, rows: int) -> None:
        part = backbones.part_cost(self.backbone, self.border, [self.cut])
        frozen = backbones.part_cost(self.backbone, IMAGES, [self.border])
        head = self.weights_["head.1.weight"].size + len(self.classes_)
        self.parameters_ = (part.parameters if self.epochs else 0) + head
        self.multiply_adds_ = part.multiply_adds + head - len(self.classes_)
        again = max(0, self.head_epochs + self.epochs - 1)
        self.saved_multiply_adds_ = again * rows * frozen.multiply_adds


def _share_rates(made: Optimizer, *_: Any) -> None:
    """Before each step: the rate that has been set is that of the last block and the head."""
    for group in made.param_groups:
        group["lr"] *= group["share"]


@torch.no_grad()
def _pooled(tail: Tail, rows: Tensor, device: torch.device) -> Tensor:
    """What the head sees of each row, (n, features) float32."""
    tail.eval()
    parts = []
    with deterministic_cuda(), mixed_precision(device):
        for part in rows.split(_BATCH):
            parts.append(tail.embed(part.to(device).permute(0, 3, 1, 2)).float())
    return torch.cat(parts) if parts else torch.zeros(0, tail.features, device=device)
