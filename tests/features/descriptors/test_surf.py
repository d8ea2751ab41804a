import sys

import cv2
import numpy as np
import pytest
from sklearn.base import clone

from strata.errors import InputError, StrataError
from strata.features.descriptors.surf import DenseSURF, SparseSURF


def disc(x: int, y: int, radius: int) -> np.ndarray:
    image = np.zeros((200, 300, 3), np.uint8)
    cv2.circle(image, (x, y), radius, (255, 255, 255), -1)
    return cv2.GaussianBlur(image, (0, 0), 2)


def test_without_mahotas_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mahotas", None)
    monkeypatch.setitem(sys.modules, "mahotas.features", None)
    with pytest.raises(StrataError, match="mahotas"):
        SparseSURF().describe(disc(100, 60, 5))


@pytest.fixture
def mahotas() -> None:
    pytest.importorskip("mahotas", reason="SURF needs mahotas")


@pytest.mark.usefixtures("mahotas")
@pytest.mark.parametrize(("x", "y"), [(100, 60), (220, 130)])
@pytest.mark.parametrize("radius", [3, 5])
def test_the_strongest_point_is_the_disc(x: int, y: int, radius: int) -> None:
    got = SparseSURF().describe(disc(x, y, radius))
    np.testing.assert_allclose(got.positions[0] * [300, 200] - 0.5, [x, y], atol=0.5)
    np.testing.assert_allclose(np.linalg.norm(got.descriptors, axis=1), 1, atol=1e-5)


@pytest.mark.usefixtures("mahotas")
def test_the_cap_holds() -> None:
    image = np.random.default_rng(0).integers(0, 256, (128, 128), np.uint8)
    assert 0 < len(SparseSURF(n_keypoints=20).describe(image).scales) <= 20


@pytest.mark.usefixtures("mahotas")
def test_the_grid_is_regular() -> None:
    image = np.random.default_rng(0).integers(0, 256, (128, 160, 3), np.uint8)
    got = DenseSURF(step=8).describe(image)
    found = np.rint(got.positions * [160, 128] - 0.5).astype(int)
    columns, rows = np.unique(found[:, 0]), np.unique(found[:, 1])
    assert len(found) == len(columns) * len(rows)
    assert np.all(np.diff(columns) == 8)
    assert np.all(np.diff(rows) == 8)
    assert got.scales == pytest.approx(5 * 8**0.5)


@pytest.mark.usefixtures("mahotas")
@pytest.mark.parametrize("descriptor", [SparseSURF(), DenseSURF()], ids=str)
@pytest.mark.parametrize("shape", [(1, 1), (5, 300), (40, 40), (96, 96, 3)])
@pytest.mark.parametrize("flat", [True, False])
def test_any_image_gives_rows_that_fit(
    descriptor: SparseSURF | DenseSURF, shape: tuple[int, ...], flat: bool
) -> None:
    image = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    got = clone(descriptor).transform([np.full_like(image, 7) if flat else image])[0]
    assert got.descriptors.shape == (len(got.scales), 64)
    assert got.positions.shape == (len(got.scales), 2)
    assert all(a.dtype == np.float32 and np.isfinite(a).all() for a in got)
    if flat:
        assert not got.descriptors.any()


@pytest.mark.usefixtures("mahotas")
def test_bad_parameters_are_refused() -> None:
    with pytest.raises(InputError, match="keypoint"):
        SparseSURF(n_keypoints=0).describe(disc(100, 60, 5))
    with pytest.raises(InputError, match="step"):
        DenseSURF(step=0).describe(disc(100, 60, 5))
    with pytest.raises(InputError, match="scale"):
        DenseSURF(scale=0).describe(disc(100, 60, 5))
