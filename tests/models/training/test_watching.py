"""Images that are watched while others are learned from."""

import numpy as np
import pytest
import torch

from strata.errors import InputError
from strata.models.architectures.builder import build
from strata.models.estimators.network_classifier import NetworkClassifier
from strata.models.training import trainer
from strata.models.training.batches import Images
from strata.models.training.inference import (
    PREDICTION_COST,
    WATCH_SHARE,
    evaluate,
    watch_interval,
)

#: Everything that another look at the network could disturb.
SETTINGS = {
    "architecture": {
        "dropout": 0.2,
        "normalization": "batch",
        "blocks": [{"filters": 4, "stride": 2}, {"filters": 6, "normalization": "batch-renorm"}],
        "head": {"dropout": 0.3},
    },
    "image_size": 8,
    "batch_size": 8,
    "epochs": 3,
    "augmentation": {"flip": True, "zoom": 0.2, "mixup": 0.3},
    "device": "cpu",
}


def images(n, seed=0, classes=("a", "b", "c")):
    rng = np.random.default_rng(seed)
    y = np.array(classes)[np.arange(n) % len(classes)]
    return rng.integers(0, 256, (n, 8, 8, 3)).astype(np.uint8), y


def validated(history):
    return [(e["validation_loss"], e["validation_accuracy"]) for e in history]


@pytest.mark.parametrize("ema_decay", [0.0, 0.9])
def test_watching_changes_no_bit_of_the_weights_nor_of_the_rest_of_the_history(ema_decay):
    X, y = images(30)
    settings = {**SETTINGS, "ema_decay": ema_decay}
    plain = NetworkClassifier(**settings).fit(X, y)
    watching = NetworkClassifier(**settings).fit(X, y, watch=images(5, seed=1))
    assert plain.watched_ == ""
    assert watching.watched_ == "heldout"
    for name, weights in plain.weights_.items():
        np.testing.assert_array_equal(watching.weights_[name], weights)
    added = {"validation_loss", "validation_accuracy"}
    for before, after in zip(plain.history_, watching.history_, strict=True):
        assert after.keys() - before.keys() == added
        assert all(after[k] == v for k, v in before.items() if k != "seconds")


@pytest.mark.parametrize("ema_decay", [0.0, 0.9])
def test_what_is_watched_is_the_loss_and_accuracy_of_the_epochs_own_network(ema_decay):
    """The last entry is of the network that is kept."""
    settings = {**SETTINGS, "tta_flip": False, "ema_decay": ema_decay}
    fresh, truth = images(5, seed=1)
    model = NetworkClassifier(**settings).fit(*images(30), watch=(fresh, truth))
    p = model.predict_proba(fresh)[np.arange(5), np.searchsorted(model.classes_, truth)]
    loss, accuracy = validated(model.history_)[-1]
    assert loss == pytest.approx(-np.log(p).mean(), rel=1e-5)
    assert accuracy == pytest.approx((model.predict(fresh) == truth).mean())


def test_images_of_classes_that_are_not_trained_are_left_out():
    X, y = images(30)
    fresh, truth = images(5, seed=1, classes=("a", "0", "c", "b", "zebra"))
    known = np.isin(truth, ["a", "b", "c"])
    model = NetworkClassifier(**SETTINGS)
    some = validated(model.fit(X, y, watch=(fresh, truth)).history_)
    assert some == validated(model.fit(X, y, watch=(fresh[known], truth[known])).history_)
    model.fit(X, y, watch=(fresh[:1], np.array(["zebra"])))
    assert model.watched_ == ""
    assert "validation_loss" not in model.history_[0]


def test_with_patience_a_part_of_the_training_images_is_watched():
    X, y = images(30)
    model = NetworkClassifier(**SETTINGS, patience=2, validation_fraction=0.3).fit(X, y)
    assert model.watched_ == "validation"
    with pytest.raises(InputError, match="patience"):
        model.fit(X, y, watch=images(5))


def test_one_label_for_each_image_to_watch():
    with pytest.raises(InputError, match="6 images to watch, but 5 labels"):
        NetworkClassifier(**SETTINGS).fit(*images(9), watch=(images(6)[0], ["a"] * 5))


def test_a_loss_that_is_no_number_ends_no_training_that_it_does_not_choose(monkeypatch):
    monkeypatch.setattr(trainer, "evaluate", lambda *_, **__: (float("inf"), 0.5))
    model = NetworkClassifier(**SETTINGS).fit(*images(30), watch=images(3))
    assert validated(model.history_) == [(None, 0.5)] * 3


@pytest.mark.parametrize(("folds", "interval"), [(10, 1), (8, 1), (7, 1), (5, 2), (3, 3), (2, 6)])
def test_the_share_of_time_is_bounded_by_looking_less_often(folds, interval):
    found = watch_interval(100, 100 * (folds - 1))
    assert found == interval
    assert PREDICTION_COST / (folds - 1) / found <= WATCH_SHARE + 1e-9


def test_where_it_is_not_every_epoch_the_last_is_among_them():
    model = NetworkClassifier(**{**SETTINGS, "epochs": 5}).fit(*images(30), watch=images(10))
    assert watch_interval(10, 30) == 2
    seen = [e["epoch"] for e in model.history_ if "validation_loss" in e]
    assert seen == [2, 4, 5]


def test_a_killed_training_that_watches_goes_on_to_the_same_end(tmp_path, monkeypatch):
    monkeypatch.setattr(trainer, "CHECKPOINT_SHARE", float("inf"))
    X, y = images(30)
    path, watch = tmp_path / "training", images(5, seed=1)

    def stop(line):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        NetworkClassifier(**SETTINGS).fit(X, y, watch=watch, checkpoint=path, on_epoch=stop)
    seen = []
    model = NetworkClassifier(**SETTINGS)
    model.fit(X, y, watch=watch, checkpoint=path, on_epoch=seen.append)
    assert [line["epoch"] for line in seen] == [2, 3]
    whole = NetworkClassifier(**SETTINGS).fit(X, y, watch=watch)
    assert validated(whole.history_) == validated(model.history_)


def test_evaluation_is_naive():
    network = build({"blocks": [{"filters": 4}]}, image_size=6, num_classes=3)
    rng = np.random.default_rng(0)
    pixels = torch.from_numpy(rng.integers(0, 256, (7, 8, 8, 3)).astype(np.uint8))
    labels = torch.arange(7) % 3
    weights = torch.tensor([0.5, 1.0, 2.0])
    found = evaluate(network, Images(pixels, labels), window=6, class_weights=weights)
    p = network.eval()(pixels[:, 1:7, 1:7].permute(0, 3, 1, 2)).softmax(1)
    own = weights[labels]
    loss = -(own * p[torch.arange(7), labels].log()).sum() / own.sum()
    assert found[0] == pytest.approx(loss.item(), rel=1e-5)
    assert found[1] == pytest.approx((p.argmax(1) == labels).float().mean().item())
