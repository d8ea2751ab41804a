import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score

from strata.errors import InputError
from strata.models.architectures.dropout import Dropout, seed_dropout
from strata.models.estimators import layer_training
from strata.models.estimators.fine_tuned_classifier import FineTunedClassifier
from strata.models.runtime import checkpoint, image_source
from strata.models.transfer import backbones
from strata.models.transfer.finetuning import finetune_module
from strata.models.transfer.finetuning.boundary import boundary_activations
from strata.models.transfer.finetuning.finetune_module import FineTuneModule
from strata.models.transfer.finetuning.layer_decay import block_parameters
from strata.models.transfer.finetuning.pooling import Embedding
from strata.models.transfer.frozen_backbone import FrozenBackbone
from strata.models.transfer.subgraph import IMAGES, extract_subgraph, penultimate_node
from strata.models.transfer.subgraph_flops import subgraph_cost
from tests.models.runtime.test_image_source import Mapped

NAME, SIDE, OUTPUT = "squeezenet1_1", 48, "features.12"
BOUNDARY = "features.11"


@pytest.fixture(scope="module")
def state():
    torch.manual_seed(0)
    return backbones.skeleton(NAME).state_dict()


@pytest.fixture(scope="module")
def images():
    """Three kinds of texture that pooled activations tell apart."""
    rng = np.random.default_rng(0)
    labels = np.repeat(["a", "b", "c"], 8)
    pixels = rng.integers(0, 256, (24, SIDE, SIDE, 3)).astype(np.uint8)
    pixels[labels == "b", :, ::2] = 0
    pixels[labels == "c", ::4] = 255
    return pixels, labels


def activations(state, pixels, node, side=SIDE):
    frozen = FrozenBackbone(NAME, [node], state, side)
    views = boundary_activations(frozen, [pixels, pixels[:, :, ::-1]], torch.device("cpu"))
    return np.stack(list(views), axis=1)


def classifier(state, **options):
    options = {"freeze_until": BOUNDARY, "head_epochs": 15, "epochs": 3, "batch_size": 8} | options
    options = {"image_size": SIDE, "output_node": OUTPUT, "weights": state} | options
    return FineTunedClassifier(NAME, **options)


@pytest.fixture(scope="module")
def fitted(state, images):
    pixels, labels = images
    X = activations(state, pixels, BOUNDARY)
    return classifier(state).fit(X, labels), X


def test_it_learns(fitted, images):
    model, X = fitted
    assert model.training_accuracy_ == np.mean(model.predict(X) == images[1]) > 0.9
    losses = [line["loss"] for line in model.history_]
    assert losses[-1] < losses[0]
    assert [line["epoch"] for line in model.history_] == list(range(1, 19))
    assert np.allclose(model.predict_proba(X).sum(1), 1)


def test_the_score_is_the_mean_over_views(fitted):
    model, X = fitted
    each = [model.decision_function(X[:, [view]]) for view in (0, 1)]
    np.testing.assert_allclose(model.decision_function(X), np.mean(each, axis=0), atol=1e-5)


def test_the_same_seed_gives_the_same_weights(fitted, state, images):
    model, X = fitted
    again = clone(model).fit(X, images[1])
    assert all(np.array_equal(again.weights_[k], v) for k, v in model.weights_.items())
    other = clone(model).set_params(random_state=1).fit(X, images[1])
    assert not all(np.array_equal(other.weights_[k], v) for k, v in model.weights_.items())
    assert np.array_equal(
        pickle.loads(pickle.dumps(model)).decision_function(X), model.decision_function(X)
    )


def test_the_head_alone_leaves_the_network_as_it_was(state, images):
    pixels, labels = images
    X = activations(state, pixels, OUTPUT)
    model = classifier(state, freeze_until=OUTPUT, epochs=0).fit(X, labels)
    assert set(model.weights_) == {"head.1.weight", "head.1.bias"}
    assert model.parameters_ == model.trainable_parameters_ == 512 * 3 + 3
    before = sum(v.numel() for k, v in state.items() if k.startswith("features."))
    assert model.frozen_parameters_ == before
    assert model.training_accuracy_ > 0.9
    pooled = X.astype(np.float32).mean((2, 3), keepdims=True)
    same = classifier(state, freeze_until=OUTPUT, epochs=0).fit(pooled, labels)
    np.testing.assert_allclose(same.decision_function(pooled), model.decision_function(X), atol=0.1)


