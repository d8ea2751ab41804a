"""Predictions of combined methods on held-out images are those of the report."""

import json

import pytest

from tests.pipeline.predicted import predictions_in
from tests.pipeline.project import Project, write_images

FILE = """
name = "combined"
[data]
source = "images"
near_duplicates = false
[protocol]
folds = 2
test = 0.25
[methods.fine]
recipe = "gist"
descriptor.image_size = 32
[methods.coarse]
recipe = "gist"
descriptor.image_size = 64
[methods.small]
recipe = "gist"
descriptor = { image_size = 32, n_cells = 2 }
[methods.early]
recipe = "early_fusion"
of = ["fine", "coarse"]      # vectors of equal lengths
[methods.stacked]
recipe = "fusion"
of = ["mixed", "coarse"]
[methods.mixed]
recipe = "early_fusion"
of = ["small", "fine"]
[methods.learned]
recipe = "early_fusion"
of = ["small", "fine"]
join.weights = "cv"
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Project:
    """Methods on 270 images, more than a shard holds."""
    made = Project(tmp_path_factory.mktemp("combined"))
    write_images(made.root / "images", per_class=90)
    made.file.write_text(FILE)
    made.make()
    return made


def test_predictions_on_held_out_images_are_those_of_the_report(project):
    results = json.loads((project.root / "out/combined/results.json").read_text())
    classes = results["data"]["classes"]
    by_name = {method["name"]: method for method in results["methods"]}
    for name in ("early", "mixed", "learned", "stacked"):
        method = by_name[name]
        done = project.strata("predict", name, "images", "--json")
        assert done.returncode == 0, done.stderr
        found = predictions_in(done)
        assert len(found) == 270
        kept = method["test"]["predictions"]
        held_out = [results["images"][i] for i in kept["image"]]
        assert len(held_out) >= 66
        first = [found[f"images/{image}"]["class"] for image in held_out]
        assert first == [classes[label] for label in kept["class"]], name
