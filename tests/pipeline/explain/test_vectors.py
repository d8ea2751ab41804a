"""Explanations of methods that classify vectors: what they show sums to the score."""

import numpy as np
import pytest

from strata.image_io import read_image
from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.explain.contributions import _supports
from strata.pipeline.explain.neighbors import neighbors
from strata.pipeline.explain.prediction_run import source as vectors_of
from tests.pipeline.explain.fitting import double_scores, explained, fitted, run_of
from tests.pipeline.project import Project, write_images

FILE = """
name = "explained"
[data]
source = "images"
near_duplicates = false
[protocol]
folds = 2
test = 0.5
[methods.words]
recipe = "bovw"
codebook.n_words = 8
[methods.chi2]
recipe = "bovw"
codebook.n_words = 8
classifier.kernel = "chi2"
histogram = { assignment = "soft", norm = "power" }
[methods.mapped]
recipe = "bovw"
codebook.n_words = 8
reduction.use = ["additive_kernel_map", "standardize"]
classifier.use = "logistic"
[methods.radial]
recipe = "bovw"
codebook.n_words = 8
classifier.kernel = "rbf"
[methods.vlad]
recipe = "vlad"
codebook.n_words = 4
reduction.use = ["centered_power", "pca"]
[methods.fisher]
recipe = "fisher"
mixture.n_components = 4
[methods.fisher_color]
recipe = "fisher_color"
shape_mixture = { n_components = 4, n_dims = 8 }
color_mixture = { n_components = 4, n_dims = 8 }
[methods.gist]
recipe = "gist"
descriptor.image_size = 32
reduction.use = ["standardize", "lda"]
[methods.nystroem]
recipe = "gist"
descriptor = { image_size = 32, resize = "crop" }
[methods.neighbors]
recipe = "gist"
descriptor.image_size = 32
classifier = { use = "knn", weights = "distance" }
[methods.perceptron]
recipe = "gist"
descriptor.image_size = 32
classifier = { use = "mlp", hidden_layer_sizes = [4], inner_folds = 2 }
[methods.early]
recipe = "early_fusion"
of = ["gist", "nystroem", "fisher"]
[methods.centered]
recipe = "gist"
descriptor.image_size = 32
reduction.use = ["standardize", "pca"]
[methods.shared]
recipe = "early_fusion"
of = ["gist", "centered"]
"""
CONTRIBUTIONS = ["words", "chi2", "mapped", "radial", "vlad", "fisher", "fisher_color"]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory) -> Workspace:
    made = Project(tmp_path_factory.mktemp("explained"))
    write_images(made.root / "images", per_class=10)
    made.file.write_text(FILE)
    return fitted(made)


@pytest.fixture(scope="module")
def images(workspace):
    paths = sorted((workspace.experiment.folder / "images").rglob("*.png"))[::12]
    wide = np.concatenate([read_image(path) for path in paths[:2]], axis=1)
    return [*map(read_image, paths), wide]


@pytest.mark.parametrize(
    "name", [*CONTRIBUTIONS, "gist", "nystroem", "perceptron", "early", "shared"]
)
def test_maps_and_offsets_sum_to_the_score(workspace, images, name):
    run = run_of(workspace, name, images)
    scores = double_scores(run)
    for image, pixels in enumerate(images):
        for number in range(3):
            found = explained(run, image, number)
            for one in found:
                total = np.nansum(one.map, dtype=float) + one.offset
                amount = np.nansum(np.abs(one.map), dtype=float) + abs(one.offset)
                assert total == pytest.approx(one.total, abs=1e-5 * amount)
                assert one.map.shape == pixels.shape[:2]
            amount = sum(np.nansum(np.abs(one.map), dtype=float) for one in found)
            assert sum(one.total for one in found) == pytest.approx(
                scores[image, number], abs=1e-5 * (1 + amount)
            )


