"""Gradient steps: forward pass of a mini-batch, loss, gradient, optimizer step.

All randomness of an epoch comes from the seed and the epoch's number, so a training resumed from a
checkpoint ends with the same weights; torch's global generator is not used.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import Parameter, functional
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

from strata.errors import InputError
from strata.models.architectures.builder import Network
from strata.models.architectures.dropout import seed_dropout
from strata.models.runtime import distributed
from strata.models.runtime.devices import mixed_precision
from strata.models.training import augment
from strata.models.training.batches import Batch, Images, batch_bounds
from strata.models.training.class_weights import (
    balanced_class_weights,
    balanced_sample,
    weight_targets,
)
from strata.models.training.config import TrainingConfig
from strata.models.training.embedding_losses import CenterLoss, add_margin
from strata.models.training.optimizers import build_optimizer
from strata.seeds import derive, generator


class GradientDescent:
    """Gradient descent on a network, in place, one mini-batch per step.

    In several processes (see `runtime.distributed`), each computes its slice of every batch, and
    all come to the same weights.

    Args:
        network: is moved to the images' device.
        images: the training set.
        config: of the training; epochs, lr_schedule, ema_decay and patience are not used here.
        layers: layer-wise learning rates as in `build_optimizer`; (): the same for all.

    Attributes:
        bounds: the batches of an epoch, as slices of its order.
        class_weights: (classes,) float32, or None without class weights.

    Raises:
        InputError: values that no training can have, or batches too small for the processes.
    """

    def __init__(
        self,
        network: Network,
        images: Images,
        config: TrainingConfig,
        layers: Sequence[tuple[float, list[Parameter]]] = (),
    ) -> None:
        config.check()
        self.network, self.images, self.config = network, images, config
        self.device = images.labels.device
        network.to(self.device).to(memory_format=torch.channels_last)
        self.optimizer = build_optimizer(
            config.optimizer,
            layers or [(1.0, network.parameters())],
            config.max_lr,
            config.weight_decay,
            config.momentum,
            nesterov=config.nesterov,
        )
        self.center_loss = None
        if config.loss.name == "center":
            self.center_loss = CenterLoss(cast(nn.Linear, network.head[-1]), config.loss.rate)
        self.class_numbers = images.labels.cpu().numpy() if config.sampling else None
        self.class_weights = None
        if config.class_weight:
            self.class_weights = balanced_class_weights(images.labels, network.num_classes)
        self.bounds = batch_bounds(len(images), config.batch_size)
        if min(rows.stop - rows.start for rows in self.bounds) < distributed.world_size():
            raise InputError(
                f"Batches of {config.batch_size} images are too small for "
                f"{distributed.world_size()} processes.",
                "Raise batch_size, or start fewer processes.",
            )
        distributed.broadcast_from_first(network.state_dict().values())

    def batches(self, epoch: int) -> Iterator[Batch]:
        """The batches of one epoch; order and augmentation follow from the seed and its number."""
        config, n = self.config, len(self.images)
        rng = generator(config.seed, "epoch", epoch)
        if self.class_numbers is None:
            drawn = rng.permutation(n)
        else:
            drawn = balanced_sample(self.class_numbers, rng)
        order = torch.as_tensor(drawn, device=self.device)
        image_size = self.images.pixels.shape[1]
        draws = augment.draw(config.augmentation, n, image_size, rng, self.device)
        own_rank = [distributed.rank()] if distributed.world_size() > 1 else []
        seed_dropout(self.network, derive(config.seed, "dropout", epoch, *own_rank), self.device)
        for rows in self.bounds:
            yield Batch(order[rows], draws.take(rows))

    def set_lr(self, lr: float) -> None:
        """Set the learning rate of the next step."""
        for group in self.optimizer.param_groups:
            group["lr"] = lr

    def step(self, batch: Batch) -> Tensor:
        """Train on one batch; returns its totals.

        Returns:
            (3 + 2 * auxiliary heads,): sum of losses, correct predictions, gradient norm; then sum
            of cross-entropies of each auxiliary head, and correct predictions of each.
        """
        x, targets, labels = self._examples(batch.rank_slice())
        with (
            captured_input(self.network.head[-1]) as embeddings,
            mixed_precision(self.device, large=self.network.large),
        ):
            (_, scores), *auxiliary = self.network.all_scores(x.permute(0, 3, 1, 2))
        own = targets[:, : self.network.num_classes]
        auxiliary_losses = [self._cross_entropy(early, own) for _, early in auxiliary]
        loss = self._loss(scores, targets, labels)
        if self.center_loss is not None:
            loss = loss + self.config.loss.weight * self.center_loss(embeddings[0], labels)
        for (weight, _), early_loss in zip(auxiliary, auxiliary_losses, strict=True):
            loss = loss + weight * early_loss
        self.optimizer.zero_grad()
        (loss * (len(labels) / len(batch.rows))).backward()
        losses = torch.stack([loss, *auxiliary_losses]).detach() * len(labels)
        predicted = [scores, *(early for _, early in auxiliary)]
        correct = torch.stack([(p.detach().argmax(1) == labels).sum() for p in predicted])
        totals = torch.cat([losses, correct])
        gradients = (p.grad for p in self.network.parameters() if p.grad is not None)
        distributed.all_reduce_sum([totals, *gradients])
        norm = self._clip()
        self.optimizer.step()
        if self.center_loss is not None:
            self.center_loss.update(embeddings[0], labels)
        losses, correct = totals.chunk(2)
        return torch.cat([losses[:1], correct[:1], norm[None], losses[1:], correct[1:]])

    def _examples(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Augmented images (b, h, w, channels), their targets, and class numbers (b,).

        Targets are (b, classes); with a teacher (b, 2 * classes), its soft labels last.
        """
        labels = self.images.labels[batch.rows]
        pixels = self.images.pixels.index_select(0, batch.rows)
        x = augment.apply(self.config.augmentation, pixels, batch.draws)
        targets = functional.one_hot(labels, self.network.num_classes).float()
        soft = self.images.soft_labels
        if soft is not None:
            targets = torch.cat([targets, soft.probabilities[batch.rows]], 1)
        x, targets = augment.mix(x, targets, batch.draws.mixup)
        if distributed.world_size() > 1:  # the first row is of another process
            return x[1:], targets[1:], labels[1:]
        return x, targets, labels

    def _loss(self, scores: Tensor, targets: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy of the network's own head (ArcFace: with its margin), with distillation."""
        own, *taught = targets.split(self.network.num_classes, 1)
        config = self.config.loss
        if config.name == "arcface":
            with_margin = add_margin(scores, labels, config.margin, config.scale)
            loss = self._cross_entropy(with_margin, own)
        else:
            loss = self._cross_entropy(scores, own)
        soft = self.images.soft_labels
        if soft is None:
            return loss
        weights = None if self.class_weights is None else own @ self.class_weights
        return soft.blend(loss, scores, taught[0], weights)

    def _cross_entropy(self, scores: Tensor, targets: Tensor) -> Tensor:
        smoothing = self.config.label_smoothing
        if self.class_weights is not None:
            targets, smoothing = weight_targets(targets, self.class_weights, smoothing), 0.0
        return functional.cross_entropy(scores.float(), targets, label_smoothing=smoothing)

    def _clip(self) -> Tensor:
        """Clip the gradient if `clip_grad_norm` is set; returns its norm before clipping."""
        parameters = list(self.network.parameters())
        norm = get_total_norm(p.grad for p in parameters if p.grad is not None)
        if self.config.clip_grad_norm is not None:
            clip_grads_with_norm_(parameters, self.config.clip_grad_norm, norm)
        return norm


@contextmanager
def captured_input(layer: nn.Module) -> Iterator[list[Tensor]]:
    """Inputs that a layer is given inside the block."""
    found: list[Tensor] = []
    hook = layer.register_forward_pre_hook(lambda _, given: found.append(given[0]))
    try:
        yield found
    finally:
        hook.remove()
