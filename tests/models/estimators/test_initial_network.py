"""Networks that do not start from random weights: pretrained, or from another network."""

import numpy as np
import pytest
from sklearn.base import clone

from strata.errors import InputError
from strata.models.estimators.network_classifier import NetworkClassifier
from tests.models.estimators.test_network_classifier import SMALL, same, scenes

ARCHITECTURES = {
    "blocks": {"name": "tinynet", "widths": [4, 6]},
    "hidden layers": {"name": "mlp", "hidden": [6], "normalization": "batch", "dropout": 0.1},
    "auxiliary head": {
        "blocks": [{"filters": 4, "stride": 2}],
        "head": {"hidden": [5]},
        "auxiliary": [{"after": 1}],
    },
}


def classifier(case, **settings):
    return NetworkClassifier(**{**SMALL, "architecture": ARCHITECTURES[case], **settings})


def weights(model):
    """Weights by name, without the moving statistics of normalizations."""
    moving = ("running_mean", "running_var", "num_batches_tracked")
    return {name: value for name, value in model.weights_.items() if not name.endswith(moving)}


def trained_layers(before, after):
    """Names of the weights that differ."""
    there = weights(before)
    return {n for n, value in weights(after).items() if not np.array_equal(value, there[n])}


def outside_the_body(model):
    last = max(name for name in model.weights_ if name.startswith("head."))
    others = (last.rpartition(".")[0], "auxiliary")
    return {name for name in model.weights_ if name.startswith(others)}


@pytest.fixture(scope="module", params=ARCHITECTURES)
def source(request):
    """A network trained on other images, of two of the classes."""
    X, y = scenes(16)
    kept = y != y[0]
    return request.param, classifier(request.param, epochs=2, random_state=5).fit(X[kept], y[kept])


def test_a_network_starts_from_the_body_of_another(source):
    case, other = source
    X, y = scenes(10)
    model = classifier(case, epochs=2, frozen_epochs=2).fit(X // 2, y, initial=other)
    body = set(weights(model)) - outside_the_body(model)
    assert {"mean", "deviation"} < body
    for name in body:
        np.testing.assert_array_equal(model.weights_[name], other.weights_[name], name)
    start = classifier(case, epochs=0).fit(X // 2, y, initial=other)
    assert trained_layers(start, model) == outside_the_body(model)


def test_frozen_layers_are_trained_after_the_epochs_in_which_they_are_frozen(source):
    case, other = source
    X, y = scenes(10)
    model = classifier(case, epochs=2, frozen_epochs=1).fit(X, y, initial=other)
    start = classifier(case, epochs=0).fit(X, y, initial=other)
    assert trained_layers(start, model) == set(weights(model)) - {"mean", "deviation"}
    assert set(model.history_[0]) < set(model.history_[1])  # gradients of frozen layers are none


def test_pretrained_layers_may_be_frozen():
    X, y = scenes(10)
    settings = {"pretrain_epochs": 2, "frozen_epochs": 3}
    pretrained = classifier("hidden layers", epochs=0, **settings).fit(X, y)
    model = classifier("hidden layers", epochs=3, **settings).fit(X, y)
    assert trained_layers(pretrained, model) == outside_the_body(model)
    assert pretrained.pretrain_losses_ == model.pretrain_losses_


def test_a_killed_training_goes_on_frozen(tmp_path, source):
    case, other = source
    X, y = scenes(10)
    model = classifier(case, epochs=4, frozen_epochs=3)
    whole = clone(model).fit(X, y, initial=other)

    def killed(line):
        if line["epoch"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y, initial=other, checkpoint=tmp_path / "state", on_epoch=killed)
    resumed = model.fit(X, y, initial=other, checkpoint=tmp_path / "state")
    assert same(whole, resumed)


def test_a_checkpoint_from_another_start_is_not_taken_up(tmp_path):
    X, y = scenes(10)
    first, second = (classifier("blocks", epochs=1, random_state=n).fit(X, y) for n in (1, 2))

    def killed(line):
        raise KeyboardInterrupt

    model = classifier("blocks", epochs=2)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y, initial=first, checkpoint=tmp_path / "state", on_epoch=killed)
    assert same(
        model.fit(X, y, initial=second, checkpoint=tmp_path / "state"),
        clone(model).fit(X, y, initial=second),
    )


def test_unlabeled_images_are_pretrained_on():
    X, y = scenes(10)
    more, _ = scenes(12)
    alone, together = (
        classifier("blocks", epochs=0, pretrain_epochs=2).fit(X, y, unlabeled=unlabeled)
        for unlabeled in (None, 255 - more)
    )
    assert trained_layers(alone, together)
    assert alone.pretrain_losses_ != together.pretrain_losses_
    np.testing.assert_array_equal(alone.weights_["mean"], together.weights_["mean"])


@pytest.mark.parametrize(
    ("settings", "start", "said"),
    [
        ({"pretrain_epochs": 0}, {"unlabeled": scenes(4)[0]}, "pretrain_epochs = 0"),
        ({"pretrain_epochs": 1}, {"unlabeled": scenes(4)[0][:, :8]}, "uint8 images of shape"),
        ({"frozen_epochs": 1}, {}, "random weights"),
        ({"frozen_epochs": -1}, {}, "frozen_epochs"),
    ],
)
def test_a_start_that_the_arguments_do_not_fit_is_refused(settings, start, said):
    X, y = scenes(4)
    with pytest.raises(InputError, match=said):
        classifier("blocks", epochs=1, **settings).fit(X, y, **start)


def test_networks_of_another_architecture_are_no_start():
    X, y = scenes(4)
    other = classifier("hidden layers", epochs=0).fit(X, y)
    with pytest.raises(InputError, match=r"another architecture: blocks\.0\S+ has the shape none"):
        classifier("blocks", epochs=0).fit(X, y, initial=other)
    wide = classifier("blocks", epochs=0, architecture={"name": "tinynet", "widths": [4, 7]})
    with pytest.raises(InputError, match=r"blocks\.1\S+ has the shape \(7, 4, 3, 3\) there"):
        classifier("blocks", epochs=0).fit(X, y, initial=wide.fit(X, y))
