import json
import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import cross_val_score

from strata.errors import DivergedError, InputError, StrataError
from strata.models.classifiers.decision_scores import scores_and_probabilities
from strata.models.estimators.network_classifier import NetworkClassifier
from strata.models.training import inference, trainer
from strata.models.training.lr_schedules import SCHEDULES
from strata.models.training.optimizers import OPTIMIZERS, build_optimizer
from strata.models.training.train_step import GradientDescent

TINY = {"name": "tinynet", "widths": [4, 4]}
SMALL = {
    "architecture": {"name": "tinynet", "widths": [4, 8]},
    "image_size": 16,
    "batch_size": 8,
    "device": "cpu",
}
#: Everything that keeps a state from one epoch to the next.
STATEFUL = {
    "architecture": {
        "stride": 2,
        "dropout": 0.2,
        "blocks": [{"filters": 4}, {"filters": 8, "convolution": "depthwise"}],
        "head": {"dropout": 0.3},
    },
    "image_size": 16,
    "batch_size": 8,
    "epochs": 5,
    "ema_decay": 0.9,
    "patience": 4,
    "validation_fraction": 0.3,
    "augmentation": {"flip": True, "zoom": 0.2, "contrast": 0.2, "cutout": 0.2, "mixup": 0.3},
    "device": "cpu",
}


