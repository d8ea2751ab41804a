"""The training loop: epochs, validation, the weights that are kept, a state to resume from."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter, functional

from strata.errors import DivergedError
from strata.models.architectures.builder import Network
from strata.models.runtime import checkpoint, distributed
from strata.models.runtime.devices import deterministic_cuda
from strata.models.training.batches import Images
from strata.models.training.config import TrainingConfig
from strata.models.training.diagnostics import watching
from strata.models.training.inference import predict
from strata.models.training.lr_schedules import schedule
from strata.models.training.train_step import GradientDescent

#: The most that writing checkpoints may add to a training's time: those of a wide network are
#: large, and its epochs short.
CHECKPOINT_SHARE = 0.05

#: One line of a training's history: epoch, loss, accuracy, rate, gradient_norm, seconds, what
#: went on inside (see `diagnostics.watching`; on the epoch's first batch, before its step).
Epoch = dict[str, Any]


@dataclass
class Training:
    """One network on its way from initial to final weights.

    `run` trains in place. `network` then holds the final weights (their moving average with
    `ema`, the best epoch's with `patience`).
    """

    network: Network
    images: Images
    settings: TrainingConfig
    validation: Images | None = None
    history: list[Epoch] = field(default_factory=list)
    layers: Sequence[tuple[float, list[Parameter]]] = ()  #: as of `optimizer`; (): all alike

    def __post_init__(self) -> None:
        self.descent = GradientDescent(self.network, self.images, self.settings, self.layers)
        self.schedule = schedule(self.settings.lr_schedule)
        self.tensors = [t for t in self.network.state_dict().values() if t.is_floating_point()]
        self.average = [t.clone() for t in self.tensors] if self.settings.ema_decay else []
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
            self._restore(checkpoint.load(keep, key, self.descent.device))
            distributed.wait()
        next_due = 0.0
        with deterministic_cuda():
            while len(self.history) < self.settings.epochs and not self._out_of_patience():
                self.history.append(self.run_epoch(len(self.history)))
                if keep and distributed.own() == 0 and time.perf_counter() >= next_due:
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
        if keep is not None and distributed.own() == 0:
            keep.unlink(missing_ok=True)

    def run_epoch(self, epoch: int) -> Epoch:
        """Train on every image once, and say how it went; `epoch` counts from 0."""
        started = time.perf_counter()
        settings, n, steps = self.settings, len(self.images), len(self.descent.bounds)
        self.network.train()
        totals = torch.zeros(3, device=self.descent.device)
        rate = 0.0
        inside: dict[str, Any] = {}
        for step, batch in enumerate(self.descent.batches(epoch), start=epoch * steps):
            rate = settings.max_lr * self.schedule(step / (settings.epochs * steps))
            self.descent.set_rate(rate)
            if inside:
                totals += self.descent.step(batch)
            else:
                with watching(self.network) as inside:
                    totals += self.descent.step(batch)
            self._follow(step)
        loss, correct, norm = totals.tolist()
        self._check(loss, epoch)
        line = {
            "epoch": epoch + 1,
            "loss": loss / n,
            "accuracy": correct / n,
            "rate": rate,
            "gradient_norm": norm / steps,
        }
        if self.validation is not None:
            line |= self._validate(self.validation, epoch)
        return line | {"seconds": time.perf_counter() - started} | inside

    def _check(self, loss: float, epoch: int) -> None:
        if not math.isfinite(loss):
            raise DivergedError(
                f"Training diverged in epoch {epoch + 1}: the loss is no longer a number.",
                f"Lower max_rate (now {self.settings.max_lr:g}), or set clip = 1.0.",
            )

    def _follow(self, step: int) -> None:
        """Move the average of weights and moving statistics, faster at first (it knows less)."""
        if self.average:
            keep = min(self.settings.ema_decay, (1 + step) / (10 + step))
            torch._foreach_lerp_(self.average, self.tensors, 1 - keep)

    def _validate(self, images: Images, epoch: int) -> Epoch:
        """Loss and accuracy on images held out, with the weights that would be kept now."""
        trained = [t.clone() for t in self.tensors]
        if self.average:
            self._assign(self.average)
        window = self.settings.augmentation.window(images.pixels.shape[1])
        scores = predict(self.network, images.pixels, window=window)
        right = (scores.argmax(1) == images.labels).float().mean()
        weighted = functional.cross_entropy(scores, images.labels, self.descent.class_weights)
        found = torch.stack([weighted, right])
        distributed.as_first([found])  # all end at the same epoch
        loss, accuracy = found.tolist()
        self._check(loss, epoch)
        if self.best is None or loss < self.best[0]:
            self.best = loss, [t.clone() for t in self.tensors]
        self._assign(trained)
        return {"validation_loss": loss, "validation_accuracy": accuracy}

    def _out_of_patience(self) -> bool:
        patience = self.settings.patience
        if patience is None or len(self.history) <= patience:
            return False
        losses = [line["validation_loss"] for line in self.history]
        return min(losses[-patience:]) >= min(losses[:-patience])

    @torch.no_grad()
    def _assign(self, values: list[Tensor]) -> None:
        for tensor, value in zip(self.tensors, values, strict=True):
            tensor.copy_(value)

    def _state(self) -> dict[str, Any]:
        return {
            "network": self.network.state_dict(),
            "optimizer": self.descent.optimizer.state_dict(),
            "average": self.average,
            "best": self.best,
            "history": self.history,
        }

    def _restore(self, state: dict[str, Any] | None) -> None:
        if state is None:
            return
        self.network.load_state_dict(state["network"])
        self.descent.optimizer.load_state_dict(state["optimizer"])
        self.average, self.best, self.history = state["average"], state["best"], state["history"]
