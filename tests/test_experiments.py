"""The experiment files that come with the program say what the recipes know."""

from pathlib import Path

import pytest

from strata.pipeline.experiment.file import read_experiment
from strata.pipeline.recipes.registry import known_recipes

ROOT = Path(__file__).parents[1] / "experiments"
FILES = sorted({*ROOT.rglob("*.toml")} - {*(ROOT / "results").glob("*.toml")})


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_methods_are_made_of_what_there_is(path):
    experiment = read_experiment(path)
    names = {method.name for method in experiment.methods}
    assert names
    for method in experiment.methods:
        settings = known_recipes()[method.recipe].checked(method.settings, method.name)
        assert names.issuperset(settings.get("of", ()))


def test_there_are_files():
    assert {"demo.toml", "mit8.toml"} <= {path.name for path in FILES}
