"""Contributions of real scenes' local descriptors and cells sum to the scores."""

import time
from pathlib import Path

import numpy as np
import pytest

from strata.image_io import read_image
from tests.pipeline.explain.fitting import double_scores, explained, fitted, run_of
from tests.pipeline.project import Project

MIT8 = Path(__file__).resolve().parents[3] / "shared" / "data" / "mit8"

pytestmark = pytest.mark.skipif(not MIT8.is_dir(), reason=f"no images at {MIT8}")

FILE = """
name = "scenes"
[data]
source = "images"
near_duplicates = false
[protocol]
folds = 2
test = 0.25
[methods.bovw]
recipe = "bovw"
codebook = { n_words = 100, max_samples = 20000, max_iter = 5 }
[methods.fisher]
recipe = "fisher"
mixture = { n_components = 32, max_samples = 20000, max_iter = 5 }
[methods.gist]
recipe = "gist"
[methods.linear_gist]
recipe = "gist"
reduction.use = "standardize"
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """Four images of each class, linked to where they lie."""
    project = Project(tmp_path_factory.mktemp("scenes"))
    for folder in sorted(path for path in MIT8.iterdir() if path.is_dir()):
        (project.root / "images" / folder.name).mkdir(parents=True)
        for path in sorted(folder.glob("*.jpg"))[:4]:
            (project.root / "images" / folder.name / path.name).symlink_to(path)
    project.file.write_text(FILE)
    return fitted(project)


@pytest.fixture(scope="module")
def images():
    """Five images of five classes that nothing is learned from."""
    return [read_image(sorted(folder.glob("*.jpg"))[50]) for folder in sorted(MIT8.iterdir())[:5]]


@pytest.mark.parametrize("name", ["bovw", "fisher", "gist", "linear_gist"])
def test_maps_and_offsets_sum_to_the_scores(workspace, images, name):
    run = run_of(workspace, name, images)
    scores, seconds = double_scores(run), []
    for image, number in enumerate(scores.argmax(axis=1)):
        started = time.process_time()
        (found,) = explained(run, image, number)
        seconds.append(time.process_time() - started)
        amount = np.abs(found.map).sum(dtype=float) + abs(found.offset)
        total = found.map.sum(dtype=float) + found.offset
        assert total == pytest.approx(scores[image, number], abs=1e-5 * amount)
        assert found.total == pytest.approx(scores[image, number], abs=1e-6 * amount)
    assert np.median(seconds) < 0.3
