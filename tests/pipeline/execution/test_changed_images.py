"""Images replaced while a run uses them leave nothing in the store under the wrong key."""

import shutil

from strata.pipeline.store.store import Store
from tests.pipeline.project import predictions_of

SWAP = """\
    import shutil
    if "SWAP_FROM" in os.environ:  # composing: the images have been listed, none is used yet
        shutil.copyfile(os.environ["SWAP_FROM"], os.environ["SWAP_TO"])
    vectors = mean_color(data.images, **color)
"""


def test_an_image_replaced_during_a_run_and_put_back_later(made, monkeypatch):
    undisturbed = predictions_of(made)
    keys = set(Store(made.store).keys())
    recipes = made.root / "toy_recipes.py"
    text = recipes.read_text()
    line = "    vectors = mean_color(data.images, **color)\n"
    assert line in text
    recipes.write_text(text.replace(line, SWAP))
    shutil.rmtree(made.store)
    image = made.root / "images/blue/000.png"
    content = image.read_bytes()
    monkeypatch.setenv("SWAP_FROM", str(made.root / "images/gray/003.png"))
    monkeypatch.setenv("SWAP_TO", str(image))
    told = made.make("-k", code=1)
    assert f"{image}: was changed after the images were listed" in told.replace("\n", " ")
    assert "Run the command again" in told
    assert "Traceback" not in told
    assert set(Store(made.store).keys()) < keys

    monkeypatch.delenv("SWAP_FROM")
    image.write_bytes(content)
    made.make()
    assert predictions_of(made) == undisturbed
