"""Images replaced while a run uses them leave nothing in the store under the wrong key."""

import shutil

import pytest

from strata.pipeline.store.store import Store
from tests.pipeline.project import predictions_of

SWAP = """\
    import shutil
    if "SWAP_FROM" in os.environ:  # composing: the images have been listed, none is used yet
        shutil.copyfile(os.environ["SWAP_FROM"], os.environ["SWAP_TO"])
    vectors = mean_color(data.images, **color)
"""


@pytest.mark.parametrize("other", ["gray/003.png", "../none"])
def test_an_image_replaced_during_a_run_and_put_back_later(project, monkeypatch, other):
    recipes = project.root / "toy_recipes.py"
    text = recipes.read_text()
    line = "    vectors = mean_color(data.images, **color)\n"
    assert line in text
    recipes.write_text(text.replace(line, SWAP))
    project.make()
    undisturbed = predictions_of(project)
    keys = set(Store(project.store).keys())
    shutil.rmtree(project.store)
    image = project.root / "images/blue/000.png"
    content = image.read_bytes()
    source = project.root / "images" / other
    if other == "../none":
        source.write_bytes(b"no image")
    monkeypatch.setenv("SWAP_FROM", str(source))
    monkeypatch.setenv("SWAP_TO", str(image))
    told = project.make("-k", code=1)
    assert f"{image}: was changed after the images were listed" in told.replace("\n", " ")
    assert "Run the command again" in told
    assert "Traceback" not in told
    assert set(Store(project.store).keys()) < keys

    monkeypatch.delenv("SWAP_FROM")
    image.write_bytes(content)
    project.make()
    assert predictions_of(project) == undisturbed
