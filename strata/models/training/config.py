"""Hyperparameters of a training, checked."""

from dataclasses import dataclass

from strata.errors import InputError
from strata.models.training.augment_config import Augmentation
from strata.models.training.embedding_losses import CROSS_ENTROPY, Loss
from strata.models.training.lr_schedules import lr_schedule
from strata.models.training.optimizers import WITH_MOMENTUM, check_optimizer


@dataclass(frozen=True)
class TrainingConfig:
    """Hyperparameters of a training; `NetworkClassifier` documents each."""

    epochs: int
    batch_size: int
    optimizer: str
    max_lr: float
    momentum: float
    weight_decay: float
    lr_schedule: str
    label_smoothing: float
    class_weight: str | None
    augmentation: Augmentation
    clip_grad_norm: float | None
    ema_decay: float
    patience: int | None
    seed: int
    nesterov: bool = True
    base_momentum: float | None = None
    sampling: str | None = None
    loss: Loss = CROSS_ENTROPY
    frozen_epochs: int = 0

    def check(self) -> None:
        """Raise `InputError` for values that no training can have."""
        lr_schedule(self.lr_schedule)
        check_optimizer(self.optimizer)
        if self.epochs < 0:
            raise InputError(f"epochs must not be negative: {self.epochs}.")
        if self.batch_size < 2:
            raise InputError(f"batch_size must be at least 2: {self.batch_size}.")
        if isinstance(self.max_lr, str) or not self.max_lr > 0:
            raise InputError(f"max_lr must be positive: {self.max_lr}.")
        if self.class_weight not in (None, "balanced"):
            raise InputError(f"class_weight must be 'balanced' or None: {self.class_weight!r}.")
        for name in ("label_smoothing", "ema_decay", "momentum"):
            value = getattr(self, name)
            if not 0 <= value < 1:
                raise InputError(f"{name} must be in [0, 1): {value}.")
        self._check_base_momentum()
        self._check_sampling()
        if not self.weight_decay >= 0:
            raise InputError(f"weight_decay must not be negative: {self.weight_decay}.")
        if self.clip_grad_norm is not None and not self.clip_grad_norm > 0:
            raise InputError(f"clip_grad_norm must be positive: {self.clip_grad_norm}.")
        if self.patience is not None and self.patience < 1:
            raise InputError(f"patience must be at least 1: {self.patience}.")

    def _check_base_momentum(self) -> None:
        if self.base_momentum is None:
            return
        if not 0 <= self.base_momentum < 1:
            raise InputError(f"base_momentum must be in [0, 1): {self.base_momentum}.")
        if self.lr_schedule != "one-cycle":
            raise InputError(
                "base_momentum goes against the one-cycle learning rate, but lr_schedule is "
                f"'{self.lr_schedule}'.",
                'Set lr_schedule = "one-cycle", or leave out base_momentum.',
            )
        if self.optimizer not in WITH_MOMENTUM:
            raise InputError(
                f"The optimizer '{self.optimizer}' has no momentum for base_momentum.",
                f"Take one of {', '.join(WITH_MOMENTUM)}, or leave out base_momentum.",
            )

    def _check_sampling(self) -> None:
        if self.sampling not in (None, "balanced"):
            raise InputError(f"sampling must be 'balanced' or None: {self.sampling!r}.")