def test_only_trainable_blocks_change(fitted, state):
    model, _ = fitted
    changed = {
        k: not np.array_equal(v, state[k.removeprefix("blocks.0.")].numpy())
        for k, v in model.weights_.items()
        if k.startswith("blocks.")
    }
    assert changed
    assert all(changed.values())
    assert {k.split(".")[3] for k in changed} == {"12"}
    inside = sum(state[k.removeprefix("blocks.0.")].numel() for k in changed)
    assert model.parameters_ == model.trainable_parameters_ == inside + 512 * 3 + 3
    whole = sum(v.numel() for k, v in state.items() if k.startswith("features."))
    assert model.frozen_parameters_ == whole - inside
    assert sum(row["trainable"] for row in model.layers_) == model.trainable_parameters_


def test_layers_after_the_boundary_that_are_not_trained_count_as_frozen(fitted, images):
    trained, X = fitted
    model = clone(trained).set_params(epochs=0).fit(X, images[1])
    assert model.trainable_parameters_ == 512 * 3 + 3
    assert model.parameters_ == trained.parameters_
    totals = [m.trainable_parameters_ + m.frozen_parameters_ for m in (model, trained)]
    assert totals[0] == totals[1]


def test_watching_changes_nothing_but_the_history(fitted, images):
    """The head's epochs and the others are watched; views beside the first are not looked at."""
    model, X = fitted
    rng = np.random.default_rng(1)
    heldout = np.concatenate([X[::3], rng.random(X[:2].shape).astype(X.dtype)])
    labels = np.append(images[1][::3], ["c", "unknown"])
    found = clone(model).fit(X, images[1], watch=(heldout, labels))
    assert found.watched_ == "heldout"
    assert model.watched_ == ""
    for name, value in model.weights_.items():
        assert np.array_equal(found.weights_[name], value), name
    phases = found.history_[14], found.history_[-1]  # the last epochs of each phase
    for line in phases:
        assert line["validation_loss"] > 0
    known = labels != "unknown"
    first = found.predict_proba(heldout[known][:, :1])
    assert phases[1]["validation_accuracy"] == pytest.approx(
        np.mean(found.classes_[first.argmax(1)] == labels[known])
    )
    columns = np.searchsorted(found.classes_, labels[known])
    loss = -np.log(first[np.arange(len(columns)), columns]).mean()
    assert phases[1]["validation_loss"] == pytest.approx(loss, rel=0.02)
    assert not any("validation_loss" in line for line in model.history_)


def test_patience_keeps_the_best_epoch_of_a_part_of_the_images(fitted, images):
    """Labels that mean nothing: the loss on other images soon rises, and training ends."""
    model, X = fitted
    labels = np.random.default_rng(0).permutation(images[1])
    options = {"patience": 1, "validation_fraction": 0.3, "epochs": 12, "max_lr": 0.01}
    found = clone(model).set_params(**options).fit(X, labels)
    assert found.watched_ == "validation"
    assert len(found.history_) < 15 + 12
    head = [line for line in found.history_ if line["epoch"] <= 15]
    assert all("validation_loss" in line for line in head)
    with pytest.raises(InputError, match="With patience"):
        found.fit(X, labels, watch=(X, labels))
    with pytest.raises(InputError, match="validation_fraction"):
        found.set_params(validation_fraction=1.0).fit(X, labels)


def test_copies_and_views_of_an_image_are_kept_together(state, images, monkeypatch):
    """Every image twice: what is validated on is never trained on, in no view."""
    pixels, labels = images
    X = np.concatenate([activations(state, pixels, BOUNDARY)] * 2)
    y, groups = np.tile(labels, 2), np.tile(np.arange(24), 2)
    seen = []

    class Spy(layer_training.Training):
        def run(self, **given):
            seen.append((self.images.pixels, self.validation.pixels))

    monkeypatch.setattr(layer_training, "Training", Spy)
    model = classifier(state, patience=2, validation_fraction=0.25, head_epochs=1, epochs=1)
    model.fit(X, y, groups=groups)
    ((trained, validated),) = seen
    assert len(trained) == 2 * (48 - len(validated))
    assert 0 < len(validated) == 2 * 6

    def keys(rows):
        return {row.numpy().tobytes() for row in rows}

    assert not keys(trained) & keys(validated)
    originals = X[:, 0]
    assert keys(validated) <= {row.tobytes() for row in originals}


