"""The training loop: images in one tensor on the device where they fit, augmented, resumable.

All randomness of an epoch comes from the seed and the epoch's number, so a training that goes on
from a checkpoint sees what it would have seen, and torch's global generator is not used.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import Parameter, functional
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

from strata.errors import DivergedError, InputError
from strata.models import augment, checkpoint, ranks
from strata.models.augment import Augmentation
from strata.models.builder import Network
from strata.models.devices import deterministic_cuda, mixed_precision
from strata.models.diagnostics import watching
from strata.models.distillation import SoftLabels
from strata.models.dropout import seed_dropout
from strata.models.inference import predict
from strata.models.optimisers import optimiser
from strata.models.schedules import schedule
from strata.models.streaming import Streamed
from strata.seeds import derive, generator

#: The most that writing checkpoints may add to a training's time: those of a wide network are
#: large, and its epochs short.
CHECKPOINT_SHARE = 0.05

#: One line of a training's history: epoch, loss, accuracy, rate, gradient_norm, seconds, what
#: went on inside (see `diagnostics.watching`; on the epoch's first batch, before its step).
Epoch = dict[str, Any]


@dataclass(frozen=True)
class Settings:
    """How a network is trained; `NetworkClassifier` documents each."""

    epochs: int
    batch: int
    optimiser: str
    max_rate: float
    weight_decay: float
    schedule: str
    label_smoothing: float
    class_weight: str | None
    augmentation: Augmentation
    clip: float | None
    ema: float
    patience: int | None
    seed: int

    def check(self) -> None:
        """Raise `InputError` for values that no training can have."""
        schedule(self.schedule)
        if self.epochs < 0:
            raise InputError(f"epochs must not be negative: {self.epochs}.")
        if self.batch < 2:
            raise InputError(f"batch must be at least 2: {self.batch}.")
        if isinstance(self.max_rate, str) or not self.max_rate > 0:
            raise InputError(f"max_rate must be positive: {self.max_rate}.")
        if self.class_weight not in (None, "balanced"):
            raise InputError(f"class_weight must be 'balanced' or None: {self.class_weight!r}.")
        for name, value in (("label_smoothing", self.label_smoothing), ("ema", self.ema)):
            if not 0 <= value < 1:
                raise InputError(f"{name} must be in [0, 1): {value}.")
        if self.weight_decay < 0 or (self.clip is not None and self.clip <= 0):
            raise InputError("weight_decay must not be negative, and clip must be positive.")
        if self.patience is not None and self.patience < 1:
            raise InputError(f"patience must be at least 1: {self.patience}.")


@dataclass
class Images:
    """Images, or activations, and their class numbers, on the training's device or on the way."""

    pixels: Tensor | Streamed  #: (n, side, side, 3) uint8, or (n, h, w, channels) floating
    labels: Tensor  #: (n,) int64
    soft: SoftLabels | None = None  #: what a teacher says of them

    def __len__(self) -> int:
        return len(self.labels)


class Batch(NamedTuple):
    """What one step trains on."""

    rows: Tensor  #: (b,) int64, of the training images
    draws: augment.Draws  #: what happens to them

    def own(self) -> "Batch":
        """This process's part, where there are several; before it, what mixup blends in."""
        n = len(self.rows)
        start, end = ranks.own_part(n)
        if end - start == n:
            return self
        places = torch.arange(start - 1, end, device=self.rows.device) % n
        return Batch(self.rows[places], self.draws.take(places))