def scenes(per_class=10, side=16, seed=0):
    """Three classes that color and orientation tell apart."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 80, (3 * per_class, side, side, 3))
    labels = np.repeat(["forest", "sea", "street"], per_class)
    images[labels == "forest", ..., 1] += 120
    images[labels == "sea", ..., 2] += 120
    images[labels == "street", :, ::4] += 150
    return images.astype(np.uint8), labels


def same(a, b):
    assert a.weights_.keys() == b.weights_.keys()
    return all(np.array_equal(a.weights_[k], b.weights_[k]) for k in a.weights_)


def without_seconds(history):
    return [{k: v for k, v in line.items() if k != "seconds"} for line in history]


def test_it_learns():
    X, y = scenes()
    model = NetworkClassifier(**SMALL, epochs=12).fit(X, y)
    fresh, truth = scenes(seed=1)
    assert (model.predict(fresh) == truth).mean() > 0.9
    assert model.training_accuracy_ > 0.9
    assert [line["epoch"] for line in model.history_] == list(range(1, 13))
    assert model.history_[-1]["loss"] < model.history_[0]["loss"]


def test_scores_and_probabilities():
    X, y = scenes(4)
    model = NetworkClassifier(**SMALL, epochs=1).fit(X, y)
    scores, shares = model.decision_function(X), model.predict_proba(X)
    assert scores.shape == shares.shape == (12, 3)
    assert scores.dtype == shares.dtype == np.float64
    np.testing.assert_allclose(shares.sum(1), 1)
    np.testing.assert_array_equal(scores.argmax(1), shares.argmax(1))
    np.testing.assert_array_equal(model.classes_[scores.argmax(1)], model.predict(X))
    mirrored = model.decision_function(X[:, :, ::-1])
    np.testing.assert_allclose(mirrored, scores, atol=1e-5)
    assert model.decision_function(X[:0]).shape == (0, 3)


def test_two_classes_have_one_score_as_scikit_learn_expects():
    X, y = scenes(6)
    X, y = X[y != "street"], y[y != "street"]
    model = NetworkClassifier(**SMALL, epochs=2).fit(X, y)
    log_odds, shares = model.decision_function(X), model.predict_proba(X)
    assert log_odds.shape == (12,)
    np.testing.assert_allclose(shares[:, 1], 1 / (1 + np.exp(-log_odds)))
    np.testing.assert_array_equal(model.predict(X), model.classes_[(log_odds > 0).astype(int)])
    scores, same = scores_and_probabilities(model, X)
    np.testing.assert_array_equal(same, shares)
    np.testing.assert_array_equal(scores, np.stack([-log_odds, log_odds], axis=1))
    areas = cross_val_score(clone(model), X, y, cv=2, scoring="roc_auc", error_score="raise")
    assert np.isfinite(areas).all()
    calibrated = CalibratedClassifierCV(clone(model), cv=2).fit(X, y)
    np.testing.assert_allclose(calibrated.predict_proba(X).sum(1), 1)


def test_the_same_seed_gives_the_same_bits_and_another_seed_others():
    X, y = scenes(4)
    settings = {**STATEFUL, "epochs": 2}
    one, two, other = (NetworkClassifier(**settings, random_state=s).fit(X, y) for s in (3, 3, 4))
    assert same(one, two)
    assert without_seconds(one.history_) == without_seconds(two.history_)
    assert not same(one, other)


def test_nothing_global_changes():
    X, y = scenes(4)
    np.random.seed(7)  # noqa: NPY002
    numpy_state = np.random.get_state()[1].copy()  # noqa: NPY002
    torch_state = torch.random.get_rng_state()
    flags = torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark
    NetworkClassifier(**{**STATEFUL, "epochs": 1}).fit(X, y).predict(X)
    assert torch.equal(torch.random.get_rng_state(), torch_state)
    assert np.array_equal(np.random.get_state()[1], numpy_state)  # noqa: NPY002
    assert (torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark) == flags
    assert torch.is_grad_enabled()


def test_checkpoints_of_a_wide_network_take_little_of_its_time(tmp_path, monkeypatch):
    X, y = scenes(4)
    saved, clock = [], iter(range(1000))
    monkeypatch.setattr(trainer.time, "perf_counter", lambda: float(next(clock)))
    monkeypatch.setattr(trainer.checkpoint, "save", lambda *_: saved.append(1))
    model = NetworkClassifier(**SMALL, epochs=30).fit(X, y, checkpoint=tmp_path / "training")
    assert len(model.history_) == 30
    assert 2 <= len(saved) <= 1 + next(clock) / 20  # a save takes one tick of the clock


class Killed(Exception):
    pass


@pytest.mark.parametrize("optimizer", ["adamw", "sgd", "rmsprop", "one-cycle momentum"])
def test_a_killed_training_goes_on_to_the_same_end(tmp_path, monkeypatch, optimizer):
    monkeypatch.setattr(trainer, "CHECKPOINT_SHARE", float("inf"))  # after every epoch
    X, y = scenes(5)
    settings = {**STATEFUL, "optimizer": optimizer}
    if optimizer == "one-cycle momentum":
        resampled = {"sampling": "balanced", "augmentation": {"noise": 0.1, "shift": [0.1, 0.0]}}
        settings |= {"optimizer": "adam", "base_momentum": 0.8, **resampled}
    whole = NetworkClassifier(**settings).fit(X, y)
    path = tmp_path / "training"
    for killed_at in (1, 2, 4):

        def stop(line, at=killed_at):
            if line["epoch"] == at:
                raise Killed

        with pytest.raises(Killed):
            NetworkClassifier(**settings).fit(X, y, checkpoint=path, on_epoch=stop)
        assert path.exists()
    seen = []
    resumed = NetworkClassifier(**settings).fit(X, y, checkpoint=path, on_epoch=seen.append)
    assert seen[0]["epoch"] == 5
    assert same(whole, resumed)
    assert without_seconds(whole.history_) == without_seconds(resumed.history_)
    assert list(tmp_path.iterdir()) == []


def stopped_after_one_epoch(path, X, y, **settings):
    def stop(line):
        raise Killed

    with pytest.raises(Killed):
        NetworkClassifier(**settings).fit(X, y, checkpoint=path, on_epoch=stop)


@pytest.mark.parametrize("change", [{"random_state": 1}, {"max_lr": 0.02}, {"epochs": 3}, {"X": 1}])
def test_a_checkpoint_of_another_training_is_ignored(tmp_path, change):
    X, y = scenes(4)
    settings, path = {**SMALL, "epochs": 2}, tmp_path / "training"
    stopped_after_one_epoch(path, X, y, **settings)
    if "X" in change:
        X = 255 - X
    else:
        settings |= change
    seen = []
    model = NetworkClassifier(**settings).fit(X, y, checkpoint=path, on_epoch=seen.append)
    assert len(seen) == settings["epochs"]
    assert same(model, NetworkClassifier(**settings).fit(X, y))


def test_a_checkpoint_of_other_copies_is_ignored(tmp_path):
    """They decide which images are held out, and so what is learned from."""
    X, y = scenes(10)
    settings, path = (
        {**SMALL, "epochs": 3, "patience": 3, "validation_fraction": 0.3},
        tmp_path / "training",
    )
    stopped_after_one_epoch(path, X, y, **settings)
    seen, groups = [], np.arange(len(X)) // 2
    model = NetworkClassifier(**settings)
    model.fit(X, y, groups=groups, checkpoint=path, on_epoch=seen.append)
    assert len(seen) == 3
    assert same(model, NetworkClassifier(**settings).fit(X, y, groups=groups))


def test_numbers_of_a_search_may_be_numpys(tmp_path):
    X, y = scenes(4)
    settings = {**SMALL, "epochs": np.int64(1), "weight_decay": np.float32(0.01)}
    model = NetworkClassifier(**settings).fit(X, y, checkpoint=tmp_path / "training")
    assert len(model.history_) == 1


@pytest.mark.parametrize("damage", ["cut", "flip", "empty"])
def test_a_damaged_checkpoint_is_ignored(tmp_path, damage):
    X, y = scenes(4)
    settings, path = {**SMALL, "epochs": 2}, tmp_path / "training"
    stopped_after_one_epoch(path, X, y, **settings)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes({"cut": content[:-9], "flip": content, "empty": b""}[damage])
    seen = []
    NetworkClassifier(**settings).fit(X, y, checkpoint=path, on_epoch=seen.append)
    assert len(seen) == 2


def test_it_is_a_scikit_learn_estimator(tmp_path):
    X, y = scenes(4)
    model = NetworkClassifier(**SMALL, epochs=1, augmentation={"flip": True})
    assert clone(model).get_params() == model.get_params()
    assert cross_val_score(model, X, y, cv=2).shape == (2,)
    fitted = model.fit(X, y)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).predict(X), fitted.predict(X))


@pytest.mark.parametrize("n", [2, 3, 9, 17])
def test_any_number_of_images_trains(n):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (n, 4, 4, 3)).astype(np.uint8)
    y = np.arange(n) % 2
    settings = {
        "architecture": TINY,
        "image_size": 4,
        "batch_size": 8,
        "device": "cpu",
        "epochs": 1,
    }
    model = NetworkClassifier(**settings).fit(X, y)
    assert np.isfinite(model.decision_function(X)).all()


def test_a_thousand_classes_of_one_gray_image_each():
    X = np.repeat(np.arange(1000)[:, None, None, None] % 256, 64, axis=1).reshape(1000, 8, 8, 1)
    X = np.repeat(X, 3, axis=3).astype(np.uint8)
    model = NetworkClassifier(TINY, image_size=8, epochs=1, device="cpu").fit(X, np.arange(1000))
    assert model.decision_function(X[:3]).shape == (3, 1000)


def test_early_stopping_keeps_the_best_epoch_of_the_held_out_part():
    X, y = scenes(10)
    settings = {
        **SMALL,
        "epochs": 60,
        "patience": 2,
        "validation_fraction": 0.3,
        "lr_schedule": "constant",
    }
    rng = np.random.default_rng(0)
    model = NetworkClassifier(**settings).fit(X, rng.permutation(y))
    losses = [line["validation_loss"] for line in model.history_]
    assert len(losses) < 60
    assert len(losses) - 1 - int(np.argmin(losses)) == 2


@pytest.mark.parametrize("pool", ["average", "flatten"])
def test_training_and_prediction_see_windows_of_one_size(pool):
    X, y = scenes(10)
    network = {"blocks": [{"filters": 6, "stride": 2}], "head": {"pool": pool}}
    settings = {"image_size": 16, "batch_size": 8, "epochs": 8, "augmentation": {"crop": 0.75}}
    model = NetworkClassifier(network, **settings, device="cpu", tta_flip=False).fit(X, y)
    assert model.training_accuracy_ > 0.9
    middle = model.decision_function(X)
    framed = np.zeros_like(X)
    framed[:, 2:14, 2:14] = X[:, 2:14, 2:14]
    np.testing.assert_allclose(model.decision_function(framed), middle, atol=1e-5)
    five = model.set_params(tta_views=2).decision_function(X)
    rolled = [np.roll(X, (y, x), (1, 2)) for y, x in [(2, 2), (2, -2), (-2, 2), (-2, -2)]]
    model.set_params(tta_views=1)
    expected = np.mean([model.decision_function(view) for view in rolled], axis=0)
    np.testing.assert_allclose(five, expected, atol=1e-5)


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_every_optimizer_lowers_the_loss(name):
    X, y = scenes(5)
    rate = {"adadelta": 1.0, "plain-sgd": 0.1}.get(name, 0.01)
    model = NetworkClassifier(
        **SMALL, epochs=6, optimizer=name, max_lr=rate, lr_schedule="constant"
    )
    losses = [line["loss"] for line in model.fit(X, y).history_]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("name", sorted(SCHEDULES))
def test_the_learning_rate_follows_the_schedule(name):
    X, y = scenes(4)
    model = NetworkClassifier(**SMALL, epochs=4, lr_schedule=name).fit(X, y)
    assert [line["lr"] for line in model.history_] == pytest.approx(
        [0.01 * SCHEDULES[name]((2 * epoch + 1) / 8) for epoch in range(4)]
    )


def test_clipping_bounds_what_a_step_applies():
    X, y = scenes(4)
    settings = {**SMALL, "epochs": 1, "optimizer": "plain-sgd", "max_lr": 0.1}
    free = NetworkClassifier(**settings).fit(X, y)
    clipped = NetworkClassifier(**settings, clip_grad_norm=1e-9).fit(X, y)
    start = NetworkClassifier(**{**settings, "epochs": 0}).fit(X, y)
    name = "head.0.weight"
    assert np.abs(free.weights_[name] - start.weights_[name]).max() > 1e-3
    np.testing.assert_allclose(clipped.weights_[name], start.weights_[name], rtol=0.02)


def test_a_diverging_training_raises_an_error():
    X, y = scenes(4)
    with pytest.raises(StrataError, match="diverged"):
        NetworkClassifier(
            **SMALL, epochs=30, optimizer="plain-sgd", max_lr=1e30, lr_schedule="constant"
        ).fit(X, y)


@pytest.mark.parametrize(
    "wrong",
    [
        {"architecture": "tinynett"},
        {"optimizer": "adamm"},
        {"lr_schedule": "one"},
        {"architecture": {"name": "tinynet", "activation": "rel"}},
        {"architecture": {"name": "tinynet", "width": 3}},
        {"batch_size": 1},
        {"epochs": -1},
        {"max_lr": 0},
        {"max_lr": "automatic"},
        {"tta_views": 0},
        {"pretrain_epochs": -1},
        {"weight_decay": float("nan")},
        {"augmentation": 5},
        {"augmentation": {"rotation": float("inf")}},
        {"ema_decay": 1.0},
        {"label_smoothing": 1.0},
        {"clip_grad_norm": 0.0},
        {"patience": 0},
        {"patience": 1, "validation_fraction": 0.01},
        {"device": "gpu"},
        {"augmentation": {"spin": 1}},
        {"augmentation": "stron"},
        {"augmentation": {"flip": 1}},
        {"augmentation": {"zoom": "much"}},
        {"image_size": 32},
    ],
)
def test_wrong_settings_are_explained(wrong):
    X, y = scenes(3)
    with pytest.raises(InputError):
        NetworkClassifier(**{**SMALL, **wrong}).fit(X, y)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda X, y: (X.astype(float), y), "uint8"),
        (lambda X, y: (X[..., 0], y), "shape"),
        (lambda X, y: (X, y[:-1]), "labels"),
        (lambda X, y: (X, np.full(len(X), "sea")), "two classes"),
    ],
)
def test_wrong_images_are_explained(change, says):
    with pytest.raises(InputError, match=says):
        NetworkClassifier(**SMALL).fit(*change(*scenes(3)))


def test_a_training_that_diverges_in_its_last_step_raises_an_error():
    X, y = scenes(4)
    once = {"epochs": 1, "batch_size": 32, "optimizer": "plain-sgd", "lr_schedule": "constant"}
    with pytest.raises(DivergedError, match="last steps"):
        NetworkClassifier("mlp", image_size=16, max_lr=1e38, **once).fit(X, y)


def test_a_validation_loss_of_nan_raises_an_error(monkeypatch):
    X, y = scenes(4)

    def broken(network, pixels, **_):
        return torch.full((len(pixels), network.num_classes), float("nan"))

    monkeypatch.setattr(inference, "predict", broken)
    with pytest.raises(DivergedError, match="epoch 1"):
        NetworkClassifier(**SMALL, epochs=2, patience=1, validation_fraction=0.3).fit(X, y)


def test_a_constant_validation_loss_has_not_improved():
    X, y = scenes(6)
    still = {"optimizer": "plain-sgd", "max_lr": 1e-30, "weight_decay": 0.0}
    model = NetworkClassifier(
        "mlp", image_size=16, epochs=9, patience=2, validation_fraction=0.3, **still
    )
    assert len(model.fit(X, y).history_) == 3


def test_the_lr_finder_uses_deterministic_algorithms(monkeypatch):
    X, y = scenes(4)
    fixed = []
    step = GradientDescent.step

    def watched(self, batch):
        fixed.append(torch.backends.cudnn.deterministic)
        return step(self, batch)

    monkeypatch.setattr(GradientDescent, "step", watched)
    NetworkClassifier(**SMALL).find_lr(X, y)
    assert fixed
    assert all(fixed)


def test_the_lr_finder_suggests_a_learning_rate_that_learns():
    X, y = scenes(20)
    model = NetworkClassifier(**SMALL, epochs=6)
    curve = model.find_lr(X, y)
    assert len(curve.lrs) == len(curve.losses) <= 100
    assert curve.lrs[0] == pytest.approx(1e-5)
    assert curve.suggestion in curve.lrs
    assert curve.losses.min() < curve.losses[0]
    np.testing.assert_array_equal(model.find_lr(X, y).losses, curve.losses)
    losses = [h["loss"] for h in model.set_params(max_lr=curve.suggestion).fit(X, y).history_]
    assert losses[-1] < losses[0]


def test_fit_runs_the_lr_finder_for_auto():
    X, y = scenes(20)
    model = NetworkClassifier(**SMALL, epochs=2, max_lr="auto").fit(X, y)
    assert model.max_lr_ == model.lr_curve_.suggestion
    same_lr = NetworkClassifier(**SMALL, epochs=2, max_lr=model.max_lr_).fit(X, y)
    assert same(model, same_lr)
    assert not hasattr(model.set_params(max_lr=0.01).fit(X, y), "lr_curve_")


@pytest.mark.parametrize("with_teacher", [False, True])
def test_the_lr_finder_trains_as_the_training_will(with_teacher):
    """From pretrained weights, and towards what a teacher says."""
    X, y = scenes(10)
    plain = NetworkClassifier(**SMALL).set_params(max_lr="auto", epochs=0)
    other = clone(plain) if with_teacher else clone(plain).set_params(pretrain_epochs=2)
    teacher = np.full((len(X), 3), 1 / 3) if with_teacher else None
    losses = plain.fit(X, y).lr_curve_.losses
    seen = other.fit(X, y, teacher=teacher).lr_curve_.losses
    assert seen[0] != losses[0]
    np.testing.assert_array_equal(other.find_lr(X, y, teacher=teacher).losses, seen)


@pytest.mark.parametrize("nesterov", [True, False])
def test_momentum_is_that_of_gradient_descent(nesterov):
    """Three steps by hand on one weight: Nesterov's, as Sutskever et al. (2013) write it."""
    for momentum in (0.0, 0.6):
        weight = torch.nn.Parameter(torch.ones(1, 1))
        steps = build_optimizer("sgd", [(1.0, [weight])], 0.1, 0.0, momentum, nesterov=nesterov)
        velocity, expected = 0.0, 1.0
        for _ in range(3):
            steps.zero_grad()
            (weight**2 / 2).sum().backward()
            velocity = momentum * velocity + expected
            ahead = expected + momentum * velocity if nesterov else velocity
            expected -= 0.1 * ahead
            steps.param_groups[0]["lr"] = 0.1
            steps.step()
            assert weight.item() == pytest.approx(expected)
    with pytest.raises(InputError, match="momentum"):
        NetworkClassifier(**SMALL, momentum=1.0).fit(*scenes(4))


