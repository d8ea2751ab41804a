"""One image in place of a list of them is refused, by all that takes images."""

import inspect

import numpy as np
import pytest
from sklearn.base import BaseEstimator

from strata import models
from strata.errors import InputError
from strata.models import (
    BackboneFeatures,
    FineTunedClassifier,
    FrozenBackbone,
    HiddenFeatures,
    NetworkClassifier,
    resize_image,
    resize_images,
)

IMAGE = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
IMAGES = np.random.default_rng(1).integers(0, 256, (6, 8, 8, 3), np.uint8)
LABELS = ["a", "b"] * 3
OF_VECTORS = {
    "CalibratedLogistic",
    "CalibratedMLP",
    "KernelSVM",
    "LinearSVM",
    "ScoreFusion",
    "SmoothedKNN",
}
NETWORK = NetworkClassifier({"name": "mlp", "hidden": [4]}, image_size=8, epochs=1, device="cpu")


@pytest.fixture(scope="module")
def calls():
    """Methods of every estimator of images, and functions."""
    features = BackboneFeatures("squeezenet1_1")
    features.widths_ = (1,)  # as if fitted: the weights are not at hand
    network = NETWORK.fit(IMAGES, LABELS)
    hidden = HiddenFeatures(NETWORK).fit(IMAGES, LABELS)
    fine_tuned = FineTunedClassifier("squeezenet1_1", freeze_until="images")
    return {
        "BackboneFeatures": [features.transform],
        "NetworkClassifier": [
            lambda X: NETWORK.fit(X, LABELS),
            network.predict,
            network.predict_proba,
            network.decision_function,
        ],
        "HiddenFeatures": [lambda X: HiddenFeatures(NETWORK).fit(X, LABELS), hidden.transform],
        "FineTunedClassifier": [lambda X: fine_tuned.fit(X, LABELS)],
        "resize_images": [lambda X: resize_images(X, 4)],
        "FrozenBackbone": [lambda X: FrozenBackbone.run(features, X, "cpu")],
    }


def test_every_estimator_of_images_is_here(calls):
    names = {
        name
        for name in models.__all__
        if inspect.isclass(found := getattr(models, name)) and issubclass(found, BaseEstimator)
    }
    assert names - OF_VECTORS == calls.keys() - {"resize_images", "FrozenBackbone"}


def test_one_image_is_no_list_of_rows(calls):
    for name, methods in calls.items():
        for call in methods:
            with pytest.raises(InputError, match=r"(?s)Expected a list of images.*\[image\]"):
                call(IMAGE)
            assert name


def test_a_list_of_images_is_no_image():
    with pytest.raises(InputError, match="Expected an image as a uint8 array, not list"):
        resize_image([IMAGE], 4)
