"""ONNX files of networks with their real weights, on photographs.

`python benchmarks/onnx_agreement.py DIR WEIGHTS` does the same on 200 photographs.
"""

from pathlib import Path

import pytest

from strata.image_io import read_image
from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.experiment.trained import held_out_images
from strata.pipeline.prediction.onnx.export import export_onnx
from tests.pipeline.prediction.every_recipe import made_model

SHARED = Path(__file__).resolve().parents[3] / "shared"
pytestmark = pytest.mark.skipif(
    not (SHARED / "weights").is_dir(), reason="pretrained weights are not beside the project"
)

FILE = f"""
[data]
source = "images"
near_duplicates = false
[protocol]
folds = 2
test = 0.5
[methods.tinynet]
network.epochs = 2
[methods.inception]
weights = "{SHARED / "weights"}"
blocks.image_size = 139
training = {{ head_epochs = 2, epochs = 1 }}
[methods.squeezenet]
recipe = "deep_features"
backbone = "squeezenet1_1"
weights = "{SHARED / "weights"}"
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory) -> Workspace:
    """Six photographs of each of three classes, half of them to learn from."""
    root = tmp_path_factory.mktemp("real")
    for name in ("coast", "forest", "highway"):
        (root / "images" / name).mkdir(parents=True)
        for path in sorted((SHARED / "data" / "mit8" / name).glob("*.jpg"))[:6]:
            (root / "images" / name / path.name).symlink_to(path)
    (root / "strata.toml").write_text(FILE)
    return Workspace.at(root / "strata.toml", [], None, None, 1, False)


@pytest.mark.parametrize("name", ["tinynet", "inception", "squeezenet"])
def test_probabilities_are_those_of_the_method(name, workspace, tmp_path):
    """Inception-v3 as its recipe cuts it, at Mixed_7a, the last block trained."""
    (target,) = workspace.chosen([name])
    images = held_out_images(target, workspace.dataset, 9)
    assert [image.shape for image in images] == [
        read_image(workspace.experiment.folder / "images" / i).shape
        for i in target.folds[-1][0].test.ids
    ]
    model = made_model(workspace, name)
    if name == "inception":
        assert model.artifacts["split_inception"]["output_node"] == "Mixed_7a"
    found = export_onnx(model, tmp_path / "m.onnx", images)
    assert found.agreement.n == 9
    assert found.agreement.largest < 1e-4
