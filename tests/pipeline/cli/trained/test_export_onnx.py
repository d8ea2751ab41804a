"""`strata export --onnx`, and the example of the manual run on the file it writes."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from strata.errors import InputError
from strata.pipeline.cli.trained.export import export
from strata.pipeline.cli.workspace import Workspace
from tests.pipeline.prediction.every_recipe import made_model, make_here
from tests.pipeline.project import write_images

DOCS = Path(__file__).parents[4] / "docs"
FILE = """
[data]
source = "images"
near_duplicates = false
[protocol]
folds = 2
test = 0.5
[methods.tinynet]
network = { epochs = 1, batch_size = 8 }
[methods.gist]
descriptor.image_size = 32
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory) -> Workspace:
    root = tmp_path_factory.mktemp("export")
    write_images(root / "images", per_class=8)
    (root / "strata.toml").write_text(FILE)
    made = Workspace.at(root / "strata.toml", [], None, None, 1, False)
    make_here(made, [target.node for target in made.targets])
    return made


def test_the_example_of_the_manual_classifies_a_photo(workspace, tmp_path, monkeypatch, capsys):
    """With a photo of no data set; the classes are those of the method itself."""
    monkeypatch.chdir(tmp_path)
    pixels = np.random.default_rng(0).integers(0, 256, (80, 100, 3), np.uint8)
    Image.fromarray(pixels).save("photo.png")
    assert export(workspace, "tinynet", Path("tinynet.onnx")) == 0
    told = re.sub(r"\s+", " ", capsys.readouterr().out)
    assert "tinynet.onnx: tinynet, 1.6 MB Input images: uint8 (n, 64, 64, 3), RGB" in told
    assert re.search(r"On 12 images .*: probabilities by \d\.\de-0[678] at most, scores by", told)
    text = (DOCS / "models.md").read_text(encoding="utf-8")
    examples = re.findall(r"^```python\n(.*?)^```", text, flags=re.M | re.S)
    (example,) = (example for example in examples if "import onnxruntime" in example)
    exec(example, {})
    label, probability = capsys.readouterr().out.split()
    model = made_model(workspace, "tinynet")
    assert label == model.predict([pixels])[0]
    assert float(probability) == pytest.approx(model.predict_proba([pixels]).max(), abs=1e-4)


def test_a_classifier_of_vectors_takes_these(workspace, tmp_path, capsys):
    assert export(workspace, "gist", tmp_path / "gist", onnx=True) == 0
    told = re.sub(r"\s+", " ", capsys.readouterr().out)
    assert "Input vectors: float32 (n, d), as strata's stage gist_descriptor makes them" in told
    assert (tmp_path / "gist").stat().st_size > 1000


def test_a_name_of_another_format_is_refused(workspace, tmp_path):
    with pytest.raises(InputError, match=r"Name it .*gist\.onnx"):
        export(workspace, "gist", tmp_path / "gist.strata", onnx=True)
    assert not list(tmp_path.iterdir())
