"""One of a thing in place of a list of them is refused, by all that takes images or descriptors."""

import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator

import strata.features
from strata.errors import InputError
from strata.features import (
    GIST,
    VLAD,
    BagOfWords,
    BaseDescriptor,
    BaseEncoder,
    FisherVectors,
    LocalDescriptors,
    VisualWords,
)

RNG = np.random.default_rng(0)
IMAGE = RNG.integers(0, 256, (48, 40, 3), np.uint8)
ESTIMATORS = [
    found
    for name in strata.features.__all__
    if inspect.isclass(found := getattr(strata.features, name))
    and issubclass(found, BaseEstimator)
    and not inspect.isabstract(found)
]
OF_IMAGES = [e() for e in ESTIMATORS if issubclass(e, BaseDescriptor) or e is GIST]
#: Encoders that need no positions, and the same arguments with which they do.
ENCODERS = [
    (VisualWords(4), None),
    (VLAD(4), None),
    (BagOfWords(VisualWords(4), pyramid="none"), {"pyramid": "square"}),
    (FisherVectors(2, n_dims=3, position_weight=0), {"position_weight": 1.0}),
    (FisherVectors(2, n_dims=3, position_weight=0), {"pyramid": "horizontal"}),
]
PLAIN = [RNG.random((30, 6), np.float32) for _ in range(3)]
LOCAL = [
    LocalDescriptors(rows, np.full((30, 2), 0.5, np.float32), np.ones(30, np.float32))
    for rows in PLAIN
]


def test_every_encoder_is_here():
    known = {type(encoder) for encoder, _ in ENCODERS}
    assert {e for e in ESTIMATORS if issubclass(e, BaseEncoder)} < known


@pytest.mark.parametrize("transformer", OF_IMAGES, ids=lambda t: type(t).__name__)
@pytest.mark.parametrize(
    "one", [IMAGE, IMAGE[..., 0], IMAGE[..., :1], np.dstack([IMAGE, IMAGE[..., 0]])]
)
def test_one_image_is_no_list_of_rows(transformer, one):
    with pytest.raises(InputError, match=r"(?s)Expected a list of images.*\[image\]"):
        transformer.transform(one)


@pytest.mark.parametrize("transformer", OF_IMAGES, ids=lambda t: type(t).__name__)
def test_what_is_no_image_is_refused(transformer):
    lists = [["photo.jpg"], [IMAGE.tolist()], [IMAGE / 255], [IMAGE[0, 0]]]
    for wrong in ("photo.jpg", None, *lists):
        with pytest.raises(InputError):
            transformer.transform(wrong)


@pytest.mark.parametrize(("encoder", "_"), ENCODERS)
def test_plain_arrays_are_descriptors_without_positions(encoder, _):
    fitted = {}
    for name, images in (("plain", PLAIN), ("local", LOCAL)):
        found = type(encoder)(**encoder.get_params(deep=False)).fit(images)
        fitted[name] = found.words_ if isinstance(found, VisualWords) else found.transform(images)
    np.testing.assert_array_equal(fitted["plain"], fitted["local"])


@pytest.mark.parametrize(("encoder", "changed"), [e for e in ENCODERS if e[1]])
def test_where_positions_count_plain_arrays_are_refused_in_fit_and_transform(encoder, changed):
    other = type(encoder)(**encoder.get_params(deep=False) | changed)
    (argument,) = changed
    with pytest.raises(InputError, match=rf"(?s)Positions .*set {argument}="):
        other.fit(PLAIN)
    other.fit(LOCAL)
    with pytest.raises(InputError, match="Positions"):
        other.transform(PLAIN)
    with pytest.raises(InputError, match="Positions"):
        other.encode(PLAIN[0])


@pytest.mark.parametrize(("encoder", "changed"), ENCODERS)
def test_descriptors_of_one_image_are_no_list(encoder, changed):
    encoder.fit(LOCAL)
    calls = [encoder.fit, *([encoder.transform] if hasattr(encoder, "transform") else [])]
    for call in calls:
        for one in (LOCAL[0], PLAIN[0]):
            with pytest.raises(InputError, match=r"(?s)list of images.*\[local\]"):
                call(one)


@given(st.lists(st.integers(0, 3), min_size=0, max_size=4).filter(lambda s: len(s) != 2))
def test_arrays_of_other_shapes_are_no_descriptors(shape):
    with pytest.raises(InputError, match=r"not an array of shape"):
        VLAD(2).fit([PLAIN[0], np.zeros(shape, np.float32)])


def test_images_are_no_descriptors():
    with pytest.raises(InputError, match="DenseSIFT"):
        VLAD(2).fit([IMAGE])
