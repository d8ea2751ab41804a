"""Visualizations: the values behind them, and that they never stop a report."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neighbors import KNeighborsClassifier
from torch import nn

from strata.features.codebooks.visual_words import VisualWords
from strata.features.descriptors.local_descriptors import LocalDescriptors
from strata.features.encodings.fisher_vectors import FisherVectors
from strata.pipeline.store.store import Store
from strata.pipeline.visualize import visualize as visualize_module
from strata.pipeline.visualize.codebook import most_discriminative, most_used, nearest
from strata.pipeline.visualize.network import filter_grid, filters
from strata.pipeline.visualize.patches import PATCH_SIDE, outlined, patch
from strata.pipeline.visualize.pyramid_cells import influence, shaded
from strata.pipeline.visualize.visualize import visualizations

COUNTS = np.array([[50.0, 30, 20, 0, 0], [40, 10, 0, 50, 0]])


def test_most_used_words_come_with_their_share_and_unused_ones_not_at_all():
    assert most_used(COUNTS, 3) == [
        (0, "45.0 % of the descriptors"),
        (3, "25.0 % of the descriptors"),
        (1, "20.0 % of the descriptors"),
    ]
    assert 4 not in dict(most_used(COUNTS, 5))


def test_discriminative_words_are_most_frequent_in_their_class():
    found = most_discriminative(COUNTS, ("sea", "sky"), 2)
    assert {(word, label) for word, _, label in found} == {(2, 0), (3, 1)}
    assert all(note.endswith(f"in {('sea', 'sky')[label]}") for _, note, label in found)
    assert [
        word for word, *_ in most_discriminative(COUNTS, ("sea", "sky"), 2, besides={2, 3})
    ] == [1]


@given(st.integers(0, 10_000), st.floats(2, 50))
def test_discriminative_words_do_not_depend_on_class_size(seed, times):
    counts = np.random.default_rng(seed).integers(10, 1000, (3, 6)).astype(float)
    grown = 1e4 * counts
    grown[1] *= times
    told = [word for word, *_ in most_discriminative(1e4 * counts, ("a", "b", "c"), 3)]
    assert [word for word, *_ in most_discriminative(grown, ("a", "b", "c"), 3)] == told


@pytest.fixture(scope="module")
def described():
    rng = np.random.default_rng(0)
    return [
        LocalDescriptors(
            rng.random((40, 16), np.float32),
            rng.random((40, 2), np.float32),
            np.full(40, 4, np.float32),
        )
        for _ in range(6)
    ]


def test_nearest_words_are_those_of_all_distances(described):
    encoder = VisualWords(8, max_samples=200).fit(described)
    words, distances = nearest(encoder, described[0])
    every = ((described[0].descriptors[:, None] - encoder.words_[None]) ** 2).sum(axis=2)
    assert words.tolist() == every.argmin(axis=1).tolist()
    assert distances == pytest.approx(every.min(axis=1), rel=1e-4)


def test_gaussians_are_assigned_by_posterior_and_measured_by_mahalanobis_distance(described):
    encoder = FisherVectors(n_components=3, n_dims=4, max_samples=200).fit(described)
    words, distances = nearest(encoder, described[0])
    points, mixture = encoder._points(described[0]), encoder.mixture_
    assert words.tolist() == mixture.predict_proba(points).argmax(axis=1).tolist()
    first = (points[0] - mixture.means_[words[0]]) ** 2 / mixture.covariances_[words[0]]
    assert distances[0] == pytest.approx(first.sum(), rel=1e-4)


GRAY = np.full((40, 30, 3), 99, np.uint8)


@pytest.fixture
def quarters():
    """Red and green above, blue and white below."""
    pixels = np.zeros((60, 100, 3), np.uint8)
    pixels[:30, :50, 0] = pixels[:30, 50:, 1] = pixels[30:, :50, 2] = 255
    pixels[30:, 50:] = 255
    return pixels


@pytest.mark.parametrize(
    ("x", "y", "color"),
    [(0.25, 0.25, (255, 0, 0)), (0.75, 0.25, (0, 255, 0)), (0.25, 0.75, (0, 0, 255))],
)
def test_a_patch_is_what_lies_at_its_place(quarters, x, y, color):
    found = patch(quarters, np.array([x, y, 0.2, 0.2]))
    assert found.shape == (PATCH_SIDE, PATCH_SIDE, 3)
    assert (found == color).all()


@given(x=st.floats(0, 1), y=st.floats(0, 1), wide=st.floats(0.001, 3))
def test_patches_at_the_edge_are_cut_off_there(x, y, wide):
    assert patch(GRAY, np.array([x, y, wide, wide])).shape == (PATCH_SIDE, PATCH_SIDE, 3)


def test_places_are_outlined():
    found = outlined(GRAY, np.array([[0.5, 0.5, 0.4, 0.4]]))
    changed = (found != 99).any(axis=2)
    assert changed[12:29, 8:22].any()
    assert not changed[16:24, 13:17].any()
    assert not changed[:8].any()


class Linear:
    def __init__(self, coefficients):
        self.coefficients = np.asarray(coefficients, float)

    def decision_function(self, vectors):
        return vectors @ self.coefficients.T


def test_influence_is_where_the_coefficients_are():
    coefficients = np.zeros((2, 12))
    coefficients[:, 3:6] = 1.0  # the second of four cells of three words
    coefficients[0, 9:] = 1.0  # the last one, in one of two classes
    moved = influence(Linear(coefficients), np.ones((5, 12)), 4)
    assert moved == pytest.approx([0, 2 / 3, 0, 1 / 3])


def test_influence_of_a_classifier_that_has_probabilities_only():
    vectors = np.repeat(np.eye(2), 3, axis=1)  # two cells of three words
    neighbors = KNeighborsClassifier(1).fit(vectors, [0, 1])
    assert influence(neighbors, vectors, 2).sum() == pytest.approx(1)


def test_shades_grow_darker():
    found = shaded(np.array([[0.0, 0.5, 1.0]])).astype(int)
    assert (np.diff(found.sum(axis=2)) < 0).all()


def test_filters_lie_side_by_side_each_on_its_own_scale():
    weights = np.zeros((18, 3, 3, 3), np.float32)
    weights[0, 0] = 0.01
    weights[17, 2, 1, 1] = -5.0
    sheet = filter_grid(weights)
    assert sheet.shape == (7, 63, 3)
    assert sheet[0, 0].tolist() == [255, 128, 128]
    assert sheet[5, 5].tolist() == [128, 128, 0]
    assert (sheet[3] == 255).all()


def test_networks_without_filters_that_see_colors_show_none():
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Conv2d(4, 2, 3))
    assert filters(SimpleNamespace(network=lambda: network)) is None


def test_filters_of_a_network_on_gray_images_are_gray():
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 2, 3))
    (row,) = filters(SimpleNamespace(network=lambda: network, channels_=1)).rows
    sheet = row.panels[0].picture
    assert sheet.shape == (3, 15, 3)
    assert (sheet[..., 0] == sheet[..., 2]).all()


def of(key: str):
    """A method with the predictions of that key."""
    return SimpleNamespace(name="m", node=SimpleNamespace(key=key), folds=())


def test_missing_artifacts_are_a_finding_and_no_error(tmp_path):
    shown, (finding,) = visualizations(of("0" * 40), None, Store(tmp_path).open(), None)
    assert shown == []
    assert finding["severity"] == "not applicable"
    assert "no longer in the store" in finding["sentence"]


def test_exceptions_are_a_finding_and_no_error(tmp_path, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("of all things")

    monkeypatch.setattr(visualize_module, "_last_model", broken)
    shown, (finding,) = visualizations(of("0" * 40), None, Store(tmp_path).open(), None)
    assert shown == []
    assert finding["severity"] == "could not run"
    assert "of all things" in finding["sentence"]


def test_visualizations_are_computed_once(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(visualize_module, "make_visualizations", lambda *a: calls.append(a) or [])
    monkeypatch.setattr(
        visualize_module.make_visualizations, "__name__", "visualizations", raising=False
    )
    store = Store(tmp_path).open()
    for _ in range(2):
        assert visualizations(of("0" * 40), None, store, None) == ([], [])
    assert len(calls) == 1


METHODS = """\
name = "toy"