@dataclass
class Training:
    """One network on its way from initial to final weights.

    `run` trains in place. `network` then holds the final weights (their moving average with
    `ema`, the best epoch's with `patience`). Where there are several processes (see `ranks`), each
    computes its part of every batch, and all end with the same weights.
    """

    network: Network
    images: Images
    settings: Settings
    validation: Images | None = None
    history: list[Epoch] = field(default_factory=list)
    layers: Sequence[tuple[float, list[Parameter]]] = ()  #: as of `optimiser`; (): all alike

    def __post_init__(self) -> None:
        self.settings.check()
        self.device = self.images.labels.device
        self.network.to(self.device).to(memory_format=torch.channels_last)
        settings = self.settings
        self.optimiser = optimiser(
            settings.optimiser,
            self.layers or [(1.0, self.network.parameters())],
            settings.max_rate,
            settings.weight_decay,
        )
        self.schedule = schedule(settings.schedule)
        self.class_weights = None
        if settings.class_weight:
            self.class_weights = balanced(self.images.labels, self.network.classes)
        self.bounds = batch_bounds(len(self.images), settings.batch)
        if min(rows.stop - rows.start for rows in self.bounds) < ranks.count():
            raise InputError(
                f"Batches of {settings.batch} are too small for {ranks.count()} processes.",
                "Raise batch, or start fewer processes.",
            )
        ranks.as_first(self.network.state_dict().values())
        self.tensors = [t for t in self.network.state_dict().values() if t.is_floating_point()]
        self.average = [t.clone() for t in self.tensors] if settings.ema else []
        self.best: tuple[float, list[Tensor]] | None = None

    def run(
        self,
        *,
        keep: Path | None = None,
        key: str = "",
        on_epoch: Callable[[Epoch], None] | None = None,
    ) -> None:
        """Train to the end, from the checkpoint at `keep` where there is one of the same `key`.

        The state is written after the first epoch, and then after every epoch unless that would
        take more than `CHECKPOINT_SHARE` of the time.

        Raises:
            StrataError: the loss is not finite (the rate is too high).
        """
        if keep is not None:
            self._restore(checkpoint.load(keep, key, self.device))
            ranks.wait()
        next_due = 0.0
        with deterministic_cuda():
            while len(self.history) < self.settings.epochs and not self._out_of_patience():
                self.history.append(self._epoch(len(self.history)))
                if keep and ranks.own() == 0 and time.perf_counter() >= next_due:
                    started = time.perf_counter()
                    checkpoint.save(keep, key, self._state())
                    done = time.perf_counter()
                    next_due = done + (done - started) / CHECKPOINT_SHARE
                if on_epoch is not None:
                    on_epoch(self.history[-1])
        if self.best is not None:
            self._assign(self.best[1])
        elif self.history and self.average:
            self._assign(self.average)
        if keep is not None and ranks.own() == 0:
            keep.unlink(missing_ok=True)

    def batches(self, epoch: int) -> Iterator[Batch]:
        """The batches of one epoch: order and augmentation follow from the seed and its number."""
        settings, n = self.settings, len(self.images)
        rng = generator(settings.seed, "epoch", epoch)
        order = torch.as_tensor(rng.permutation(n), device=self.device)
        side = self.images.pixels.shape[1]
        draws = augment.draw(settings.augmentation, n, side, rng, self.device)
        who = [ranks.own()] if ranks.count() > 1 else []
        seed_dropout(self.network, derive(settings.seed, "dropout", epoch, *who), self.device)
        for rows in self.bounds:
            yield Batch(order[rows], draws.take(rows))

    def _epoch(self, epoch: int) -> Epoch:
        started = time.perf_counter()
        settings, n, steps = self.settings, len(self.images), len(self.bounds)
        self.network.train()
        totals = torch.zeros(3, device=self.device)
        rate = 0.0
        inside: dict[str, Any] = {}
        for step, batch in enumerate(self.batches(epoch), start=epoch * steps):
            rate = settings.max_rate * self.schedule(step / (settings.epochs * steps))
            self.set_rate(rate)
            if inside:
                totals += self.step(batch)
            else:
                with watching(self.network) as inside:
                    totals += self.step(batch)
            self._follow(step)
        loss, correct, norm = totals.tolist()
        if not math.isfinite(loss):
            raise DivergedError(
                f"Training diverged in epoch {epoch + 1}: the loss is no longer a number.",
                f"Lower max_rate (now {settings.max_rate:g}), or set clip = 1.0.",
            )
        line = {
            "epoch": epoch + 1,
            "loss": loss / n,
            "accuracy": correct / n,
            "rate": rate,
            "gradient_norm": norm / steps,
        }
        if self.validation is not None:
            line |= self._validate(self.validation)
        return line | {"seconds": time.perf_counter() - started} | inside

    def set_rate(self, rate: float) -> None:
        """Set the learning rate of the next steps."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate

    def step(self, batch: Batch) -> Tensor:
        """Train on one batch; (3,) on the device: sum of losses, images right, gradient norm."""
        n, batch = len(batch.rows), batch.own()
        labels = self.images.labels[batch.rows]
        pixels = self.images.pixels.index_select(0, batch.rows)
        x = augment.apply(self.settings.augmentation, pixels, batch.draws)
        targets = functional.one_hot(labels, self.network.classes).float()
        soft = self.images.soft
        if soft is not None:
            targets = torch.cat([targets, soft.probabilities[batch.rows]], 1)
        x, targets = augment.mix(x, targets, batch.draws.mixup)
        if ranks.count() > 1:  # the first belongs to another process
            x, targets, labels = x[1:], targets[1:], labels[1:]
        targets, *taught = targets.split(self.network.classes, 1)
        with mixed_precision(self.device, large=self.network.large):
            (_, scores), *auxiliary = self.network.all_scores(x.permute(0, 3, 1, 2))
        loss = self._loss(scores, targets)
        if soft is not None:
            loss = soft.blend(loss, scores, *taught)
        for weight, early in auxiliary:
            loss = loss + weight * self._loss(early, targets)
        self.optimiser.zero_grad()
        (loss * (len(labels) / n)).backward()
        right = (scores.detach().argmax(1) == labels).sum()
        figures = torch.stack([loss.detach() * len(labels), right])
        gradients = (p.grad for p in self.network.parameters() if p.grad is not None)
        ranks.add_up([figures, *gradients])
        norm = self._clip()
        self.optimiser.step()
        return torch.cat([figures, norm[None]])

    def _loss(self, scores: Tensor, targets: Tensor) -> Tensor:
        return functional.cross_entropy(
            scores.float(),
            targets,
            weight=self.class_weights,
            label_smoothing=self.settings.label_smoothing,
        )

    def _clip(self) -> Tensor:
        parameters = list(self.network.parameters())
        norm = get_total_norm(p.grad for p in parameters if p.grad is not None)
        if self.settings.clip is not None:
            clip_grads_with_norm_(parameters, self.settings.clip, norm)
        return norm

    def _follow(self, step: int) -> None:
        """Move the average of weights and moving statistics, faster at first (it knows less)."""
        if self.average:
            keep = min(self.settings.ema, (1 + step) / (10 + step))
            torch._foreach_lerp_(self.average, self.tensors, 1 - keep)

    def _validate(self, images: Images) -> Epoch:
        """Loss and accuracy on images held out, with the weights that would be kept now."""
        trained = [t.clone() for t in self.tensors]
        if self.average:
            self._assign(self.average)
        window = self.settings.augmentation.window(images.pixels.shape[1])
        scores = predict(self.network, images.pixels, window=window)
        right = (scores.argmax(1) == images.labels).float().mean()
        weighted = functional.cross_entropy(scores, images.labels, self.class_weights)
        found = torch.stack([weighted, right])
        ranks.as_first([found])  # all end at the same epoch
        loss, accuracy = found.tolist()
        if self.best is None or loss < self.best[0]:
            self.best = loss, [t.clone() for t in self.tensors]
        self._assign(trained)
        return {"validation_loss": loss, "validation_accuracy": accuracy}

    def _out_of_patience(self) -> bool:
        patience = self.settings.patience
        if patience is None or len(self.history) <= patience:
            return False
        losses = [line["validation_loss"] for line in self.history]
        return min(losses[-patience:]) > min(losses[:-patience])

    @torch.no_grad()
    def _assign(self, values: list[Tensor]) -> None:
        for tensor, value in zip(self.tensors, values, strict=True):
            tensor.copy_(value)

    def _state(self) -> dict[str, Any]:
        return {
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "average": self.average,
            "best": self.best,
            "history": self.history,
        }

    def _restore(self, state: dict[str, Any] | None) -> None:
        if state is None:
            return
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.average, self.best, self.history = state["average"], state["best"], state["history"]


def balanced(labels: Tensor, classes: int) -> Tensor:
    """Weights (classes,) by which every class counts alike and an image 1 on average.

    King and Zeng, "Logistic regression in rare events data" (2001); as scikit-learn's "balanced".
    """
    return len(labels) / (classes * torch.bincount(labels, minlength=classes).clamp(min=1))


def batch_bounds(n: int, batch: int) -> list[slice]:
    """Cut n rows into batches of at most `batch` whose sizes differ by one at most.

    No batch has a single row, which batch normalisation cannot learn from (n = 1 apart): where
    halving leaves one, as in 3 rows by 2, a batch is larger by one instead.
    """
    count = max(1, min(math.ceil(n / batch), n // 2))
    edges = [n * i // count for i in range(count + 1)]
    return [slice(a, b) for a, b in pairwise(edges)]
