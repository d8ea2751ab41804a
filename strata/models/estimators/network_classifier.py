"""Classifier of images: a network trained from scratch."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone

from strata.errors import InputError
from strata.models.architectures.architecture import Architecture, ArchitectureLike
from strata.models.architectures.builder import Network
from strata.models.estimators.base import Watch
from strata.models.estimators.image_prediction import BaseImageClassifier
from strata.models.estimators.initial_network import initial_network, pretrain_network
from strata.models.estimators.training_conflicts import check_conflicts
from strata.models.runtime.checkpoint import training_key
from strata.models.runtime.devices import choose_device
from strata.models.runtime.image_source import ImageSource, take_rows, to_device
from strata.models.training.augment_config import AugmentationLike
from strata.models.training.batches import Images
from strata.models.training.distillation import SoftLabels
from strata.models.training.embedding_losses import Loss, LossLike, use_cosine_head
from strata.models.training.lr_finder import LRCurve, find_lr
from strata.models.training.lr_schedules import ScheduleName
from strata.models.training.optimizers import OptimizerName
from strata.models.training.trainer import Epoch, Training
from strata.parameter_types import (
    BatchSize,
    Device,
    Fraction,
    NonNegativeFloat,
    NonNegativeInt,
    OpenUnitInterval,
    PositiveFloat,
    PositiveInt,
    UnitInterval,
)

#: Channels of the images that a network may be trained on.
CHANNELS = (3, 1)


class NetworkClassifier(BaseImageClassifier):
    """Network trained from scratch on square images of one size.

    `X` is (n, image_size, image_size, 3) uint8 RGB, or with 1 channel for gray images
    (`resize.resize_images` makes it, in training and prediction alike); `y` holds n class names or
    numbers. Images of more than a gigabyte are read batch by batch from where they are (a
    memory-mapped file, say), with the same result.

    Args:
        architecture: name of a predefined architecture (see `presets.by_name.PRESETS`), a dict of
            such a `name` and its arguments, or a full description (see `Architecture.from_dict`).
        image_size: width and height of the images, pixels.
        epochs: passes over the training images.
        batch_size: images per gradient step.
        optimizer: "adamw", "adam", "sgd" (with momentum), "plain-sgd" (without), "rmsprop",
            "adadelta" or "adagrad".
        max_lr: maximum of the learning rate; "auto" runs the LR finder first and takes what it
            suggests.
        momentum: of the optimizer "sgd"; with `base_momentum`, upper bound for "adam" and "adamw"
            too (their beta1); the others ignore it.
        nesterov: momentum of the optimizer "sgd": True: Nesterov's; False: plain (heavy-ball).
        base_momentum: lower bound of one-cycle momentum, which goes from `momentum` down to it
            while the learning rate rises, and back while it falls; Smith (2018) takes 0.95 and
            0.85. None: `momentum` throughout ("adam", "adamw": 0.9).
        weight_decay: of weights, not of biases and normalizations.
        lr_schedule: "one-cycle", "cosine", "step" (a tenth after each third) or "constant".
        loss: "cross-entropy"; "center": with the distance of embeddings to their class's center; or
            "arcface": of angles, with a margin. Or a table of such a `name` and its arguments (see
            `Loss`).
        label_smoothing: share of a target that is spread over all classes.
        class_weight: "balanced": an image's loss counts n / (classes * images of its class), so
            that rare classes count as much as frequent ones; None: every image counts alike.
        sampling: "balanced": each epoch draws as many images of each class, those of rare classes
            several times, and as many in all as there are; None: every image once. Instead of
            `class_weight`, not with it.
        augmentation: "none", "light", "strong", or a dict with fields of `Augmentation`.
        clip_grad_norm: largest norm of a step's gradient; None: no clipping.
        ema_decay: decay of the exponential moving average of the weights, which is kept as the
            result; 0: no average.
        tta_flip: average the scores of an image and its mirror image (test-time augmentation).
        tta_views: average the scores of tta_views x tta_views crops, spread evenly over the image
            if `augmentation` crops, else shifted a little; 1: the center crop.
        pretrain_epochs: epochs in which each layer but the last is pretrained as a denoising
            autoencoder, without labels; for few images. 0: none.
        frozen_epochs: epochs at the beginning in which pretrained layers, or those of another
            network, stay as they are and only the last layer and auxiliary heads are trained.
        patience: stop when the validation loss has not improved for so many epochs, and keep the
            best epoch's weights; None: train to the end.
        validation_fraction: share of each class's training images in the validation set that
            `patience` needs.
        teacher_weight: weight of the distillation loss, from 0 to 1; unused without a teacher.
        temperature: by which the teacher's and the network's scores are divided in the distillation
            loss; unused without a teacher.
        device: "auto", "cpu", "cuda" or "mps".
        random_state: seed of initial weights, order, augmentation and dropout. On a CPU with one
            thread the same seed gives the same result bit for bit.

    Attributes:
        classes_: class names, sorted.
        max_lr_: maximum of the learning rate in the training.
        lr_curve_: result of the LR finder, with max_lr="auto" only.
        pretrain_losses_: for each pretrained layer by name, error by epoch; with `pretrain_epochs`
            only.
        history_: one dict per epoch: epoch, loss, accuracy (in training, on augmented images),
            lr (learning rate), gradient_norm (mean over steps), seconds; with `patience` or images
            to watch also validation_loss and validation_accuracy; auxiliary_loss/NAME and
            auxiliary_accuracy/NAME of auxiliary classifiers; diagnostics layer by layer (see
            `diagnostics.record_diagnostics`).
        watched_: images that these were measured on: "validation", the part of the training images
            that `patience` needs; "heldout", the images to watch; "", none.
        weights_: the network's state_dict as numpy arrays.
        channels_: channels of the images, 3 or 1.
        architecture_: the full description of the network.
        layers_: the layer table, a dict for each row of `flops.cost_table`.
        parameters_: number of trainable weights.
        multiply_adds_: for one view of an image (`tta_flip` doubles the views).
        training_accuracy_: accuracy on the training images at the end, without augmentation.
        fit_seconds_: of this fit (of the last process only, when resumed).

    Examples:
        >>> import numpy as np
        >>> from strata.models import NetworkClassifier, resize_images
        >>> photographs = np.random.default_rng(0).integers(0, 128, (20, 30, 40, 3), np.uint8)
        >>> photographs[::2] += 100
        >>> labels = ["bright", "dark"] * 10
        >>> images = resize_images(photographs, 16)
        >>> network = NetworkClassifier("mlp", image_size=16, epochs=8, batch_size=8)
        >>> network.fit(images, labels).score(images, labels)
        1.0
    """

    def __init__(
        self,
        architecture: ArchitectureLike = "tinynet",
        *,
        image_size: PositiveInt = 64,
        epochs: PositiveInt = 60,
        batch_size: BatchSize = 64,
        optimizer: OptimizerName = "adamw",
        max_lr: PositiveFloat | Literal["auto"] = 0.01,
        momentum: Fraction = 0.9,
        nesterov: bool = True,
        base_momentum: Fraction | None = None,
        weight_decay: NonNegativeFloat = 0.05,
        lr_schedule: ScheduleName = "one-cycle",
        loss: LossLike = "cross-entropy",
        label_smoothing: Fraction = 0.1,
        class_weight: Literal["balanced"] | None = None,
        sampling: Literal["balanced"] | None = None,
        augmentation: AugmentationLike = "light",
        clip_grad_norm: PositiveFloat | None = None,
        ema_decay: Fraction = 0.0,
        tta_flip: bool = True,
        tta_views: PositiveInt = 1,
        pretrain_epochs: NonNegativeInt = 0,
        frozen_epochs: NonNegativeInt = 0,
        patience: PositiveInt | None = None,
        validation_fraction: OpenUnitInterval = 0.1,
        teacher_weight: UnitInterval = 0.5,
        temperature: PositiveFloat = 2.0,
        device: Device = "auto",
        random_state: int = 0,
    ) -> None:
        self.architecture = architecture
        self.image_size = image_size
        self.epochs = epochs
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.max_lr = max_lr
        self.momentum = momentum
        self.nesterov = nesterov
        self.base_momentum = base_momentum
        self.weight_decay = weight_decay
        self.lr_schedule = lr_schedule
        self.loss = loss
        self.label_smoothing = label_smoothing
        self.class_weight = class_weight
        self.sampling = sampling
        self.augmentation = augmentation
        self.clip_grad_norm = clip_grad_norm
        self.ema_decay = ema_decay
        self.tta_flip = tta_flip
        self.tta_views = tta_views
        self.pretrain_epochs = pretrain_epochs
        self.frozen_epochs = frozen_epochs
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.teacher_weight = teacher_weight
        self.temperature = temperature
        self.device = device
        self.random_state = random_state

    def fit(
        self,
        X: ArrayLike | ImageSource,
        y: ArrayLike,
        *,
        groups: ArrayLike | None = None,
        teacher: ArrayLike | None = None,
        watch: Watch | None = None,
        unlabeled: ArrayLike | ImageSource | None = None,
        initial: BaseImageClassifier | None = None,
        on_epoch: Callable[[Epoch], None] | None = None,
        checkpoint: Path | None = None,
    ) -> Self:
        """Train the network.

        Args:
            X: (n, image_size, image_size, 3) uint8, or with 1 channel.
            y: (n,) labels of two classes or more.
            groups: (n,) int; images of one number are copies of each other, and the validation set
                holds none whose copy is trained on. None: no copies.
            teacher: (n, classes) probabilities of these images by another classifier, for knowledge
                distillation; columns as in `classes_`.
            watch: held-out images and their labels, whose loss and accuracy are to stand in the
                history. They choose nothing: the weights are the same bit for bit without them.
                Those of classes that `y` lacks are left out. Not with `patience`, which watches a
                part of the training images.
            unlabeled: further images to pretrain on, as `X`.
            initial: fitted classifier of the same architecture, whose layers but the last this
                network starts from, and whose standardization it keeps.
            on_epoch: called with each new entry of the history.
            checkpoint: file that holds the state after each epoch. A killed training of the same
                arguments and images is resumed from there, to the same end bit for bit; a file of
                another training or a damaged one is ignored. Removed at the end.

        Raises:
            InputError: images or arguments that no training can have.
            StrataError: the training diverged.
        """
        started = time.perf_counter()
        source = self._check(X, CHANNELS)
        self.channels_ = source.shape[3]
        labels = self._encode_labels(y, len(source))
        more = None if unlabeled is None else self._check(unlabeled)
        self._check_arguments()
        check_conflicts(self.get_params(), initial=initial is not None)
        if more is not None and not self.pretrain_epochs:
            raise InputError(
                "Images without labels are only for pretraining, and pretrain_epochs = 0.",
                "Set pretrain_epochs, for example 10.",
            )
        for name in ("lr_curve_", "pretrain_losses_"):  # of an earlier fit with other arguments
            self.__dict__.pop(name, None)
        device = choose_device(self.device)
        soft_labels = None
        if teacher is not None:
            shape = (len(source), len(self.classes_))
            soft_labels = SoftLabels.of(
                teacher, self.teacher_weight, self.temperature, device, shape
            )
        heldout = self._images_to_watch(watch, device)

        def images(rows: NDArray[np.intp]) -> Images:
            return Images(
                to_device(take_rows(source, rows), device),
                torch.from_numpy(labels[rows]).to(device),
                None if soft_labels is None else soft_labels.take(torch.from_numpy(rows)),
            )

        train, validation = self._split(labels, groups)
        network = self._initial_network(take_rows(source, train), more, initial, device)
        train_images = images(train)
        watched = images(validation) if len(validation) else heldout
        self.watched_ = "validation" if len(validation) else "heldout" if heldout else ""
        self.max_lr_ = self._find_max_lr(network, train_images)
        training = Training(network, train_images, self._config(max_lr=self.max_lr_), watched)
        soft = [] if soft_labels is None else [soft_labels.probabilities.cpu().numpy()]
        seen = [] if watch is None else [self._check(watch[0]), self._known_labels(watch[1])]
        start = [] if more is None else [more]
        start += [] if initial is None else map(np.atleast_1d, initial.weights_.values())
        data = [source, labels, train, *soft, *seen, *start]
        training.run(
            checkpoint_path=checkpoint,
            key=self._key(device, data) if checkpoint else "",
            on_epoch=on_epoch,
        )
        self.history_ = training.history
        self.weights_ = {k: v.cpu().numpy().copy() for k, v in network.state_dict().items()}
        self._count_costs()
        self.training_accuracy_ = self._accuracy(source, y)
        self.fit_seconds_ = time.perf_counter() - started
        return self

    def find_lr(
        self,
        X: ArrayLike | ImageSource,
        y: ArrayLike,
        *,
        teacher: ArrayLike | None = None,
        **start: Any,
    ) -> LRCurve:
        """Run the LR finder on a network like this one, pretrained if it is to be.

        Args:
            X, y, teacher: as in `fit`.
            start: likewise, `unlabeled` and `initial`.
        """
        trial = clone(self).set_params(max_lr="auto", epochs=0, patience=None)
        return trial.fit(X, y, teacher=teacher, **start).lr_curve_

    def _check_arguments(self) -> None:
        """Raise `InputError` for values that no training can have, before any work."""
        self._config(max_lr=1.0 if self.max_lr == "auto" else self.max_lr).check()
        if self.tta_views < 1 or self.pretrain_epochs < 0 or self.frozen_epochs < 0:
            raise InputError(
                "tta_views must be at least 1, pretrain_epochs and frozen_epochs not negative."
            )
        if self.patience is not None and not 0 < self.validation_fraction < 1:
            raise InputError(f"validation_fraction must be in (0, 1): {self.validation_fraction}.")

    def _initial_network(
        self,
        images: ImageSource,
        unlabeled: ImageSource | None,
        initial: BaseImageClassifier | None,
        device: torch.device,
    ) -> Network:
        """The network before training, on the device; sets `architecture_`."""
        architecture = Architecture.of(self.architecture)
        self.architecture_ = architecture.to_dict()
        common = {"window": self.window(), "random_state": self.random_state}
        network = initial_network(
            architecture, images, initial, num_classes=len(self.classes_), **common
        )
        loss = Loss.of(self.loss)
        if loss.name == "arcface":
            use_cosine_head(network, loss.scale)
        network.to(device)
        if self.pretrain_epochs:
            sizes = {"epochs": self.pretrain_epochs, "batch_size": self.batch_size}
            self.pretrain_losses_ = pretrain_network(network, images, unlabeled, **sizes, **common)
        return network

    def _find_max_lr(self, network: Network, images: Images) -> float:
        """Maximum of the learning rate; with "auto", runs the LR finder and sets `lr_curve_`."""
        if self.max_lr != "auto":
            return self.max_lr
        self.lr_curve_ = find_lr(network, images, self._config(max_lr=1.0))
        return self.lr_curve_.suggestion

    def _key(self, device: torch.device, data: list[ImageSource]) -> str:
        """Identifies the training on this data, for checkpoints."""
        return training_key([self.get_params(), self.architecture_, self.max_lr_], device, data)
