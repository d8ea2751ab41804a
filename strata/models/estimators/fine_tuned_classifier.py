"""Classifier of images: a pretrained network, fine-tuned from a boundary node on."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal, Self

import torch
from numpy.typing import ArrayLike

from strata.errors import InputError
from strata.models.estimators.base import Watch
from strata.models.estimators.boundary_prediction import BaseBoundaryClassifier
from strata.models.estimators.head_training import train_head
from strata.models.estimators.layer_training import train_layers
from strata.models.estimators.training_conflicts import check_fine_tuning
from strata.models.runtime.checkpoint import training_key
from strata.models.runtime.devices import choose_device
from strata.models.runtime.image_source import ImageSource, first_views, flatten_views, to_device
from strata.models.training.augment_config import Augmentation, AugmentationLike
from strata.models.training.batches import Images
from strata.models.training.config import TrainingConfig
from strata.models.training.lr_schedules import ScheduleName
from strata.models.training.optimizers import OptimizerName
from strata.models.training.trainer import Epoch
from strata.models.transfer import backbones
from strata.models.transfer.finetuning import auxiliary
from strata.models.transfer.finetuning.activations import ActivationName
from strata.models.transfer.finetuning.finetune_module import FineTuneModule
from strata.models.transfer.finetuning.head import HeadActivation
from strata.models.transfer.finetuning.pooling import EmbeddingForm
from strata.models.transfer.finetuning.weight_decay import undecayed_parameters
from strata.models.transfer.frozen_backbone import WeightsLike, resolve_state_dict
from strata.models.transfer.subgraph import IMAGES
from strata.parameter_types import (
    BatchSize,
    Device,
    Fraction,
    NonNegativeFloat,
    NonNegativeInt,
    OpenUnitInterval,
    PositiveFloat,
    PositiveInt,
)


class FineTunedClassifier(BaseBoundaryClassifier):
    """Pretrained network fine-tuned in two phases: the new head alone, then all trainable layers.

    Layers before the node `freeze_until` are frozen and never run here: `X` holds their output
    (`boundary.boundary_activations` makes it), floating (n, views, h, w, channels), for each
    image and its augmented copies. Every view is a training example; the scores of an image are the
    mean over its views. With freeze_until="images", `X` holds the uint8 images. More than a
    gigabyte is read batch by batch from where it is (a memory-mapped file, say), with the same
    result.

    Args:
        backbone: a classification network of torchvision.
        freeze_until: boundary node: layers up to it are frozen, those after it are trained.
            "images": all layers are trained; the same as `output_node`: only the head is.
        output_node: the last node that is kept; its pooled output is what a new head takes.
        head_inputs: further nodes whose pooled outputs are inputs of the head, each `freeze_until`
            or between it and `output_node`.
        image_size: width and height of the images, pixels, of which `X` holds activations; None:
            what the network was made for.
        embedding: "pooled": the head takes the means over positions; "power_norm": each node's
            vector is scaled to length 1, its signed square root taken, and its mean over the
            training images subtracted.
        weights: a file of weights, or a folder that holds `BACKBONE.pth`; "": the environment
            variable STRATA_WEIGHTS, torch's hub folder, or torchvision's server. Or a state_dict.
        head_epochs: epochs of the first phase, on embeddings that are computed once.
        head_lr: maximum of the learning rate in the first phase (AdamW, one-cycle schedule).
        head_init_C: set the head by L2-regularized logistic regression instead of the first phase,
            with this inverse strength of the penalty (scikit-learn's C) for one view per image;
            None: train it for `head_epochs`.
        head_hidden: widths of hidden layers of the head; none: it is linear. Both phases train it.
        head_activation: after each hidden layer of the head, "gelu" or "relu".
        epochs: epochs of the second phase; 0: only the head is trained.
        batch_size: views per gradient step.
        optimizer: of the second phase: "adamw", "adam", "sgd" (with momentum), "plain-sgd"
            (without), "rmsprop", "adadelta" or "adagrad".
        max_lr: maximum of the learning rate in the second phase.
        momentum: of the optimizer "sgd"; the others ignore it.
        nesterov: momentum of the optimizer "sgd": True: Nesterov's; False: plain (heavy-ball).
        weight_decay: of weights, not of biases, normalizations, class tokens, embeddings and
            tables of positions, or scales of layers; in both phases.
        lr_schedule: of the second phase: "one-cycle", "cosine", "step" (a tenth after each third)
            or "constant".
        label_smoothing: share of a target that is spread over all classes, in both phases.
        class_weight: "balanced": an image's loss counts n / (classes * images of its class), in
            both phases; None: every image counts alike.
        clip_grad_norm: largest norm of a step's gradient in the second phase; None: no clipping.
        ema_decay: decay of the exponential moving average of the weights in the second phase, which
            is kept as the result; 0: no average.
        layer_decay: factor on the learning rate from each block to the one before it; the last
            block and the head have the full learning rate. Blocks as of
            `layer_decay.block_parameters`.
        lora_rank: the second phase keeps the weights of the layers, and learns updates of this
            rank of the linear ones (Hu et al., "LoRA", ICLR 2022); 0: it trains the layers.
        lora_alpha: scale of the updates, alpha: they are multiplied by alpha / rank.
        batch_norm: "adapt": trained batch normalizations use the batch's statistics and update the
            moving ones; "frozen": they keep ImageNet's statistics.
        activation: replaces every activation function of the trained part; "own": those of the
            network. Weights are kept.
        dropout: share of the inputs of each layer of the head that is dropped.
        aux_weight: weight of the loss of each auxiliary classifier of Inception-v3 or GoogLeNet
            that takes an output of the trained part, in the second phase; new for these classes
            and removed after training. Their papers have 0.4 and 0.3; 0: none.
        patience: end a phase when the validation loss has not improved for so many epochs, and keep
            its best epoch's weights; None: train to the end.
        validation_fraction: share of each class's training images in the validation set that
            `patience` needs; an image with all its views.
        augmentation: of images in training ("none", "light", "strong", or a dict with fields of
            `Augmentation`), with freeze_until="images"; activations take "mixup" only.
        device: "auto", "cpu", "cuda" or "mps".
        random_state: seed of order, dropout, augmentation, and of initial weights of LoRA's updates
            and of the head's hidden layers; its last layer starts at zero.

    Attributes:
        classes_: class names, sorted.
        history_: one dict per epoch of the first phase, then of the second, as in
            `NetworkClassifier`.
        weights_: state_dict of the layers after `freeze_until` as numpy arrays.
        watched_: images that validation_loss and validation_accuracy of the history were measured
            on: "validation", "heldout" or "", as in `NetworkClassifier`.
        layers_: the layer table, a dict for each row of `finetune_layers`, the frozen part first.
        parameters_: number of weights after `freeze_until`, the head's included.
        trainable_parameters_, frozen_parameters_: number of weights of the whole network, from the
            images to the scores, that are trained, those of LoRA's updates included, and that are
            not.
        multiply_adds_: of the layers after `freeze_until`, for one view.
        saved_multiply_adds_: that the frozen layers would have cost if every epoch had run them.
        training_accuracy_: accuracy on the training images at the end.
        fit_seconds_: of this fit.
    """

    def __init__(
        self,
        backbone: str = "inception_v3",
        *,
        freeze_until: str = "Mixed_6e",
        output_node: str = "Mixed_7a",
        head_inputs: tuple[str, ...] = (),
        image_size: PositiveInt | None = None,
        embedding: EmbeddingForm = "pooled",
        weights: WeightsLike = "",
        head_epochs: NonNegativeInt = 10,
        head_lr: PositiveFloat = 0.01,
        head_init_C: PositiveFloat | None = None,
        head_hidden: tuple[PositiveInt, ...] = (),
        head_activation: HeadActivation = "gelu",
        epochs: NonNegativeInt = 3,
        batch_size: BatchSize = 32,
        optimizer: OptimizerName = "adamw",
        max_lr: PositiveFloat = 3e-4,
        momentum: Fraction = 0.9,
        nesterov: bool = True,
        weight_decay: NonNegativeFloat = 0.05,
        lr_schedule: ScheduleName = "one-cycle",
        label_smoothing: Fraction = 0.1,
        class_weight: Literal["balanced"] | None = None,
        clip_grad_norm: PositiveFloat | None = None,
        ema_decay: Fraction = 0.99,
        layer_decay: NonNegativeFloat = 1.0,
        lora_rank: NonNegativeInt = 0,
        lora_alpha: PositiveFloat = 16.0,
        batch_norm: Literal["adapt", "frozen"] = "adapt",
        activation: ActivationName = "own",
        dropout: Fraction = 0.0,
        aux_weight: NonNegativeFloat = 0.0,
        patience: PositiveInt | None = None,
        validation_fraction: OpenUnitInterval = 0.1,
        augmentation: AugmentationLike = "none",
        device: Device = "auto",
        random_state: int = 0,
    ) -> None:
        self.backbone = backbone
        self.freeze_until = freeze_until
        self.output_node = output_node
        self.head_inputs = head_inputs
        self.image_size = image_size
        self.embedding = embedding
        self.weights = weights
        self.head_epochs = head_epochs
        self.head_lr = head_lr
        self.head_init_C = head_init_C
        self.head_hidden = head_hidden
        self.head_activation = head_activation
        self.epochs = epochs
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.max_lr = max_lr
        self.momentum = momentum
        self.nesterov = nesterov
        self.weight_decay = weight_decay
        self.lr_schedule = lr_schedule
        self.label_smoothing = label_smoothing
        self.class_weight = class_weight
        self.clip_grad_norm = clip_grad_norm
        self.ema_decay = ema_decay
        self.layer_decay = layer_decay
        self.lora_rank = lora_rank
        self.lora_alpha = lora_alpha
        self.batch_norm = batch_norm
        self.activation = activation
        self.dropout = dropout
        self.aux_weight = aux_weight
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.augmentation = augmentation
        self.device = device
        self.random_state = random_state

    def fit(
        self,
        X: ArrayLike | ImageSource,
        y: ArrayLike,
        *,
        groups: ArrayLike | None = None,
        watch: Watch | None = None,
        on_epoch: Callable[[Epoch], None] | None = None,
        checkpoint: Path | None = None,
    ) -> Self:
        """Train the head, then all layers after `freeze_until`.

        Args:
            X: (n, views, h, w, channels), floating, or uint8 if `freeze_until` is "images".
            y: (n,) labels of two classes or more.
            groups: (n,) int; images of one number are copies of each other, and the validation set
                that `patience` needs holds none whose copy is trained on. None: no copies.
            watch: held-out images and their labels, as `X` and `y`, of whose first views loss and
                accuracy are to stand in the history, as in `NetworkClassifier.fit`.
            on_epoch: called with each new entry of the history.
            checkpoint: file that holds the second phase's state after each epoch, as in
                `NetworkClassifier.fit`.

        Raises:
            InputError: shapes, nodes, weights or arguments that no training can have.
            StrataError: the training diverged; the weights cannot be downloaded.
        """
        started = time.perf_counter()
        views = self._check(X)
        labels = self._encode_labels(y, len(views))
        device, config = choose_device(self.device), self._checked_config()
        heldout = self._images_to_watch(watch, device)
        train, validation = self._split(labels, groups)
        module = self._initial_module(len(self.classes_)).to(device)
        trains_layers = bool(self.epochs and list(module.blocks.parameters()))
        if not (trains_layers or self._head_passes()):
            raise InputError(
                "Nothing would be trained: the head has no epochs, and all layers are frozen.",
                "Set head_epochs, or epochs and a freeze_until before output_node.",
            )
        copies, numbers = views.shape[1], torch.from_numpy(labels).to(device)
        rows = flatten_views(views, train)
        images = Images(to_device(rows, device), numbers[train].repeat_interleave(copies))
        watched = heldout
        if len(validation):
            plain = to_device(first_views(views, validation), device)
            watched = Images(plain, numbers[validation])
        self.watched_ = "validation" if len(validation) else "heldout" if heldout else ""
        init_C = None if self.head_init_C is None else self.head_init_C / copies
        self.history_ = train_head(
            module, images, self._head_config(), watched, init_C=init_C, on_epoch=on_epoch
        )
        head_epochs = len(self.history_)

        def renumbered(entry: Epoch) -> Epoch:
            return {**entry, "epoch": entry["epoch"] + head_epochs}

        if trains_layers:
            seen = [] if watch is None else [self._check(watch[0]), self._known_labels(watch[1])]
            data = [views, labels, train, *seen]
            history = train_layers(
                module,
                images,
                config,
                watched,
                layer_decay=self.layer_decay,
                lora_rank=self.lora_rank,
                lora_alpha=self.lora_alpha,
                checkpoint=checkpoint,
                key=self._key(module, device, data) if checkpoint else "",
                on_epoch=(lambda entry: on_epoch(renumbered(entry))) if on_epoch else None,
            )
            self.history_ += map(renumbered, history)
        module.auxiliary.clear()  # not used in prediction
        self.weights_ = {k: v.cpu().numpy().copy() for k, v in module.state_dict().items()}
        passes = max(0, self._head_passes() + self.epochs - 1) * len(images)
        self._count_costs(trainable=bool(self.epochs), saved_passes=passes)
        self.training_accuracy_ = self._accuracy(views, y)
        self.fit_seconds_ = time.perf_counter() - started
        return self

    def _initial_module(self, num_classes: int) -> FineTuneModule:
        """The module before training, with pretrained weights and the auxiliary heads, if any."""
        state = resolve_state_dict(self.backbone, self.weights)
        network = backbones.build(self.backbone, state, self.image_size)
        if self.aux_weight:
            places = auxiliary.auxiliary_places(self.backbone, self.freeze_until, self.output_node)
            module = self._module(network, num_classes, tuple(place.node for place in places))
            auxiliary.add_auxiliary_heads(module, places, self.aux_weight, self.random_state)
        else:
            module = self._module(network, num_classes)
        module.undecayed = undecayed_parameters(network)
        return module

    def _head_passes(self) -> int:
        """Epochs of the first phase; 1 for logistic regression, whose passes are not counted."""
        return self.head_epochs if self.head_init_C is None else 1

    def _head_config(self) -> TrainingConfig:
        return self._config(
            epochs=self.head_epochs,
            optimizer="adamw",
            max_lr=self.head_lr,
            lr_schedule="one-cycle",
            augmentation=Augmentation(),
            clip_grad_norm=None,
            ema_decay=0.0,
        )

    def _key(self, module: FineTuneModule, device: torch.device, data: list[ImageSource]) -> str:
        """Identifies the second phase, for checkpoints; of `module`, the weights below the head."""
        facts = {k: v for k, v in self.get_params().items() if k != "weights"}
        weights = [t.detach().cpu().numpy() for t in module.blocks.state_dict().values() if t.ndim]
        return training_key(facts, device, [*data, *weights])

    def _checked_config(self) -> TrainingConfig:
        """Configuration of the second phase.

        Raises:
            InputError: values of any argument that no training can have.
        """
        config = self._config()
        config.check()
        self._head_config().check()
        check_fine_tuning(self.get_params(deep=False))
        self._check_nodes()
        augmentation = config.augmentation
        if not self.epochs:
            return config  # the first phase uses no augmentation
        if self.freeze_until != IMAGES and augmentation != Augmentation(mixup=augmentation.mixup):
            raise InputError(
                "Activations cannot be augmented, but for mixup.",
                'Give augmented copies of the images as views, or set freeze_until = "images".',
            )
        if augmentation.crop < 1:
            raise InputError("Fine-tuning takes no crops: they would change the images' size.")
        return config