def test_the_head_may_take_several_nodes(state, images):
    pixels, labels = images
    X = activations(state, pixels, BOUNDARY)
    nodes = [OUTPUT, BOUNDARY, f"{OUTPUT}.squeeze"]
    model = classifier(state, head_inputs=nodes[1:], embedding="power_norm", epochs=1).fit(
        X, labels
    )
    assert model.training_accuracy_ > 0.9
    network = model.network()
    linear = network.head[1]
    assert linear.in_features == 512 + 512 + 64
    assert model.parameters_ == classifier(state).fit(X, labels).parameters_ + 576 * 3
    with torch.no_grad():
        outputs = network.outputs(torch.from_numpy(X[:, 0]).permute(0, 3, 1, 2))
        torch.testing.assert_close(outputs[1].permute(0, 2, 3, 1).numpy(), X[:, 0].astype("f4"))
        means = [o.mean((2, 3)) for o in outputs]
        unit = torch.cat([m / m.norm(dim=1, keepdim=True) for m in means], 1)
        normalized = unit.sign() * unit.abs().sqrt() - network.embedding.center
        expected = linear(normalized).numpy()
    found = model.decision_function(X[:, :1])
    np.testing.assert_allclose(found, expected, atol=0.1)


def test_the_first_phase_may_find_the_optimum(state, images):
    """That of logistic regression on one view an image, however many views there are."""
    pixels, labels = images
    X = activations(state, pixels, BOUNDARY)[:, :1]
    X = np.concatenate([X, X], axis=1)
    settings = {"head_init_C": 2.0, "embedding": "power_norm"}
    model = classifier(state, epochs=0, **settings).fit(X, labels)
    assert model.history_ == []
    with torch.no_grad():
        rows = torch.from_numpy(X[:, 0]).permute(0, 3, 1, 2)
        vectors = model.network().embed(rows).numpy()
    expected = LogisticRegression(C=2.0, max_iter=1000, tol=1e-6).fit(vectors, labels)
    np.testing.assert_allclose(model.predict_proba(X), expected.predict_proba(vectors), atol=0.02)
    later = classifier(state, epochs=2, **settings).fit(X, labels)
    assert [line["epoch"] for line in later.history_] == [1, 2]
    with pytest.raises(InputError, match="head_init_C must be above 0: 0"):
        classifier(state, head_init_C=0.0).fit(X, labels)


def test_the_head_may_have_hidden_layers(fitted, state, images):
    """Trained in both phases; counted, and rebuilt for prediction."""
    linear, X = fitted
    labels = images[1]
    options = {"head_hidden": (16, 8), "head_activation": "relu", "dropout": 0.1, "epochs": 1}
    first = classifier(state, **{**options, "epochs": 0}).fit(X, labels)
    model = classifier(state, **options).fit(X, labels)
    assert model.training_accuracy_ > 0.6
    head = {k: v for k, v in model.weights_.items() if k.startswith("head.")}
    assert [v.shape for k, v in head.items() if "weight" in k] == [(16, 512), (8, 16), (3, 8)]
    assert all(not np.array_equal(first.weights_[k], v) for k, v in head.items())
    more = 512 * 16 + 16 + 16 * 8 + 8 + 8 * 3 + 3 - (512 * 3 + 3)
    assert model.trainable_parameters_ == linear.trainable_parameters_ + more
    assert [row["name"] for row in model.layers_[-3:]] == ["head.hidden1", "head.hidden2", "head"]
    assert np.array_equal(pickle.loads(pickle.dumps(model)).logits(X), model.logits(X))


@pytest.mark.parametrize("boundary", [BOUNDARY, OUTPUT])  # convolutions; nothing but the head
def test_updates_of_low_rank_need_linear_layers(state, images, boundary):
    X, seen = activations(state, images[0], boundary), []
    with pytest.raises(InputError, match="no linear layer"):
        classifier(state, lora_rank=4, freeze_until=boundary).fit(
            X, images[1], on_epoch=seen.append
        )
    assert not seen  # before the head is trained


@pytest.mark.parametrize("head_inputs", [[OUTPUT], [BOUNDARY, BOUNDARY], ["features.9"], BOUNDARY])
def test_head_inputs_are_checked(state, images, head_inputs):
    pixels, labels = images
    with pytest.raises(InputError, match=r"cannot be among head_inputs|list of nodes"):
        classifier(state, head_inputs=head_inputs).fit(activations(state, pixels, BOUNDARY), labels)


