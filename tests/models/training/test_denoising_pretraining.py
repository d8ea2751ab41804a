import numpy as np
import pytest
import torch

from strata.errors import InputError
from strata.models.architectures.body import body_layers
from strata.models.architectures.builder import build
from strata.models.estimators.network_classifier import NetworkClassifier
from strata.models.training import denoising_pretraining

NETWORK = {
    "blocks": [
        {"filters": 6, "stride": 2, "dropout": 0.1},
        {"branches": [[{"filters": 4}], [{"filters": 4, "kernel": 1}]]},
    ]
}


def stripes(n, side=16, seed=0):
    """Smooth images that a few numbers describe."""
    rng = np.random.default_rng(seed)
    slopes = rng.normal(size=(n, 2, 1, 1, 3))
    y, x = np.mgrid[:side, :side][..., None] / 4
    waves = np.sin(slopes[:, 0] * x + slopes[:, 1] * y)
    return (127 + 120 * waves).astype(np.uint8)


def pretrain(network, images, window=None, **arguments):
    window = window or images.shape[1]
    return denoising_pretraining.pretrain(network, images, window=window, **arguments)


PERCEPTRON = {"name": "mlp", "hidden": [24, 12], "normalization": "batch", "dropout": 0.1}
LAYERS = {
    "blocks": (NETWORK, ["block1", "block2"]),
    "mlp": (PERCEPTRON, ["hidden1", "hidden2"]),
    "blocks and hidden layers": (
        {**NETWORK, "head": {"hidden": [8]}, "auxiliary": [{"after": 1}]},
        ["block1", "block2", "hidden1"],
    ),
    "residual, squeezed, pooled": (
        {"blocks": [{"filters": 6, "residual": True, "squeeze": 2, "pool": "max"}]},
        ["block1"],
    ),
    "pooling alone has no weights": (
        {
            "blocks": [
                {"filters": 6},
                {"pool": "max"},
                {"branches": [[{"pool": "min"}, {"filters": 4}], [{"filters": 4, "stride": 2}]]},
                {"branches": [[{"pool": "max"}], [{"pool": "average"}]]},
            ]
        },
        ["block1", "block3"],
    ),
}


@pytest.mark.parametrize("case", LAYERS)
def test_each_layer_learns_to_undo_noise_and_the_class_scores_stay(case):
    description, names = LAYERS[case]
    network = build(description, image_size=16, num_classes=3)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    losses = pretrain(network, torch.from_numpy(stripes(40)), epochs=10, batch_size=8)
    assert list(losses) == names
    assert all(len(layer) == 10 and layer[-1] < 0.7 * layer[0] for layer in losses.values())
    layers = dict(body_layers(network))
    pretrained = {id(p) for name in names for p in layers[name].parameters()}
    last = list(network.head)[-1]
    for name, value in network.named_parameters():
        assert torch.equal(value, before[name]) == (id(value) not in pretrained), name
    assert not pretrained & {id(p) for p in [*last.parameters(), *network.auxiliary.parameters()]}


def test_a_network_of_its_last_layer_alone_has_nothing_to_pretrain():
    network = build({"name": "mlp", "hidden": []}, image_size=16, num_classes=3)
    with pytest.raises(InputError, match="no layer to pretrain"):
        pretrain(network, torch.from_numpy(stripes(8)), epochs=1)


def test_windows_come_from_all_over_the_image():
    """Crops of the center alone would be as flat as it is."""
    images = np.zeros((20, 16, 16, 3), np.uint8)
    images[:, 4:12, 4:12] = 127
    network = build(NETWORK, image_size=8, num_classes=3)
    network.fit_standardization(images)
    center = images[:, 4:12, 4:12]
    (flat, *_), (varied, *_) = (
        pretrain(network, torch.from_numpy(part), window=8, epochs=1, batch_size=10).values()
        for part in (np.ascontiguousarray(center), images)
    )
    assert flat != varied


def test_torchs_global_generator_does_not_matter():
    """It is seeded by chance in every process."""
    images, found = torch.from_numpy(stripes(8)), []
    for seed in (1, 2):
        torch.manual_seed(seed)
        network = build(NETWORK, image_size=16, num_classes=3)
        found.append((pretrain(network, images, epochs=1, batch_size=4), network.state_dict()))
    (losses, first), (same_losses, second) = found
    assert losses == same_losses
    assert all(torch.equal(value, second[name]) for name, value in first.items())


def test_earlier_blocks_stay_as_they_learned():
    images = torch.from_numpy(stripes(12))
    whole, first = (build(part, image_size=16, num_classes=3) for part in (NETWORK, NETWORK))
    first.blocks = first.blocks[:1]
    for network in (whole, first):
        pretrain(network, images, epochs=2, batch_size=4)
    for a, b in zip(whole.blocks[0].parameters(), first.blocks[0].parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_training_starts_from_the_pretrained_weights(ema):
    X, y = stripes(12), np.arange(12) % 3
    settings = {
        "image_size": 16,
        "batch_size": 4,
        "epochs": 1,
        "ema_decay": ema,
        "device": "cpu",
        "clip_grad_norm": 1e-12,
    }
    settings |= {"optimizer": "plain-sgd", "label_smoothing": 0.0, "weight_decay": 0.0}
    model, again, none = (
        NetworkClassifier(NETWORK, pretrain_epochs=n, **settings).fit(X, y) for n in (3, 3, 0)
    )
    name = "blocks.0.layers.0.0.weight"
    assert np.array_equal(model.weights_[name], again.weights_[name])
    network = build(NETWORK, image_size=16, num_classes=3)
    assert len(model.pretrain_losses_) == len(network.blocks)
    assert np.abs(model.weights_[name] - none.weights_[name]).max() > 0.01


def test_pretraining_on_constant_inputs_stays_finite():
    """Of black images, say, or behind a block whose units are all dead."""
    network = build(
        {"activation": "tanh", "blocks": [{"filters": 4}] * 2}, image_size=8, num_classes=2
    )
    losses = pretrain(network, torch.zeros((6, 8, 8, 3), dtype=torch.uint8), epochs=2, batch_size=3)
    assert np.isfinite(list(losses.values())).all()
    assert all(torch.isfinite(value).all() for value in network.state_dict().values())


def test_losses_of_an_earlier_fit_are_forgotten():
    X, y = stripes(12), np.arange(12) % 3
    model = NetworkClassifier(
        NETWORK, image_size=16, batch_size=4, epochs=1, device="cpu", pretrain_epochs=1
    )
    assert len(model.fit(X, y).pretrain_losses_) == 2
    assert not hasattr(model.set_params(pretrain_epochs=0).fit(X, y), "pretrain_losses_")
