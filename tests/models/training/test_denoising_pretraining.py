import numpy as np
import pytest
import torch

from strata.models.architectures.builder import build
from strata.models.estimators.network_classifier import NetworkClassifier
from strata.models.training.denoising_pretraining import pretrain

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


def test_each_block_learns_to_undo_noise_and_the_head_stays():
    network = build(NETWORK, image_size=16, num_classes=3)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    images = torch.from_numpy(stripes(40)).permute(0, 3, 1, 2)
    losses = pretrain(network, images, epochs=10, batch_size=8)
    assert [len(block) for block in losses] == [10, 10]
    assert all(block[-1] < 0.6 * block[0] for block in losses)
    changed = {
        name.split(".")[0]
        for name, value in network.state_dict().items()
        if not torch.equal(value, before[name])
    }
    assert changed == {"blocks"}


def test_torchs_global_generator_does_not_matter():
    """It is seeded by chance in every process."""
    images, found = torch.from_numpy(stripes(8)).permute(0, 3, 1, 2), []
    for seed in (1, 2):
        torch.manual_seed(seed)
        network = build(NETWORK, image_size=16, num_classes=3)
        found.append((pretrain(network, images, epochs=1, batch_size=4), network.state_dict()))
    (losses, first), (same_losses, second) = found
    assert losses == same_losses
    assert all(torch.equal(value, second[name]) for name, value in first.items())


def test_earlier_blocks_stay_as_they_learned():
    images = torch.from_numpy(stripes(12)).permute(0, 3, 1, 2)
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
    losses = pretrain(network, torch.zeros((6, 3, 8, 8), dtype=torch.uint8), epochs=2, batch_size=3)
    assert np.isfinite(losses).all()
    assert all(torch.isfinite(value).all() for value in network.state_dict().values())


def test_losses_of_an_earlier_fit_are_forgotten():
    X, y = stripes(12), np.arange(12) % 3
    model = NetworkClassifier(
        NETWORK, image_size=16, batch_size=4, epochs=1, device="cpu", pretrain_epochs=1
    )
    assert len(model.fit(X, y).pretrain_losses_) == 2
    assert not hasattr(model.set_params(pretrain_epochs=0).fit(X, y), "pretrain_losses_")
