import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from strata.errors import InputError
from strata.models.estimators.network_classifier import NetworkClassifier
from strata.models.training import trainer
from strata.models.training.lr_schedules import (
    END,
    SCHEDULES,
    START,
    WARM_UP,
    lr_schedule,
    one_cycle_momentum,
)
from strata.models.training.optimizers import build_optimizer, set_momentum


@given(st.sampled_from(sorted(SCHEDULES)), st.floats(0, 1))
def test_learning_rates_stay_between_zero_and_the_maximum(name, progress):
    assert 0 <= lr_schedule(name)(progress) <= 1


@given(st.floats(0, 1), st.floats(0, 1))
def test_one_cycle_rises_then_falls(a, b):
    a, b = sorted((a, b))
    lr = lr_schedule("one-cycle")
    if b <= WARM_UP:
        assert lr(a) <= lr(b)
    elif a >= WARM_UP:
        assert lr(a) >= lr(b)


def test_ends_of_the_schedules():
    assert lr_schedule("one-cycle")(0) == pytest.approx(START)
    assert lr_schedule("one-cycle")(WARM_UP) == pytest.approx(1)
    assert lr_schedule("one-cycle")(1) == pytest.approx(END)
    assert lr_schedule("cosine")(0.5) == pytest.approx(0.5)
    assert [lr_schedule("step")(p) for p in (0.1, 0.5, 0.9)] == pytest.approx([1, 0.1, 0.01])


def test_unknown_schedules_are_answered_with_the_nearest():
    with pytest.raises(InputError, match="one-cycel") as caught:
        lr_schedule("one-cycel")
    assert "'one-cycle'" in str(caught.value)


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw"])
def test_the_one_cycle_of_rate_and_momentum_is_that_of_torch(name):
    """torch's first part ends a step before the share that it is given of all steps."""
    steps = 41
    weight = torch.nn.Parameter(torch.ones(2, 2))
    own = build_optimizer(name, [(1.0, [weight])], 0.1, 0.0, 0.95)
    optimizer = build_optimizer(name, [(1.0, [weight])], 0.1, 0.0, 0.95)
    oracle = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=0.1,
        total_steps=steps,
        pct_start=(WARM_UP * (steps - 1) + 1) / steps,
        div_factor=1 / START,
        final_div_factor=START / END,
        base_momentum=0.85,
        max_momentum=0.95,
    )
    weight.grad = torch.ones(2, 2)
    for step in range(steps):
        progress = step / (steps - 1)
        set_momentum(own, one_cycle_momentum(progress, 0.85, 0.95))
        assert momenta(own) == pytest.approx(momenta(optimizer))
        rates = [group["lr"] for group in optimizer.param_groups]
        assert rates == pytest.approx([0.1 * lr_schedule("one-cycle")(progress)] * len(rates))
        optimizer.step()
        if step < steps - 1:
            oracle.step()


def momenta(optimizer):
    groups = optimizer.param_groups
    return [group["betas"][0] if "betas" in group else group["momentum"] for group in groups]


@given(st.floats(0, 1))
def test_momentum_goes_against_the_rate(progress):
    """Both are half cosines over the same parts of the training."""
    momentum = one_cycle_momentum(progress, 0.85, 0.95)
    low = START if progress < WARM_UP else END
    share = (lr_schedule("one-cycle")(progress) - low) / (1 - low)
    assert momentum == pytest.approx(0.95 - 0.1 * share)


SMALL = {"image_size": 4, "batch_size": 4, "epochs": 4, "device": "cpu", "momentum": 0.95}
IMAGES = np.random.default_rng(0).integers(0, 256, (12, 4, 4, 3)).astype(np.uint8)


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_each_step_of_a_training_has_its_momentum(monkeypatch, optimizer):
    seen = []

    def noted(made, momentum):
        set_momentum(made, momentum)
        seen.append(momenta(made))

    monkeypatch.setattr(trainer, "set_momentum", noted)
    model = NetworkClassifier("mlp", optimizer=optimizer, base_momentum=0.8, **SMALL)
    model.fit(IMAGES, np.arange(12) % 2)
    wanted = [one_cycle_momentum(step / 12, 0.8, 0.95) for step in range(12)]
    assert seen == [pytest.approx([m] * len(found)) for m, found in zip(wanted, seen, strict=True)]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"base_momentum": 0.96}, "above momentum"),
        ({"base_momentum": -0.1}, r"in \[0, 1\)"),
        ({"lr_schedule": "cosine"}, "one-cycle learning rate"),
        ({"optimizer": "rmsprop"}, "'rmsprop' has no momentum"),
    ],
)
def test_a_one_cycle_momentum_that_cannot_be_is_explained(change, said):
    model = NetworkClassifier("mlp", **{"base_momentum": 0.85, **SMALL, **change})
    with pytest.raises(InputError, match=said):
        model.fit(IMAGES, np.arange(12) % 2)
