"""Training loop: epochs, validation, early stopping, averaged weights, checkpoints."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter

from strata.errors import DivergedError
from strata.models.architectures.body import freeze_body
from strata.models.architectures.builder import Network
from strata.models.runtime import checkpoint, distributed
from strata.models.runtime.devices import deterministic_cuda, memory_needed
from strata.models.training.batches import Images
from strata.models.training.config import TrainingConfig
from strata.models.training.diagnostics import record_diagnostics
from strata.models.training.inference import evaluate, watch_interval
from strata.models.training.lr_schedules import lr_schedule, one_cycle_momentum
from strata.models.training.optimizers import set_momentum
from strata.models.training.train_step import GradientDescent

#: Share of a training's time that writing checkpoints may add at most: those of a wide network are
#: large, and its epochs short.
CHECKPOINT_SHARE = 0.05

#: One epoch's entry in a training's history: epoch, loss, accuracy, lr (learning rate),
#: gradient_norm, seconds; auxiliary_loss/NAME (cross-entropy, not weighted) and
#: auxiliary_accuracy/NAME of auxiliary heads; validation_loss and validation_accuracy of images
#: that are watched; and the diagnostics of the epoch's first batch, before its step (see
#: `diagnostics.record_diagnostics`).
Epoch = dict[str, Any]


@dataclass
class Training:
    """Training of one network, in place.

    After `run`, `network` holds the final weights: their moving average with `ema_decay`, those of
    the best epoch with `patience`.

    Attributes:
        network: is moved to the images' device.
        images: the training set.
        config: hyperparameters.
        validation: images that are watched: their loss and accuracy stand in the history. With
            `patience` they choose the epoch, and are looked at after each; without, they choose
            nothing, and are looked at as often as `watch_interval` says, and after the last epoch.
        history: one entry per epoch.
        layers: layer-wise learning rates as in `build_optimizer`; (): the same for all.
    """

    network: Network
    images: Images
    config: TrainingConfig
    validation: Images | None = None
    history: list[Epoch] = field(default_factory=list)
    layers: Sequence[tuple[float, list[Parameter]]] = ()

    def __post_init__(self) -> None:
        self.descent = GradientDescent(self.network, self.images, self.config, self.layers)
        self.schedule = lr_schedule(self.config.lr_schedule)
        self.tensors = [t for t in self.network.state_dict().values() if t.is_floating_point()]
        self.average = [t.clone() for t in self.tensors] if self.config.ema_decay else []
        self.best: tuple[float, list[Tensor]] | None = None

    def run(
        self,
        *,
        checkpoint_path: Path | None = None,
        key: str = "",
        on_epoch: Callable[[Epoch], None] | None = None,
    ) -> None:
        """Train to the end, resuming from a checkpoint of the same key if there is one.

        Args:
            checkpoint_path: where the state is written after the first epoch, and then after every
                epoch unless that would take more than `CHECKPOINT_SHARE` of the time.
            key: of this training, as `checkpoint.training_key` makes it.
            on_epoch: called with each new entry of the history.

        Raises:
            DivergedError: the loss is not finite (the learning rate is too high).
            StrataError: memory is exhausted.
        """
        if checkpoint_path is not None:
            self._restore(checkpoint.load(checkpoint_path, key, self.descent.device))
            distributed.barrier()
        next_due = 0.0
        hint = f"Lower batch_size (now {self.config.batch_size}), or run fewer jobs (-j 1)."
        with deterministic_cuda(), memory_needed(hint):
            while len(self.history) < self.config.epochs and not self._out_of_patience():
                self.history.append(self.run_epoch(len(self.history)))
                if checkpoint_path and distributed.rank() == 0 and time.perf_counter() >= next_due:
                    started = time.perf_counter()
                    checkpoint.save(checkpoint_path, key, self._state())
                    done = time.perf_counter()
                    next_due = done + (done - started) / CHECKPOINT_SHARE
                if on_epoch is not None:
                    on_epoch(self.history[-1])
        if self.best is not None:
            self._assign(self.best[1])
        elif self.history and self.average:
            self._assign(self.average)
        if checkpoint_path is not None and distributed.rank() == 0:
            checkpoint_path.unlink(missing_ok=True)

    def run_epoch(self, epoch: int) -> Epoch:
        """Train on every image once; returns the history's entry. `epoch` counts from 0."""
        started = time.perf_counter()
        config, n, steps = self.config, len(self.images), len(self.descent.bounds)
        self.network.train()
        if config.frozen_epochs:
            freeze_body(self.network, epoch < config.frozen_epochs)
        auxiliary = self.network.auxiliary_names
        totals = torch.zeros(3 + 2 * len(auxiliary), device=self.descent.device)
        lr = 0.0
        diagnostics: dict[str, Any] = {}
        for step, batch in enumerate(self.descent.batches(epoch), start=epoch * steps):
            progress = step / (config.epochs * steps)
            lr = config.max_lr * self.schedule(progress)
            self.descent.set_lr(lr)
            if config.base_momentum is not None:
                momentum = one_cycle_momentum(progress, config.base_momentum, config.momentum)
                set_momentum(self.descent.optimizer, momentum)
            if diagnostics:
                totals += self.descent.step(batch)
            else:
                with record_diagnostics(self.network) as diagnostics:
                    totals += self.descent.step(batch)
            self._update_average(step)
        loss, correct, norm, *of_auxiliary = totals.tolist()
        self._check(loss, epoch)
        entry = {
            "epoch": epoch + 1,
            "loss": loss / n,
            "accuracy": correct / n,
            "lr": lr,
            "gradient_norm": norm / steps,
        }
        for number, name in enumerate(auxiliary):
            entry[f"auxiliary_loss/{name}"] = of_auxiliary[number] / n
            entry[f"auxiliary_accuracy/{name}"] = of_auxiliary[number + len(auxiliary)] / n
        if self.validation is not None and self._watches(self.validation, epoch):
            entry |= self._validate(self.validation, epoch)
        return entry | {"seconds": time.perf_counter() - started} | diagnostics

    def _check(self, loss: float, epoch: int) -> None:
        if not math.isfinite(loss):
            raise DivergedError(
                f"Training diverged in epoch {epoch + 1}: the loss is no longer a number.",
                f"Lower max_lr (now {self.config.max_lr:g}), or set clip_grad_norm = 1.0.",
            )

    def _update_average(self, step: int) -> None:
        """Update the moving average of weights and moving statistics, faster in early steps."""
        if self.average:
            decay = min(self.config.ema_decay, (1 + step) / (10 + step))
            torch._foreach_lerp_(self.average, self.tensors, 1 - decay)

    def _watches(self, images: Images, epoch: int) -> bool:
        """True if the validation images are looked at after an epoch, counted from 0."""
        if self.config.patience is not None:
            return True
        interval = watch_interval(len(images), len(self.images))
        return (epoch + 1) % interval == 0 or epoch + 1 == self.config.epochs

    def _validate(self, images: Images, epoch: int) -> Epoch:
        """Loss and accuracy on the validation images, with the averaged weights if there are any.

        A loss that is not finite ends a training whose epoch it chooses; else it is None.
        """
        trained = [t.clone() for t in self.tensors] if self.average else []
        if self.average:
            self._assign(self.average)
        window = self.config.augmentation.window(images.pixels.shape[1])
        weights = self.descent.class_weights
        loss, accuracy = evaluate(self.network, images, window=window, class_weights=weights)
        if self.config.patience is not None:
            self._check(loss, epoch)
            if self.best is None or loss < self.best[0]:
                self.best = loss, [t.clone() for t in self.tensors]
        if trained:
            self._assign(trained)
        return {
            "validation_loss": loss if math.isfinite(loss) else None,
            "validation_accuracy": accuracy,
        }

    def _out_of_patience(self) -> bool:
        patience = self.config.patience
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
            "centers": self.descent.center_loss and self.descent.center_loss.centers,
        }

    def _restore(self, state: dict[str, Any] | None) -> None:
        if state is None:
            return
        self.network.load_state_dict(state["network"])
        self.descent.optimizer.load_state_dict(state["optimizer"])
        self.average, self.best, self.history = state["average"], state["best"], state["history"]
        if self.descent.center_loss is not None:
            self.descent.center_loss.centers = state["centers"]