def test_power_normalized_embeddings_are_centered_on_the_training_images(state, images):
    pixels, labels = images
    X = activations(state, pixels, BOUNDARY)
    for head_epochs in (0, 2):
        model = classifier(state, embedding="power_norm", head_epochs=head_epochs, max_lr=1e-9)
        network = model.fit(X, labels).network()
        with torch.no_grad():
            embedded = network.embed(
                torch.from_numpy(X.reshape(-1, *X.shape[2:])).permute(0, 3, 1, 2)
            )
        assert embedded.mean(0).abs().max() < 0.01
        assert embedded.std(0).max() > 0.02


def test_cached_activations_train_as_the_images_do(state, images):
    """The head phase on activations kept in float16 and on pixels through the whole network."""
    pixels, labels = images
    cached = classifier(state, freeze_until=BOUNDARY, epochs=0)
    cached.fit(activations(state, pixels, BOUNDARY)[:, :1], labels)
    whole = classifier(state, freeze_until=IMAGES, epochs=0).fit(pixels[:, None], labels)
    expected = whole.decision_function(pixels[:, None])
    found = cached.decision_function(activations(state, pixels, BOUNDARY)[:, :1])
    np.testing.assert_allclose(found, expected, atol=0.02)
    assert cached.saved_multiply_adds_ > 0
    assert whole.saved_multiply_adds_ == 0


@pytest.mark.parametrize("side", [48, 80])
def test_multiply_adds_are_those_of_the_images_size(state, side):
    """Of fire module 12, 64 + 64 + 64 channels, and of the frozen layers, for every epoch saved."""
    rng = np.random.default_rng(0)
    pixels, labels = rng.integers(0, 256, (4, side, side, 3), np.uint8), [0, 1, 0, 1]
    X = activations(state, pixels, BOUNDARY, side)
    places = X.shape[2] ** 2
    model = classifier(state, image_size=side, head_epochs=2, epochs=1).fit(X, labels)
    fire = 512 * 64 + 64 * 256 + 9 * 64 * 256
    assert model.multiply_adds_ == places * fire + 512 * 2
    frozen = subgraph_cost(NAME, IMAGES, [BOUNDARY], side).multiply_adds
    assert model.saved_multiply_adds_ == 2 * 8 * frozen
    whole = classifier(state, image_size=side, freeze_until=IMAGES, head_epochs=0, epochs=1)
    assert whole.fit(pixels[:, None], labels).multiply_adds_ == frozen + model.multiply_adds_
    with pytest.raises(InputError, match="images of 64 pixels"):
        classifier(state, image_size=64).fit(X, labels)
    with pytest.raises(InputError, match="set image_size to the images' size"):
        model.set_params(image_size=None).predict(X)


def test_a_fully_trainable_network_learns_from_augmented_images(state, images):
    pixels, labels = images
    model = classifier(
        state, freeze_until=IMAGES, epochs=1, augmentation={"flip": True, "rotation": 10}
    )
    model.fit(pixels[:, None], labels)
    assert not np.array_equal(
        model.weights_["blocks.0.features.0.weight"], state["features.0.weight"].numpy()
    )
    with pytest.raises(InputError, match="uint8"):
        model.predict(pixels[:, None].astype(np.float32))


@pytest.mark.parametrize("output", ["features.4", "features.9", OUTPUT])
def test_every_layer_of_a_cut_network_is_trained(state, images, output):
    """Table VII: all that is left of the network learns, and is all that counts."""
    pixels, labels = images
    options = {"output_node": output, "freeze_until": IMAGES, "head_epochs": 0, "epochs": 1}
    model = classifier(state, **options).fit(pixels[:9, None], labels[:9])
    kept = {k: v for k, v in model.weights_.items() if k.startswith("blocks.")}
    assert all(
        not np.array_equal(v, state[k.removeprefix("blocks.0.")].numpy()) for k, v in kept.items()
    )
    head = model.weights_["head.1.weight"].size + 2
    assert model.trainable_parameters_ == sum(v.size for v in kept.values()) + head
    assert model.frozen_parameters_ == model.saved_multiply_adds_ == 0


def test_earlier_blocks_may_learn_more_slowly(state, images):
    pixels, labels = images
    X = activations(state, pixels, "features.9")
    model = classifier(
        state, freeze_until="features.9", optimizer="plain-sgd", layer_decay=0.0, epochs=1
    )
    model.fit(X, labels)
    early = [k for k in model.weights_ if "features.11" in k or "features.10" in k]
    late = [k for k in model.weights_ if "features.12" in k]
    assert early

    def moved(k):
        return not np.array_equal(model.weights_[k], state[k.removeprefix("blocks.0.")].numpy())

    assert not any(map(moved, early))
    assert all(map(moved, late))