[data]
source = "images"
near_duplicates = false

[protocol]
folds = 2
test = 0.25

[methods.bovw]
codebook = { n_words = 8, max_samples = 2000 }
histogram.levels = 1

[methods.fisher]
mixture = { n_components = 4, n_dims = 8, max_samples = 2000 }

[methods.tinynet]
images.size = 32
network.epochs = 1

[methods.mlp]
images.size = 8
network.epochs = 1

[methods.fusion]
of = ["bovw", "tinynet"]
"""


@pytest.mark.slow
def test_a_report_shows_what_its_methods_have_learned(project):
    project.file.write_text(METHODS)
    project.make()
    page = (project.root / "out" / "toy" / "report.html").read_text("utf-8")
    sections = dict(re.findall(r'id="method-(\w+)"(.*?)</details>\s*(?=<|$)', page, re.S))
    for title in (
        "Visual words",
        "Importance of the pyramid",
        "GMM components",
        "Grad-CAM",
        "Gradient times",
    ):
        assert page.count(f"<h4>{title}") == 1, title
    assert "Visualizations of the model" not in page  # the check that says what went wrong
    assert set(sections) == {"bovw", "fisher", "tinynet", "mlp", "fusion"}
    assert len(re.findall("<h4>Worst mistakes of .* in cross-validation</h4>", page)) == 1
    figure = page[page.index("<h4>Worst mistakes of ") :]
    assert re.search("<b>true: (blue|gray|green)</b>", figure)
    assert re.search(r"<figcaption>\w+: (blue|gray|green) 0\.\d\d ✗\swrong<", figure)
