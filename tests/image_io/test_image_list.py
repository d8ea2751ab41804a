import numpy as np
import pytest

from strata.errors import InputError
from strata.features import GIST, DenseSIFT
from strata.image_io import check_images
from strata.models.training.resize import resize_images
from strata.models.transfer.backbone_features import BackboneFeatures
from tests.image_io.files import picture

IMAGE = picture(64, 80)


@pytest.mark.parametrize("one", [IMAGE, IMAGE[..., 0]])
@pytest.mark.parametrize(
    "transform",
    [
        GIST(image_size=32).transform,
        DenseSIFT().transform,
        lambda images: resize_images(images, 16),
    ],
)
def test_one_image_in_place_of_a_list_is_refused(transform, one):
    with pytest.raises(InputError, match=r"not one image of shape \(64, 80.*\n.*\[image\]"):
        transform(one)
    assert len(transform([one])) == len(transform(np.stack([one]))) == 1


def test_backbones_refuse_it_too(monkeypatch):
    features = BackboneFeatures("squeezenet1_1")
    monkeypatch.setattr(features, "widths_", (1,), raising=False)
    with pytest.raises(InputError, match="not one image"):
        features.transform(IMAGE)


def test_iterators_pass():
    assert next(iter(check_images(iter([IMAGE])))) is IMAGE
    assert len(list(check_images(np.zeros((2, 4, 5, 3), np.uint8)))) == 2
    assert len(list(check_images(np.zeros((2, 4, 5), np.uint8)))) == 2  # gray images