def test_blocks_are_found_in_order():
    for name, begin, expected in (
        ("inception_v3", "Mixed_6d", 5),
        ("squeezenet1_1", "features.9", 3),
        ("resnet18", "layer3", 2),
    ):
        end = "Mixed_7c" if name == "inception_v3" else penultimate_node(name)
        part = extract_subgraph(backbones.skeleton(name), begin, [end])
        assert len(block_parameters(part)) == expected - (name == "inception_v3")
        assert sum(map(len, block_parameters(part))) == len(list(part.parameters()))


@pytest.mark.parametrize("adapt", [True, False])
def test_normalizations_adapt_or_stay(adapt):
    network = backbones.skeleton("resnet18")
    part = extract_subgraph(network, "layer3", ["layer4"])
    module = FineTuneModule(
        part,
        2,
        prepare=torch.nn.Identity(),
        embedding=Embedding([512], "pooled"),
        dropout=0.0,
        adapt_batch_norm=adapt,
    )
    before = {k: v.clone() for k, v in module.state_dict().items()}
    module.train()(torch.rand(4, 256, 4, 4))
    same = {k: torch.equal(v, before[k]) for k, v in module.state_dict().items()}
    statistics = [k for k in same if "running" in k]
    assert statistics
    assert all(same[k] != adapt for k in statistics)


def test_dropout_inside_of_the_network_is_seeded_too():
    """AlexNet and VGG drop units between their last linear layers."""
    network = backbones.skeleton("alexnet")
    part = extract_subgraph(network, "classifier.2", ["classifier.5"])
    module = FineTuneModule(
        part,
        2,
        prepare=torch.nn.Identity(),
        embedding=Embedding([4096], "pooled"),
        dropout=0.0,
        adapt_batch_norm=True,
    ).train()
    torch.nn.init.ones_(module.head[1].weight)
    x = torch.rand(2, 4096)
    before = torch.random.get_rng_state()
    scores = []
    for seed in (1, 1, 2):
        seed_dropout(module, seed, torch.device("cpu"))
        scores.append(module(x).detach())
    assert torch.equal(scores[0], scores[1])
    assert not torch.equal(scores[0], scores[2])
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(module.eval()(x), module(x))


@pytest.mark.parametrize("axes", [2, None])
def test_dropout_keeps_the_mean_and_drops_what_it_says(axes):
    layer = Dropout(0.25, axes).train()
    seed_dropout(layer, 3, torch.device("cpu"))
    y = layer(torch.ones(40, 50, 3))
    assert y.unique().tolist() == pytest.approx([0.0, 4 / 3])
    assert y.mean().item() == pytest.approx(1, abs=0.05)
    whole = (y == y[..., :1]).all(-1)
    assert whole.all() == (axes == 2)


class Killed(Exception):
    pass


def test_a_killed_training_goes_on_to_the_same_end(fitted, images, tmp_path):
    model, X = fitted
    keep = tmp_path / "checkpoint"
    save = checkpoint.save

    def save_then_die(path, key, state):
        save(path, key, state)
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoint, "save", save_then_die)
        with pytest.raises(Killed):
            clone(model).fit(X, images[1], checkpoint=keep)
    assert keep.exists()
    again = clone(model).fit(X, images[1], checkpoint=keep)
    assert all(np.array_equal(again.weights_[k], v) for k, v in model.weights_.items())
    assert not keep.exists()


def test_a_checkpoint_of_other_weights_is_ignored(state, images, tmp_path):
    pixels, labels = images
    X = pixels[:, None]
    options = {"freeze_until": IMAGES, "head_epochs": 0, "epochs": 1}
    expected = classifier(state, **options).fit(X, labels)
    keep, save = tmp_path / "checkpoint", checkpoint.save

    def save_then_die(path, key, state):
        save(path, key, state)
        raise Killed

    other = {k: v * 0.9 for k, v in state.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoint, "save", save_then_die)
        with pytest.raises(Killed):
            classifier(other, **options).fit(X, labels, checkpoint=keep)
    found = classifier(state, **options).fit(X, labels, checkpoint=keep)
    assert all(np.array_equal(found.weights_[k], v) for k, v in expected.weights_.items())


