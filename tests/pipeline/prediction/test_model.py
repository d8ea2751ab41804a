"""A model gives the scores that the graph gave, for every way of combining stages."""

import pickle

import numpy as np
import pytest

from strata.errors import InputError
from strata.image_io import read_image
from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.experiment.trained import trained_model
from strata.pipeline.prediction.batch import ImageBatch, in_batches
from tests.pipeline.project import Project, write_images

FILE = """
name = "models"
[data]
source = "images"
near_duplicates = false
[protocol]
folds = 2
test = 0.5
[methods.fine]
recipe = "gist"
descriptor.image_size = 32
[methods.coarse]
recipe = "gist"
descriptor = { image_size = 32, n_cells = 2 }
[methods.words]
recipe = "bovw"
codebook.n_words = 8
[methods.early]
recipe = "early_fusion"
of = ["fine", "coarse"]
join.weights = "cv"
[methods.stacked]
recipe = "fusion"
of = ["early", "words"]
[methods.searched]
recipe = "gist"
descriptor.image_size = 32
search = { trials = 2, folds = 2, space."classifier.C" = [0.1, 10] }
[methods.unsure]
recipe = "gist"
descriptor.image_size = 32
classifier.inner_folds = 0
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory) -> Workspace:
    made = Project(tmp_path_factory.mktemp("models"))
    write_images(made.root / "images", per_class=16)
    made.file.write_text(FILE)
    made.make()
    return Workspace.at(made.file, [], None, None, 1, False)


def model(workspace: Workspace, name: str):
    found, plan = trained_model(workspace.chosen([name])[0], workspace.dataset, workspace.store)
    assert not plan.needed
    return found


@pytest.mark.parametrize("name", ["fine", "words", "early", "stacked", "searched", "unsure"])
def test_scores_are_those_of_the_graph(workspace, name):
    made = workspace.store.read(workspace.chosen([name])[0].node.key)
    final = np.asarray(made["fold"]) == -1
    folder = workspace.experiment.folder / "images"
    images = [read_image(folder / i) for i in np.asarray(made["ids"])[final]]
    found = model(workspace, name)
    np.testing.assert_allclose(
        found.decision_function(images), made["scores"][final], rtol=1e-5, atol=1e-6
    )
    assert found.predict(images).tolist() == [
        found.classes[i] for i in made["scores"][final].argmax(axis=1)
    ]
    again = pickle.loads(pickle.dumps(found))
    assert np.array_equal(again.decision_function(images), found.decision_function(images))


def test_scores_do_not_depend_on_how_often_an_image_is_given(workspace):
    found = model(workspace, "stacked")
    image = np.random.default_rng(0).integers(0, 256, (24, 24, 3), dtype=np.uint8)
    other = image[::-1]
    twice = found.predict_proba([image, other, image])
    np.testing.assert_allclose(twice[0], twice[2], rtol=1e-4)
    np.testing.assert_allclose(twice[1:2], found.predict_proba([other]), rtol=1e-4)


def test_a_method_without_probabilities_says_so(workspace):
    image = np.zeros((24, 24, 3), np.uint8)
    with pytest.raises(InputError, match="unsure gives no probabilities"):
        model(workspace, "unsure").predict_proba([image])


def test_images_of_which_nothing_is_seen_are_marked(workspace):
    wall = np.full((24, 24, 3), 255, np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, (24, 24, 3), dtype=np.uint8)
    batch = ImageBatch.of([wall, noise])
    assert model(workspace, "words").scored(batch).undescribed.tolist() == [True, False]
    assert not model(workspace, "stacked").scored(batch).undescribed.any()  # GIST sees it


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
def test_images_of_which_nothing_is_seen_are_warned_of_by_position(workspace, method, recwarn):
    wall = np.full((24, 24, 3), 255, np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, (24, 24, 3), dtype=np.uint8)
    classify = getattr(model(workspace, "words"), method)
    with pytest.warns(RuntimeWarning, match=r"No descriptors .*: images\[1\]\.$") as warned:
        assert len(classify([noise, wall])) == 2
    assert warned[0].filename == __file__
    with pytest.warns(RuntimeWarning, match=r"images\[0\], .*images\[4\] and 35 more\.$"):
        classify([wall] * 40)
    classify([noise])
    getattr(model(workspace, "stacked"), method)([wall])
    assert not recwarn.list


def test_no_images_have_no_scores(workspace):
    assert model(workspace, "fine").predict_proba([]).shape == (0, 3)


def test_batches_hold_a_number_of_images_and_of_pixels():
    small = [np.zeros((4, 4, 3), np.uint8)] * 5
    assert [len(batch) for batch in in_batches(small, 2)] == [2, 2, 1]
    large = np.broadcast_to(np.uint8(0), (1 << 13, 1 << 13, 3))
    assert [len(batch) for batch in in_batches([large[:1], large, *small])] == [1, 1, 5]
