"""Small networks learn real scenes from scratch."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from sklearn.model_selection import StratifiedKFold

from strata.models.estimators.network_classifier import NetworkClassifier
from strata.models.training.resize import resize_images

MIT8 = Path(__file__).resolve().parents[3] / "shared" / "data" / "mit8"

pytestmark = pytest.mark.skipif(not MIT8.is_dir(), reason=f"no images at {MIT8}")


@pytest.fixture(scope="module")
def parts():
    """Every third image, 32x32: three quarters to learn from, a quarter to look at."""
    paths = sorted(MIT8.glob("*/*.jpg"))[::3]
    images = resize_images((cv2.imread(str(path))[:, :, ::-1] for path in paths), 32)
    labels = np.array([path.parent.name for path in paths])
    folds = StratifiedKFold(4, shuffle=True, random_state=0)
    train, test = next(folds.split(images, labels))
    return images[train], labels[train], images[test], labels[test]


@pytest.mark.parametrize(
    ("architecture", "epochs", "least"),
    [("tinynet", 10, 0.6), ({"name": "mlp", "normalization": "batch"}, 8, 0.45)],
)
def test_a_short_training_is_far_above_chance(parts, architecture, epochs, least):
    X, y, fresh, truth = parts
    settings = {"image_size": 32, "epochs": epochs, "batch_size": 32, "max_lr": 0.005}
    model = NetworkClassifier(architecture, device="cpu", **settings).fit(X, y)
    assert model.score(fresh, truth) > least
