"""A network from scratch as a scikit-learn classifier of images."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from strata.errors import InputError
from strata.models.architectures.architecture import Architecture
from strata.models.architectures.builder import Network, build
from strata.models.architectures.flops import cost_table
from strata.models.architectures.initialization import lsuv_init
from strata.models.architectures.registry import LSUV
from strata.models.estimators.base import BaseNetworkClassifier
from strata.models.runtime.checkpoint import training_key
from strata.models.runtime.devices import choose_device
from strata.models.runtime.image_source import Pixels, held, on_device, part, too_large
from strata.models.training.augment_config import Augmentation
from strata.models.training.batches import Images
from strata.models.training.denoising_pretraining import pretrain
from strata.models.training.distillation import SoftLabels
from strata.models.training.inference import predict, window_starts
from strata.models.training.lr_finder import LRCurve, find_lr
from strata.models.training.trainer import Epoch, Training
from strata.models.training.validation_split import hold_out
from strata.seeds import derive, generator

#: Images that a data-dependent initialization looks at.
INITIAL_BATCH = 64


class NetworkClassifier(BaseNetworkClassifier):
    """A network trained from scratch on square images of one size.

    `X` is (n, size, size, 3) uint8 RGB (`images.resize_images` makes it so, in training and
    prediction alike); `y` holds n class names or numbers. Images of more than a gigabyte stay where
    they are (in a mapped file, say) and are read batch by batch, to the same result.

    Args:
        architecture: a name of `presets.PRESETS`, a dict of such a `name` and arguments of that
            preset, or a description that `architecture.Architecture.from_dict` reads.
        image_size: side of the images, pixels.
        epochs: passes over the training images.
        batch_size: images per step, at least 2.
        optimizer: a key of `optimizers.OPTIMIZERS`.
        max_lr: the highest learning rate; "auto" tries rising ones first and takes what
            `rates.find_lr` suggests.
        momentum: of the optimizer "sgd"; the others take none.
        weight_decay: of weights, not of biases and normalizations.
        lr_schedule: a key of `schedules.SCHEDULES`.
        label_smoothing: share of a target that is spread over all classes.
        class_weight: "balanced": an image's loss counts n / (classes * images of its class), so
            that rare classes count as much as frequent ones; None: every image counts alike.
        augmentation: "none", "light", "strong" (see `augmentation.AUGMENTATIONS`), or fields of
            `augmentation.Augmentation`.
        clip_grad_norm: largest norm of a step's gradient; None: as it is.
        ema_decay: decay of the moving average of weights that is kept as the result; 0: none.
        tta_flip: predict from the mean score of an image and its mirror image.
        tta_views: predict from the mean score of views x views windows, spread evenly over the image
            where training sees windows (`crop`), else a little moved (see `inference.predict`);
            1: the one in the middle.
        pretrain_epochs: epochs in which each block learns to undo noise before the training proper,
            without labels (see `pretraining.pretrain`); for few images. 0: none.
        patience: end when the validation loss has not improved for so many epochs, and keep the
            best epoch's weights; None: train to the end.
        validation_fraction: share of the training images, of every class, that `patience` watches.
        teacher_weight, temperature: weight of a teacher's probabilities in the loss, and how far they are
            softened (see `distillation.SoftLabels`); without a teacher they say nothing.
        device: "auto", "cpu", "cuda" or "mps".
        random_state: of initial weights, order, augmentation and dropout. On a CPU with one thread the
            same seed gives the same result bit for bit.

    Attributes:
        classes_: class names, sorted.
        max_rate_: the highest learning rate of the training.
        rate_curve_: with "auto" only: what the search for it saw.
        pretraining_losses_: with `pretraining` only: for each block, error by epoch.
        history_: one dict per epoch: epoch, loss, accuracy (while training, on augmented images),
            rate, gradient_norm (mean over steps), seconds; with `patience` also validation_loss
            and validation_accuracy; layer by layer what `diagnostics.watching` sees.
        weights_: the network's state as numpy arrays.
        architecture_: the full description of the network.
        parameters_: numbers that training adjusted.
        multiply_adds_: for one view of an image (`flip_average` doubles the views).
        training_accuracy_: share of training images recognized at the end, without augmentation.
        fit_seconds_: of this fit (of the last process only, when resumed).
    """

    def __init__(
        self,
        architecture: str | Mapping[str, Any] = "tinynet",
        *,
        image_size: int = 64,
        epochs: int = 60,
        batch_size: int = 64,
        optimizer: str = "adamw",
        max_lr: float | Literal["auto"] = 0.01,
        momentum: float = 0.9,
        weight_decay: float = 0.05,
        lr_schedule: str = "one-cycle",
        label_smoothing: float = 0.1,
        class_weight: Literal["balanced"] | None = None,
        augmentation: str | Mapping[str, Any] = "light",
        clip_grad_norm: float | None = None,
        ema_decay: float = 0.0,
        tta_flip: bool = True,
        tta_views: int = 1,
        pretrain_epochs: int = 0,
        patience: int | None = None,
        validation_fraction: float = 0.1,
        teacher_weight: float = 0.5,
        temperature: float = 2.0,
        device: str = "auto",
        random_state: int = 0,
    ) -> None:
        self.architecture = architecture
        self.image_size = image_size
        self.epochs = epochs
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.max_lr = max_lr
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.lr_schedule = lr_schedule
        self.label_smoothing = label_smoothing
        self.class_weight = class_weight
        self.augmentation = augmentation
        self.clip_grad_norm = clip_grad_norm
        self.ema_decay = ema_decay
        self.tta_flip = tta_flip
        self.tta_views = tta_views
        self.pretrain_epochs = pretrain_epochs
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.teacher_weight = teacher_weight
        self.temperature = temperature
        self.device = device
        self.random_state = random_state

    def fit(
        self,
        X: ArrayLike | Pixels,
        y: ArrayLike,
        *,
        groups: ArrayLike | None = None,
        teacher: ArrayLike | None = None,
        on_epoch: Callable[[Epoch], None] | None = None,
        checkpoint: Path | None = None,
    ) -> Self:
        """Train.

        Args:
            X: (n, size, size, 3) uint8.
            y: (n,) labels of two classes or more.
            groups: (n,) of each image; those of one number are copies of each other, and
                `patience` watches none whose copy is learned from. None: no copies.
            teacher: (n, classes) probabilities of these images by another classifier, to learn
                from beside the labels; columns as in `classes_`.
            on_epoch: called with each new line of the history.
            checkpoint: file that holds the state after each epoch. A training of the same
                settings and images that was killed goes on from there, to the same end bit for
                bit; a file of other settings or a damaged one is ignored. Removed at the end.

        Raises:
            InputError: images or settings that no training can have.
            StrataError: the training diverged.
        """
        started = time.perf_counter()
        pixels = self._check(X)
        numbers = self._numbered(y, len(pixels))
        self._check_settings()
        self._forget()
        device = choose_device(self.device)
        taught = self._taught(teacher, len(pixels), device)

        def images(rows: NDArray[np.intp]) -> Images:
            return Images(
                on_device(part(pixels, rows), device),
                torch.from_numpy(numbers[rows]).to(device),
                None if taught is None else taught.take(torch.from_numpy(rows)),
            )

        train, watched = self._parts(numbers, groups)
        network = self._begun(part(pixels, train), device)
        learned, held_out = images(train), images(watched) if len(watched) else None
        self.max_rate_ = self._rate(network, learned)
        training = Training(network, learned, self._settings(max_rate=self.max_rate_), held_out)
        said = [] if taught is None else [taught.probabilities.cpu().numpy()]
        training.run(
            keep=checkpoint,
            key=self._key(device, [pixels, numbers, train, *said]) if checkpoint else "",
            on_epoch=on_epoch,
        )
        self.history_ = training.history
        self.weights_ = {k: v.cpu().numpy().copy() for k, v in network.state_dict().items()}
        self._measure()
        self.training_accuracy_ = self._share_right(pixels, y)
        self.fit_seconds_ = time.perf_counter() - started
        return self

    def find_lr(
        self, X: ArrayLike | Pixels, y: ArrayLike, *, teacher: ArrayLike | None = None
    ) -> LRCurve:
        """Try rising learning rates on a network like this one (see `rates.find_lr`).

        Args:
            X, y, teacher: as of `fit`. The network is pretrained first if it is to be.
        """
        trial = clone(self).set_params(max_rate="auto", epochs=0, patience=None)
        return trial.fit(X, y, teacher=teacher).rate_curve_

    def decision_function(self, X: ArrayLike | Pixels) -> NDArray[np.float64]:
        """Class scores before the softmax, (n, classes), columns as in `classes_`."""
        check_is_fitted(self)
        pixels, device = self._check(X), choose_device(self.device)
        network = self.network().to(device).to(memory_format=torch.channels_last)
        scores = predict(
            network,
            on_device(pixels, device),
            window=self.window(),
            views=self.tta_views,
            flip=self.tta_flip,
        )
        return scores.cpu().numpy().astype(np.float64)

    def network(self) -> Network:
        """The trained network as a torch module, on the CPU, a copy of its own."""
        check_is_fitted(self)
        network = build(self.architecture_, side=self.window(), classes=len(self.classes_))
        network.load_state_dict({k: torch.as_tensor(v) for k, v in self.weights_.items()})
        return network.eval()

    def _forget(self) -> None:
        """What an earlier fit of other settings left behind."""
        for name in ("rate_curve_", "pretraining_losses_"):
            self.__dict__.pop(name, None)

    def window(self) -> int:
        """Side of what the network sees at once, pixels."""
        return Augmentation.of(self.augmentation).window(self.image_size)

    def middle(self, X: ArrayLike) -> NDArray[np.uint8]:
        """The window in the middle of each image: (n, window, window, 3) uint8.

        Args:
            X: as of `fit`, but in memory.

        Raises:
            InputError: other images than `fit` takes.
        """
        (start,) = window_starts(self.image_size, self.window(), 1)
        inner = slice(start, start + self.window())
        windows: NDArray[np.uint8] = self._check(np.asarray(X))[:, inner, inner]
        return windows

    def _check_settings(self) -> None:
        """Raise `InputError` for what no training can have, before any work."""
        self._settings(max_rate=1.0 if self.max_lr == "auto" else self.max_lr).check()
        if self.tta_views < 1 or self.pretrain_epochs < 0:
            raise InputError("views must be at least 1, and pretraining must not be negative.")
        if self.patience is not None and not 0 < self.validation_fraction < 1:
            raise InputError(f"validation must be in (0, 1): {self.validation_fraction}.")

    def _check(self, X: ArrayLike | Pixels) -> Pixels:
        pixels = held(X)
        expected = (len(pixels), self.image_size, self.image_size, 3)
        if pixels.dtype != np.uint8 or pixels.shape != expected:
            raise InputError(
                f"Expected uint8 images of shape {expected}, not {pixels.dtype} {pixels.shape}.",
                "resize_images(images, size) brings images of any size to that shape.",
            )
        return pixels

    def _parts(
        self, numbers: NDArray[np.int64], groups: ArrayLike | None
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Rows to learn from, and rows that `patience` watches."""
        if self.patience is None:
            return np.arange(len(numbers)), np.arange(0)
        return hold_out(
            numbers, self.validation_fraction, generator(self.random_state, "validation"), groups
        )

    def _begun(self, pixels: Pixels, device: torch.device) -> Network:
        """The network before training, as the training images make it; sets `architecture_`."""
        architecture = Architecture.of(self.architecture)
        self.architecture_ = architecture.to_dict()
        seed, classes = derive(self.random_state, "weights"), len(self.classes_)
        network = build(architecture, side=self.window(), classes=classes, seed=seed)
        network.standardize_by(pixels)
        if architecture.initialization == LSUV:
            some = generator(self.random_state, "lsuv").permutation(len(pixels))[:INITIAL_BATCH]
            views = torch.from_numpy(self.middle(pixels[np.sort(some)]))
            lsuv_init(network.eval(), views.permute(0, 3, 1, 2))
        network.to(device)
        if self.pretrain_epochs:
            self.pretraining_losses_ = self._pretrain(network, pixels)
        return network

    def _pretrain(self, network: Network, pixels: Pixels) -> list[list[float]]:
        """Let each block learn to undo noise on the training images, on the network's device."""
        if too_large(pixels):
            raise InputError(
                "There are too many images to pretrain on: they do not fit into memory.",
                "Take smaller images, or pretraining = 0.",
            )
        unlabeled = torch.from_numpy(self.middle(pixels[:])).to(network.mean.device)
        return pretrain(
            network.to(memory_format=torch.channels_last),
            unlabeled.permute(0, 3, 1, 2),
            epochs=self.pretrain_epochs,
            batch=self.batch_size,
            seed=derive(self.random_state, "pretraining"),
        )

    def _rate(self, network: Network, learned: Images) -> float:
        """The highest learning rate; where it is to be found, sets `rate_curve_`."""
        if self.max_lr != "auto":
            return self.max_lr
        self.rate_curve_ = find_lr(network, learned, self._settings(max_rate=1.0))
        return self.rate_curve_.suggestion

    def _key(self, device: torch.device, data: list[Pixels]) -> str:
        """Names the training on this data, from the network that it begins with."""
        facts = [self.get_params(), self.architecture_, self.max_rate_]
        return training_key(facts, device, data)

    def _taught(
        self, teacher: ArrayLike | None, images: int, device: torch.device
    ) -> SoftLabels | None:
        if teacher is None:
            return None
        given, expected = np.asarray(teacher), (images, len(self.classes_))
        if given.shape != expected:
            raise InputError(
                f"A teacher's probabilities need the shape {expected}, not {given.shape}."
            )
        return SoftLabels.of(given, self.teacher_weight, self.temperature, device)

    def _measure(self) -> None:
        """Costs of the fitted network."""
        classes = len(self.classes_)
        rows = cost_table(self.architecture_, side=self.window(), classes=classes)
        self.parameters_ = sum(row.parameters for row in rows)
        self.multiply_adds_ = sum(row.multiply_adds for row in rows)