def test_views_may_stay_on_the_disk(fitted, images, tmp_path, monkeypatch):
    """Even a training that was begun in memory goes on there, to the same end."""
    model, X = fitted

    def stop(line):
        if line["epoch"] == model.head_epochs + 2:
            raise Killed

    keep = tmp_path / "checkpoint"
    with pytest.raises(Killed):
        clone(model).fit(X, images[1], checkpoint=keep, on_epoch=stop)
    monkeypatch.setattr(image_source, "IN_MEMORY", 0)
    monkeypatch.setattr(image_source, "BLOCK_SIZE", 8)
    monkeypatch.setattr(finetune_module, "_BATCH_SIZE", 4)
    mapped = Mapped(tmp_path / "views.npy", X, most=8)
    seen = []
    found = clone(model).fit(mapped, images[1], checkpoint=keep, on_epoch=seen.append)
    heads = list(range(1, model.head_epochs + 1))
    assert [line["epoch"] for line in seen[: len(heads)]] == heads
    assert len(seen) < len(model.history_)  # some of the second phase was done before
    for name, value in model.weights_.items():
        np.testing.assert_allclose(found.weights_[name], value, atol=1e-6, err_msg=name)
    expected = model.decision_function(X)
    np.testing.assert_allclose(found.decision_function(mapped), expected, atol=1e-5)


def test_a_class_with_one_image_and_an_odd_last_batch(state, images):
    pixels, _ = images
    X = activations(state, pixels[:9], BOUNDARY)[:, :1]
    labels = np.array([0] * 8 + [1])
    model = classifier(state, epochs=1, head_epochs=1, batch_size=8).fit(X, labels)
    assert model.logits(X).shape == (9, 2)


def test_two_classes_have_one_score_as_scikit_learn_expects(state):
    rng, labels = np.random.default_rng(0), np.array(["a", "b"] * 10)
    X = (rng.random((20, 1, 1, 1, 512)) + 0.2 * (labels == "b")[:, None, None, None, None]).astype(
        np.float32
    )
    model = classifier(state, freeze_until=OUTPUT, head_epochs=1, epochs=0)
    log_odds = clone(model).fit(X, labels).decision_function(X)
    assert log_odds.shape == (20,)
    areas = cross_val_score(model, X, labels, cv=2, scoring="roc_auc", error_score="raise")
    assert np.isfinite(areas).all()
    calibrated = CalibratedClassifierCV(model, cv=2).fit(X, labels)
    np.testing.assert_allclose(calibrated.predict_proba(X).sum(1), 1)


def test_a_thousand_classes_of_one_image_each(state):
    X = np.random.default_rng(0).random((1000, 1, 1, 1, 512)).astype(np.float32)
    model = classifier(state, freeze_until=OUTPUT, head_epochs=1, epochs=0, batch_size=333).fit(
        X, range(1000)
    )
    assert model.decision_function(X[:3]).shape == (3, 1000)
    assert np.isfinite(model.history_[0]["loss"])


def test_wrong_inputs_are_explained(state):
    X = np.zeros((4, 1, 2, 2, 512), np.float16)
    for wrong, y, what in (
        (X[:, 0], [0, 1, 0, 1], "views"),
        (X, [0, 0, 0, 0], "two classes"),
        (X, [0, 1], "labels of shape"),
        (X.astype(np.uint8), [0, 1, 0, 1], "floating"),
    ):
        with pytest.raises(InputError, match=what):
            classifier(state).fit(wrong, y)
    with pytest.raises(InputError, match="cannot be augmented"):
        classifier(state, augmentation={"flip": True}).fit(X, [0, 1, 0, 1])
    for idle in ({"epochs": 0}, {"freeze_until": OUTPUT}):
        with pytest.raises(InputError, match="Nothing would be trained"):
            classifier(state, head_epochs=0, **idle).fit(X, [0, 1, 0, 1])
    with pytest.raises(InputError, match="Unknown optimizer"):
        classifier(state, optimizer="adamx", head_epochs=0).fit(X, [0, 1, 0, 1])


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_lr": -1.0},
        {"optimizer": "adamx"},
        {"augmentation": {"flip": True}},
        {"dropout": 1.0},
        {"layer_decay": -0.5},
        {"aux_weight": -1.0},
        {"batch_norm": "frosen"},
        {"head_activation": "tanh"},
        {"head_init_C": 1.0, "head_hidden": (8,)},
        {"lora_rank": -1},
        {"lora_rank": 4, "epochs": 0},
        {"lora_rank": 4, "lora_alpha": 0.0},
    ],
)
def test_all_arguments_are_checked_before_training(state, wrong):
    seen = []
    X = np.zeros((4, 1, 2, 2, 512), np.float16)
    with pytest.raises(InputError):
        classifier(state, **wrong).fit(X, [0, 1, 0, 1], on_epoch=seen.append)
    assert not seen
