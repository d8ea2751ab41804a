"""Pretrained networks trained on: only what is open runs, from activations kept at its border."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self, cast

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted
from torch import Tensor
from torch.nn import Parameter

from strata.errors import InputError
from strata.models.architectures.builder import Network
from strata.models.estimators.base import BaseNetworkClassifier
from strata.models.runtime.checkpoint import training_key
from strata.models.runtime.devices import choose_device, deterministic_cuda, mixed_precision
from strata.models.runtime.image_source import Pixels, Streamed, each_view, held, on_device
from strata.models.training.augment_config import Augmentation
from strata.models.training.batches import Images
from strata.models.training.config import TrainingConfig
from strata.models.training.trainer import Epoch, Training
from strata.models.transfer import auxiliary, backbones
from strata.models.transfer.finetune_module import FineTuneModule, blocks_of
from strata.models.transfer.frozen_backbone import Weights, state_of
from strata.models.transfer.head_init import start_at_optimum
from strata.models.transfer.pooling import Embedding, Form
from strata.models.transfer.subgraph import IMAGES, check_beside, pool, section
from strata.models.transfer.subgraph_flops import part_cost
from strata.seeds import derive

#: Rows at a time where nothing is learned.
_BATCH = 64


class FineTunedClassifier(BaseNetworkClassifier):
    """A pretrained network whose last part learns, in two phases: the head alone, then all of it.

    `X` is (n, views, h, w, channels): activations at the border of each image and of its changed
    copies (`features.border_activations` makes them), each of which is learned from; the score of
    an image is the mean over its views. With the border at "images", X holds the uint8 images.
    More than a gigabyte of them stays where it is (in a mapped file, say) and is read batch by
    batch, to the same result.

    Args:
        backbone: a classification network of torchvision.
        freeze_until: the node from which on everything learns. "images": everything; the same as `cut`:
            the head only.
        output_node: the last node that is kept; its output is pooled and goes to a new linear layer.
        head_inputs: more nodes whose outputs go there too, each the border or between it and the cut.
        embedding: how outputs are pooled (see `embedding.Embedding`).
        weights: as of `features.BackboneFeatures`.
        head_epochs: passes of the first phase, over pooled activations, which are made once.
        head_lr: highest learning rate of the first phase (AdamW, one cycle).
        head_init_C: instead of these passes, the first phase finds the head of logistic regression with
            this inverse strength of the penalty, as of scikit-learn's, for one view an image.
        epochs: passes of the second phase; 0: the head is all.
        batch_size: rows per step, at least 2.
        optimizer, max_lr, momentum, weight_decay, lr_schedule, label_smoothing, clip_grad_norm, ema_decay: of the
            second phase, as of `network.NetworkClassifier`.
        class_weight: of both phases, as of `network.NetworkClassifier`.
        layer_decay: each block's learning rate as a share of that of the block after it; the last
            block and the head have `max_rate`.
        batch_norm: "adapt": batch normalizations of the open part use the batch's statistics
            while training and follow them; "frozen": they keep those of ImageNet.
        dropout: share of pooled activations dropped.
        aux_weight: weight of the loss of Inception's auxiliary classifier in the second phase (see
            `auxiliary`): a new one for these classes; 0: none.
        augmentation: of images, as of `network.NetworkClassifier`; activations take "mixup" only.
        device: "auto", "cpu", "cuda" or "mps".
        random_state: of order, dropout and augmentation. The first phase's head starts at zero.

    Attributes:
        classes_: class names, sorted.
        history_: one dict per epoch of the first phase, then of the second.
        weights_: state of the part after the border as numpy arrays.
        parameters_: numbers that training adjusted.
        multiply_adds_: of the part after the border, for one view.
        saved_multiply_adds_: that the frozen part would have cost if every pass had run it.
        training_accuracy_: share of training images recognized at the end.
        fit_seconds_: of this fit.
    """

    def __init__(
        self,
        backbone: str = "inception_v3",
        *,
        freeze_until: str = "Mixed_6e",
        output_node: str = "Mixed_7a",
        head_inputs: Sequence[str] = (),
        embedding: Form = "pooled",
        weights: Weights = "",
        head_epochs: int = 10,
        head_lr: float = 0.01,
        head_init_C: float | None = None,
        epochs: int = 3,
        batch_size: int = 32,
        optimizer: str = "adamw",
        max_lr: float = 3e-4,
        momentum: float = 0.9,
        weight_decay: float = 0.05,
        lr_schedule: str = "one-cycle",
        label_smoothing: float = 0.1,
        class_weight: Literal["balanced"] | None = None,
        clip_grad_norm: float | None = None,
        ema_decay: float = 0.99,
        layer_decay: float = 1.0,
        batch_norm: Literal["adapt", "frozen"] = "adapt",
        dropout: float = 0.0,
        aux_weight: float = 0.0,
        augmentation: str | Mapping[str, Any] = "none",
        device: str = "auto",
        random_state: int = 0,
    ) -> None:
        self.backbone = backbone
        self.freeze_until = freeze_until
        self.output_node = output_node
        self.head_inputs = head_inputs
        self.embedding = embedding
        self.weights = weights
        self.head_epochs = head_epochs
        self.head_lr = head_lr
        self.head_init_C = head_init_C
        self.epochs = epochs
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.max_lr = max_lr
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.lr_schedule = lr_schedule
        self.label_smoothing = label_smoothing
        self.class_weight = class_weight
        self.clip_grad_norm = clip_grad_norm
        self.ema_decay = ema_decay
        self.layer_decay = layer_decay
        self.batch_norm = batch_norm
        self.dropout = dropout
        self.aux_weight = aux_weight
        self.augmentation = augmentation
        self.device = device
        self.random_state = random_state

    def fit(
        self,
        X: ArrayLike | Pixels,
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
        views = self._check(X)
        numbers = self._numbered(y, len(views))
        device, settings = choose_device(self.device), self._checked_settings()
        tail = self._fresh(len(self.classes_)).to(device)
        opened = bool(self.epochs and list(tail.blocks.parameters()))
        if not (opened or self._head_passes()):
            raise InputError(
                "Nothing would learn: the head has no epochs, and nothing else is open.",
                "Set head_epochs, or epochs and a border before the cut.",
            )
        images = Images(
            on_device(each_view(views), device),
            torch.from_numpy(np.repeat(numbers, views.shape[1])).to(device),
        )
        self.history_ = self._train_head(tail, images, views.shape[1], on_epoch)
        before = len(self.history_)

        def later(line: Epoch) -> Epoch:
            return {**line, "epoch": line["epoch"] + before}

        if opened:
            training = Training(cast(Network, tail), images, settings, layers=self._layers(tail))
            training.run(
                keep=checkpoint,
                key=self._key(tail, device, [each_view(views), numbers]) if checkpoint else "",
                on_epoch=(lambda line: on_epoch(later(line))) if on_epoch else None,
            )
            self.history_ += map(later, training.history)
        tail.auxiliary = None  # it has taught what it could
        self.weights_ = {k: v.cpu().numpy().copy() for k, v in tail.state_dict().items()}
        self._measure(len(images))
        self.training_accuracy_ = self._share_right(views, y)
        self.fit_seconds_ = time.perf_counter() - started
        return self

    def decision_function(self, X: ArrayLike | Pixels) -> NDArray[np.float64]:
        """Class scores before the softmax, the mean over views: (n, classes), as in `classes_`."""
        check_is_fitted(self)
        views, device = self._check(X), choose_device(self.device)
        tail = self.network().to(device).to(memory_format=torch.channels_last)
        scores = tail.head(_pooled(tail, on_device(each_view(views), device))).detach().cpu()
        return scores.double().view(*views.shape[:2], len(self.classes_)).mean(1).numpy()

    def network(self) -> FineTuneModule:
        """The trained part as a torch module, on the CPU, a copy of its own."""
        check_is_fitted(self)
        network = backbones.skeleton(self.backbone)
        tail = self._tail(network, len(self.classes_), self._seen())
        tail.load_state_dict({k: torch.as_tensor(v) for k, v in self.weights_.items()})
        return tail.eval()

    def _check(self, X: ArrayLike | Pixels) -> Pixels:
        views = held(X)
        kind, shape = np.uint8 if self.freeze_until == IMAGES else np.floating, views.shape
        if len(shape) != 5 or shape[2] != shape[3] or 0 in shape[1:]:
            raise InputError(
                f"Expected (images, views, side, side, channels), not {shape}.",
                "border_activations makes them; X[:, None] turns one view an image into views.",
            )
        if not np.issubdtype(views.dtype, kind):
            raise InputError(f"Expected {kind.__name__} numbers, not {views.dtype}.")
        return views

    def _tail(self, network: torch.nn.Module, classes: int, ends: list[str]) -> FineTuneModule:
        return FineTuneModule(
            section(network, self.freeze_until, ends),
            classes,
            expected=backbones.preparation(self.backbone) if self.freeze_until == IMAGES else None,
            embedding=Embedding(self._widths(), self.embedding),
            dropout=self.dropout,
            adapt=self.batch_norm == "adapt",
        )

    def _seen(self) -> list[str]:
        """The nodes that the head looks at."""
        return [self.output_node, *self.head_inputs]

    def _widths(self) -> list[int]:
        cost = part_cost(self.backbone, IMAGES, self._seen())
        return [pool(torch.empty(1, *shape)).shape[1] for shape in cost.outputs]

    def _fresh(self, classes: int) -> FineTuneModule:
        network = backbones.build(self.backbone, state_of(self.backbone, self.weights))
        if not self.aux_weight:
            return self._tail(network, classes, self._seen())
        auxiliary.check_place(self.backbone, self.freeze_until, self.output_node)
        tail = self._tail(network, classes, [*self._seen(), auxiliary.NODE])
        tail.auxiliary = auxiliary.AuxiliaryHead(classes, derive(self.random_state, "auxiliary"))
        tail.auxiliary_weight = self.aux_weight
        return tail

    def _train_head(
        self,
        tail: FineTuneModule,
        images: Images,
        views: int,
        on_epoch: Callable[[Epoch], None] | None,
    ) -> list[Epoch]:
        """The first phase: the open part does not move yet, so its output is made once."""
        if not self._head_passes() and self.embedding == "pooled":
            return []
        pooled = tail.embedding.center_on(_pooled(tail, images.pixels))
        if self.head_init_C is not None:
            linear, C = tail.linear(), self.head_init_C / views
            start_at_optimum(linear, pooled, images.labels, C=C, class_weight=self.class_weight)
            return []
        if not self.head_epochs:
            return []
        rows = Images(pooled[:, None, None], images.labels)
        training = Training(cast(Network, tail.only_head()), rows, self._head_settings())
        training.run(on_epoch=on_epoch)
        return training.history

    def _head_passes(self) -> int:
        """Over the images, at least; how often the optimum's search looks at them is left open."""
        return self.head_epochs if self.head_init_C is None else 1

    def _head_settings(self) -> TrainingConfig:
        return self._settings(
            epochs=self.head_epochs,
            optimizer="adamw",
            max_rate=self.head_lr,
            schedule="one-cycle",
            augmentation=Augmentation(),
            clip=None,
            ema=0.0,
        )

    def _key(self, tail: FineTuneModule, device: torch.device, data: list[Pixels]) -> str:
        """Names the second phase: `tail` is as it was, but for the head."""
        facts = {k: v for k, v in self.get_params().items() if k != "weights"}
        weights = [t.detach().cpu().numpy() for t in tail.blocks.state_dict().values() if t.ndim]
        return training_key(facts, device, [*data, *weights])

    def _checked_settings(self) -> TrainingConfig:
        settings = self._settings()
        settings.check()
        self._head_settings().check()
        if not 0 <= self.dropout < 1 or not self.layer_decay >= 0 or not self.aux_weight >= 0:
            raise InputError("dropout must be in [0, 1); rate_decay and auxiliary not negative.")
        if self.batch_norm not in ("adapt", "frozen"):
            raise InputError(f"normalization must be 'adapt' or 'frozen': {self.batch_norm!r}.")
        check_beside(self.backbone, self.freeze_until, self.output_node, self.head_inputs)
        if self.head_init_C is not None and not self.head_init_C > 0:
            raise InputError(f"head_C must be above 0: {self.head_init_C!r}.")
        augmentation = settings.augmentation
        if not self.epochs:
            return settings  # the head looks at none of them
        if self.freeze_until != IMAGES and augmentation != Augmentation(mixup=augmentation.mixup):
            raise InputError(
                "Activations cannot be augmented, but for mixup.",
                'Give changed copies of the images as views, or set border = "images".',
            )
        if augmentation.crop < 1:
            raise InputError("Fine-tuning takes no crops: they would change the images' size.")
        return settings

    def _layers(self, tail: FineTuneModule) -> list[tuple[float, list[Parameter]]]:
        """Each block's share of the learning rate, by its distance from the last, and the heads."""
        blocks = blocks_of(tail.blocks[0])
        heads = [p for name, p in tail.named_parameters() if not name.startswith("blocks.")]
        far = range(len(blocks) - 1, -1, -1)
        shared = [(self.layer_decay**n, block) for n, block in zip(far, blocks, strict=True)]
        return [*shared, (1.0, heads)]

    def _measure(self, rows: int) -> None:
        part = part_cost(self.backbone, self.freeze_until, self._seen())
        frozen = part_cost(self.backbone, IMAGES, [self.freeze_until])
        head = self.weights_["head.1.weight"].size + len(self.classes_)
        self.parameters_ = (part.parameters if self.epochs else 0) + head
        self.multiply_adds_ = part.multiply_adds + head - len(self.classes_)
        again = max(0, self._head_passes() + self.epochs - 1)
        self.saved_multiply_adds_ = again * rows * frozen.multiply_adds


@torch.no_grad()
def _pooled(tail: FineTuneModule, rows: Tensor | Streamed) -> Tensor:
    """What the head sees of each row (b, h, w, channels): (b, features) float32, on its device."""
    tail.eval()
    parts = [torch.zeros(0, tail.embedding.width, device=rows.device)]
    with deterministic_cuda(), mixed_precision(rows.device, large=True):
        for part in rows.split(_BATCH):
            parts.append(tail.embed(part.permute(0, 3, 1, 2)).float())
    return torch.cat(parts)