def test_descriptors_of_the_mirrored_image_lie_where_they_were_taken_from(workspace):
    """VLAD leaves out descriptors without contrast: all the evidence is in the textured quarter."""
    image = np.full((128, 128, 3), 128, np.uint8)
    image[:, :32] = np.random.default_rng(0).integers(0, 256, (128, 32, 3))
    run = run_of(workspace, "vlad", [image])
    assert "mirror" in run.values[0]
    found = explained(run, 0, 0)[0].map
    assert np.abs(found[:, :32]).min() > 0
    # supports are up to 48 pixels wide
    np.testing.assert_allclose(found[:, 32 + 48 :], 0, atol=1e-9 * np.abs(found).max())


def test_a_center_crop_looks_at_nothing_else(workspace, images):
    found = explained(run_of(workspace, "nystroem", images), 2, 0)[0].map
    assert np.isnan(found).sum() == 0  # a square image
    found = explained(run_of(workspace, "nystroem", images), 3, 0)[0].map
    assert found.shape == (24, 48)
    assert np.isnan(found[:, :12]).all()
    assert np.isnan(found[:, 36:]).all()
    assert np.isfinite(found[:, 12:36]).all()


def test_large_images_have_maps_of_a_bounded_size(workspace):
    image = np.random.default_rng(0).integers(0, 256, (600, 1200, 3), dtype=np.uint8)
    found = explained(run_of(workspace, "words", [image]), 0, 0)[0]
    assert found.map.shape == (256, 512)
    assert found.map.sum(dtype=float) + found.offset == pytest.approx(found.total, abs=1e-4)


def test_neighbors_vote_for_their_class(workspace, images):
    run = run_of(workspace, "neighbors", images)
    step = len(run.stages) - 1
    vectors = run.values[vectors_of(run.inputs(step)[0])]["vectors"]
    votes = run.artifact(step)["classifier"].neighbors_.predict_proba(vectors)
    for image in range(len(images)):
        shares = [neighbors(run, step, image, number) for number in range(3)]
        np.testing.assert_allclose([one.total for one in shares], votes[image], atol=1e-6)
        assert votes[image].argmax() == run.values[-1]["probabilities"][image].argmax()
        for name, one in zip(run.model.classes, shares, strict=True):
            assert sum(share for _, share in one.neighbors) == pytest.approx(one.total)
            assert all(who.startswith(f"{name}/") for who, _ in one.neighbors)


def test_support_images_are_named_with_signed_shares(workspace, images):
    run = run_of(workspace, "radial", images)
    found = neighbors(run, len(run.stages) - 1, 0, 0)
    amounts = [abs(share) for _, share in found.neighbors]
    assert amounts == sorted(amounts, reverse=True)
    assert 0 < sum(amounts) <= 1 + 1e-9
    signs = {name.partition("/")[0]: np.sign(share) for name, share in found.neighbors}
    for name, sign in signs.items():
        assert sign == (1 if name == run.model.classes[0] else -1)
    assert f"{run.values[-1]['scores'][0, 0]:.3g}" in found.note


@pytest.mark.parametrize("name", ["words", "fisher"])
def test_weights_and_additive_kernels_name_no_training_images(workspace, images, name):
    run = run_of(workspace, name, images)
    assert neighbors(run, len(run.stages) - 1, 0, 0) is None


def test_places_of_a_feature_map_have_its_cells_for_supports():
    y, x = np.mgrid[:3, :4]
    positions = np.stack([(x + 0.5) / 4, (y + 0.5) / 3], axis=-1).reshape(-1, 2).astype("f4")
    local = {"positions": positions, "scales": np.full(12, 50, "f4"), "offsets": np.array([0, 12])}
    found, sizes = _supports(local, 0, (90, 40), is_map=True)
    np.testing.assert_array_equal(found, positions)
    np.testing.assert_allclose(sizes, np.tile([1 / 4, 1 / 3], (12, 1)))
    _, sizes = _supports(local, 0, (100, 400), is_map=False)
    np.testing.assert_allclose(sizes, np.tile([0.5, 2], (12, 1)))
