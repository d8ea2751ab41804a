import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from strata.errors import InputError
from strata.models.estimators.hidden_features import HiddenFeatures, LayerReader
from strata.models.estimators.network_classifier import NetworkClassifier

NETWORK = {
    "blocks": [{"filters": 4, "pool": "max"}, {"filters": 6}],
    "head": {"hidden": [10, 5], "activation": "tanh"},
}


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    y = np.arange(24) % 2
    X = rng.integers(0, 128, (24, 16, 16, 3))
    X[y == 1, :8] += 100
    return X.astype(np.uint8), y


@pytest.fixture(scope="module")
def trained(images):
    settings = {"image_size": 16, "batch_size": 8, "epochs": 3, "device": "cpu", "tta_flip": False}
    return NetworkClassifier(NETWORK, augmentation={"crop": 0.5}, **settings).fit(*images)


@pytest.mark.parametrize(
    ("layer", "units"),
    [("block1", 4), ("block2", 6), ("hidden1", 10), ("hidden2", 5), ("embedding", 5)],
)
def test_any_layer_can_be_read(trained, images, layer, units):
    vectors = LayerReader(trained, layer).of_images(images[0])
    assert vectors.shape == (24, units)
    assert vectors.dtype == np.float32


def test_the_last_layer_makes_the_scores_of_the_embedding(trained, images):
    vectors = LayerReader(trained).of_images(images[0])
    weight, bias = trained.weights_["head.6.weight"], trained.weights_["head.6.bias"]
    expected = trained.logits(images[0])
    np.testing.assert_allclose(vectors @ weight.T + bias, expected, atol=1e-4)


@pytest.mark.parametrize("step", [1, 3, 4])
def test_a_grid_reads_each_window_where_it_lies(trained, images, step):
    image, reader = images[0][3], LayerReader(trained, "hidden1")
    vectors, places = reader.of_grid(image, step)
    corners = np.rint(places * 16 - 4).astype(int)
    cut = np.stack([image[y : y + 8, x : x + 8] for x, y in corners])
    np.testing.assert_allclose(vectors, reader.of_windows(cut), atol=1e-5)
    count = 8 // step + 1
    assert len(np.unique(corners, axis=0)) == len(corners) == count * count
    assert corners.min() == 16 - 8 - corners.max() or (8 % step) % 2 == 1


def test_hidden_features_work_in_a_pipeline(images):
    classifier = NetworkClassifier(NETWORK, image_size=16, batch_size=8, epochs=6, device="cpu")
    both = make_pipeline(HiddenFeatures(classifier, "hidden1"), SVC()).fit(*images)
    assert both.score(*images) == 1
    assert not hasattr(classifier, "weights_")


def test_images_of_another_size_are_refused(trained, images):
    with pytest.raises(InputError, match="Expected uint8 images"):
        LayerReader(trained).of_images(images[0][:, :12, :12])


def test_an_unknown_layer_is_explained(trained):
    with pytest.raises(InputError, match="'block1'"):
        LayerReader(trained, "blok1")


def test_vectors_have_names(images):
    settings = {"image_size": 16, "batch_size": 8, "epochs": 1, "device": "cpu"}
    reader = HiddenFeatures(NetworkClassifier(NETWORK, **settings), "hidden1").fit(*images)
    names = reader.get_feature_names_out()
    assert len(names) == len(set(names)) == reader.transform(images[0]).shape[1] == 10
