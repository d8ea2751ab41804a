"""One step after another: a batch, its loss, its gradient, the network's new weights.

All randomness of an epoch comes from the seed and the epoch's number, so a training that goes on
from a checkpoint sees what it would have seen, and torch's global generator is not used.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.nn import Parameter, functional
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

from strata.errors import InputError
from strata.models.architectures.builder import Network
from strata.models.architectures.dropout import seed_dropout
from strata.models.runtime import distributed
from strata.models.runtime.devices import mixed_precision
from strata.models.training import augment
from strata.models.training.batches import Batch, Images, batch_bounds
from strata.models.training.class_weights import balanced, weighted
from strata.models.training.config import TrainingConfig
from strata.models.training.optimizers import optimizer
from strata.seeds import derive, generator


class GradientDescent:
    """A network that learns from images batch by batch, in place.

    Where there are several processes (see `ranks`), each computes its part of every batch, and all
    come to the same weights.

    Args:
        network: goes to the images' device.
        images: to learn from.
        settings: of the training; epochs, schedule, `ema` and `patience` have no say here.
        layers: as of `optimizer`; (): all alike.

    Attributes:
        bounds: the batches of an epoch, as rows of its order.
        class_weights: (classes,) float32, or None where every image counts alike.

    Raises:
        InputError: settings that no training can have, or batches too small for the processes.
    """

    def __init__(
        self,
        network: Network,
        images: Images,
        settings: TrainingConfig,
        layers: Sequence[tuple[float, list[Parameter]]] = (),
    ) -> None:
        settings.check()
        self.network, self.images, self.settings = network, images, settings
        self.device = images.labels.device
        network.to(self.device).to(memory_format=torch.channels_last)
        self.optimizer = optimizer(
            settings.optimizer,
            layers or [(1.0, network.parameters())],
            settings.max_lr,
            settings.weight_decay,
            settings.momentum,
        )
        self.class_weights = None
        if settings.class_weight:
            self.class_weights = balanced(images.labels, network.classes)
        self.bounds = batch_bounds(len(images), settings.batch_size)
        if min(rows.stop - rows.start for rows in self.bounds) < distributed.count():
            raise InputError(
                f"Batches of {settings.batch_size} are too small for {distributed.count()} processes.",
                "Raise batch, or start fewer processes.",
            )
        distributed.as_first(network.state_dict().values())

    def batches(self, epoch: int) -> Iterator[Batch]:
        """The batches of one epoch: order and augmentation follow from the seed and its number."""
        settings, n = self.settings, len(self.images)
        rng = generator(settings.seed, "epoch", epoch)
        order = torch.as_tensor(rng.permutation(n), device=self.device)
        side = self.images.pixels.shape[1]
        draws = augment.draw(settings.augmentation, n, side, rng, self.device)
        who = [distributed.own()] if distributed.count() > 1 else []
        seed_dropout(self.network, derive(settings.seed, "dropout", epoch, *who), self.device)
        for rows in self.bounds:
            yield Batch(order[rows], draws.take(rows))

    def set_rate(self, rate: float) -> None:
        """Set the learning rate of the next steps."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    def step(self, batch: Batch) -> Tensor:
        """Train on one batch; (3,) on the device: sum of losses, images right, gradient norm."""
        x, targets, labels = self._examples(batch.own())
        with mixed_precision(self.device, large=self.network.large):
            (_, scores), *auxiliary = self.network.all_scores(x.permute(0, 3, 1, 2))
        loss = self._loss(scores, auxiliary, targets)
        self.optimizer.zero_grad()
        (loss * (len(labels) / len(batch.rows))).backward()
        right = (scores.detach().argmax(1) == labels).sum()
        figures = torch.stack([loss.detach() * len(labels), right])
        gradients = (p.grad for p in self.network.parameters() if p.grad is not None)
        distributed.add_up([figures, *gradients])
        norm = self._clip()
        self.optimizer.step()
        return torch.cat([figures, norm[None]])

    def _examples(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Augmented images (b, h, w, channels), their targets, and class numbers (b,).

        Targets are (b, classes), and with a teacher (b, 2 * classes): what it says comes after.
        """
        labels = self.images.labels[batch.rows]
        pixels = self.images.pixels.index_select(0, batch.rows)
        x = augment.apply(self.settings.augmentation, pixels, batch.draws)
        targets = functional.one_hot(labels, self.network.classes).float()
        soft = self.images.soft
        if soft is not None:
            targets = torch.cat([targets, soft.probabilities[batch.rows]], 1)
        x, targets = augment.mix(x, targets, batch.draws.mixup)
        if distributed.count() > 1:  # the first belongs to another process
            return x[1:], targets[1:], labels[1:]
        return x, targets, labels

    def _loss(
        self, scores: Tensor, auxiliary: list[tuple[float, Tensor]], targets: Tensor
    ) -> Tensor:
        """Of the labels, the teacher and the auxiliary classifiers (weight, scores) together."""
        parts = targets.split(self.network.classes, 1)
        own = parts[0]
        loss = self._cross_entropy(scores, own)
        soft = self.images.soft
        if soft is not None:
            counts = None if self.class_weights is None else own @ self.class_weights
            loss = soft.blend(loss, scores, parts[1], counts)
        for weight, early in auxiliary:
            loss = loss + weight * self._cross_entropy(early, own)
        return loss

    def _cross_entropy(self, scores: Tensor, targets: Tensor) -> Tensor:
        smoothing = self.settings.label_smoothing
        if self.class_weights is not None:
            targets, smoothing = weighted(targets, self.class_weights, smoothing), 0.0
        return functional.cross_entropy(scores.float(), targets, label_smoothing=smoothing)

    def _clip(self) -> Tensor:
        parameters = list(self.network.parameters())
        norm = get_total_norm(p.grad for p in parameters if p.grad is not None)
        if self.settings.clip_grad_norm is not None:
            clip_grads_with_norm_(parameters, self.settings.clip_grad_norm, norm)
        return norm