def gray_images(n=24, size=12):
    rng = np.random.default_rng(0)
    y = np.arange(n) % 2
    X = rng.integers(0, 128, (n, size, size, 1))
    X[y == 1, : size // 2] += 100
    return X.astype(np.uint8), y


@pytest.mark.parametrize("augmentation", ["light", "strong", {"cutout": 0.3, "crop": 0.75}])
@pytest.mark.parametrize("architecture", [{"name": "tinynet", "widths": [8, 8]}, "mlp"])
def test_gray_images_have_one_channel(architecture, augmentation):
    X, y = gray_images()
    model = NetworkClassifier(
        architecture, image_size=12, epochs=8, batch_size=8, device="cpu", augmentation=augmentation
    ).fit(X, y)
    assert model.training_accuracy_ > 0.9
    weights = next(w for name, w in model.weights_.items() if name.endswith("weight"))
    window = model.window()
    assert weights.shape[1] in (1, window * window)
    assert sum(p.numel() for p in model.network().parameters()) == model.parameters_
    with pytest.raises(InputError, match="12, 1"):
        model.predict(np.repeat(X, 3, axis=3))


def test_one_channel_is_scored_as_its_threefold_copy():
    X, y = gray_images()
    copies, first = np.repeat(X, 3, axis=3), "blocks.0.layers.0.0.weight"
    network = {"name": "tinynet", "widths": [4]}
    gray, color = (
        NetworkClassifier(network, image_size=12, epochs=0, device="cpu").fit(images, y)
        for images in (X, copies)
    )
    color.weights_ |= {k: w for k, w in gray.weights_.items() if w.shape == color.weights_[k].shape}
    color.weights_[first] = np.repeat(gray.weights_[first] / 3, 3, axis=1)
    np.testing.assert_allclose(color.logits(copies), gray.logits(X), atol=1e-5)


@pytest.mark.parametrize("augmentation", ["none", {"crop": 0.75}])
def test_a_network_whose_head_averages_takes_images_of_another_size(augmentation):
    X, y = gray_images(size=16)
    auxiliary = [{"after": 1, "pool_size": 3, "hidden": [4]}]
    model = NetworkClassifier(
        {"blocks": [{"filters": 8}, {"filters": 8, "stride": 2}], "auxiliary": auxiliary},
        image_size=16,
        epochs=8,
        batch_size=8,
        device="cpu",
        augmentation=augmentation,
        tta_views=2,
    ).fit(X, y)
    larger = model.at_size(24)
    enlarged = X.repeat(2, axis=1).repeat(2, axis=2)[:, 4:28, 4:28]
    assert (larger.predict(np.ascontiguousarray(enlarged)) == y).all()
    assert larger.multiply_adds_ > 2 * model.multiply_adds_
    assert larger.parameters_ == model.parameters_
    np.testing.assert_array_equal(model.logits(X), model.at_size(16).logits(X))
    with pytest.raises(InputError, match="at_size"):
        model.predict(enlarged)


def test_a_network_of_one_size_says_so():
    X, y = gray_images()
    cnn = NetworkClassifier({"name": "cnn", "filters": [4]}, image_size=12, epochs=1, device="cpu")
    with pytest.raises(InputError, match="flattens"):
        cnn.fit(X, y).at_size(24)
    pooled = {"blocks": [{"filters": 4, "padding": 0, "kernel": 5}]}
    small = NetworkClassifier(pooled, image_size=12, epochs=1, device="cpu").fit(X, y)
    with pytest.raises(InputError, match="do not pass"):
        small.at_size(4)


def test_the_layer_table_is_plain_values_that_json_holds():
    X, y = gray_images()
    model = NetworkClassifier(
        {"name": "cnn", "filters": [4]}, image_size=12, epochs=0, device="cpu"
    )
    layers = model.fit(X, y).layers_
    assert json.loads(json.dumps(layers)) == layers
    assert [row["kernel"] for row in layers] == [[3, 3], [2, 2], []]
