"""What counts as a change of a stage's code, and what does not."""

import ast
import os
import re
from pathlib import Path

import pytest

import strata
from strata.pipeline.graph import code_digest
from strata.pipeline.graph.choice import Choice
from strata.pipeline.graph.code_digest import UnresolvedNameError, code_digests
from strata.pipeline.graph.stage import Stage
from strata.pipeline.recipes.registry import known_recipes

SOURCE = '''
"""A module."""
from strata.seeds import generator

LIMIT = 3
OTHER = 4


def helper(x):
    """Says what it does."""
    # why it does
    return min(x, LIMIT)


class Model(Base):
    def fit(self, x):
        return helper(x)


def unrelated():
    return OTHER


def made(x):
    from strata import seeds as s
    return Model().fit(x) + s.derive(0)
'''


@pytest.fixture
def reach(tmp_path: Path):
    def reach(source: str, name: str = "made") -> dict[str, str]:
        path = tmp_path / "user_module.py"
        path.write_text(source)
        code_digest.register("user_module", path)
        return code_digests("user_module", name)

    return reach


def test_follows_names_through_classes_functions_constants_and_local_imports(reach):
    assert set(reach(SOURCE)) == {
        "user_module.made",
        "user_module.Model",
        "user_module.helper",
        "user_module.LIMIT",
        "strata.seeds.derive",
    }


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# why it does", "# another reason"),
        ('"""Says what it does."""', '"""Says it otherwise."""'),
        ('"""A module."""', '"""The module."""'),
        ("OTHER = 4", "OTHER = 5"),
        ("    return min(x, LIMIT)", "    return min(\n        x,\n        LIMIT)"),
        ("def unrelated():", "def unrelated(a=1):"),
    ],
)
def test_does_not_change_with(reach, old, new):
    assert old in SOURCE
    assert reach(SOURCE) == reach(SOURCE.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "symbol"),
    [
        ("LIMIT = 3", "LIMIT = 4", "user_module.LIMIT"),
        ("min(x, LIMIT)", "max(x, LIMIT)", "user_module.helper"),
        ("return helper(x)", "return helper(x + 1)", "user_module.Model"),
        ("s.derive(0)", "s.derive(1)", "user_module.made"),
    ],
)
def test_changes_with(reach, old, new, symbol):
    before, after = reach(SOURCE), reach(SOURCE.replace(old, new))
    assert {name for name in before if before[name] != after[name]} == {symbol}


def test_edits_since_are_noticed_and_comments_are_not(reach, tmp_path):
    before = reach(SOURCE)
    path = tmp_path / "user_module.py"
    files = code_digest.source_files(before)
    assert str(path) in files
    assert code_digest.edited(before, files) is None
    path.write_text(SOURCE.replace("# why it does", "# another reason, and longer"))
    os.utime(path, ns=(0, files[str(path)] + 1))
    assert code_digest.edited(before, files) is None
    path.write_text(SOURCE.replace("LIMIT = 3", "LIMIT = 4"))
    os.utime(path, ns=(0, files[str(path)] + 1))
    assert code_digest.edited(before, files) == "user_module.LIMIT"


def test_a_name_that_a_project_module_lacks_is_an_error(reach):
    with pytest.raises(UnresolvedNameError, match="does not define"):
        reach("from strata.seeds import missing\n\ndef made():\n    return missing()\n")


def test_module_attributes_lead_to_single_symbols(reach):
    source = "import strata.seeds\nimport strata.seeds as t\n\ndef made():\n    return {}\n"
    for call in ("strata.seeds.derive(0)", "t.derive(0)"):
        assert set(reach(source.format(call))) == {"user_module.made", "strata.seeds.derive"}


def test_every_stage_of_the_package_resolves_and_reaches_its_room():
    stages: dict[str, Stage] = {}
    for recipe in known_recipes().values():
        for section in recipe.sections.values():
            offered = section.stages.values() if isinstance(section, Choice) else [section]
            steps = [options.stage for options in offered]
            stages |= {step.name: step for step in steps if isinstance(step, Stage)}
    reached = {name: set(stage.reference.code()) for name, stage in stages.items()}
    assert "strata.features.descriptors.dense_sift.DenseSIFT" in reached["dense_sift"]
    assert (
        "strata.features.codebooks.gaussian_mixture.DiagonalGaussianMixture"
        in reached["fisher_vectors"]
    )
    assert any(
        symbol.startswith("strata.models.training.trainer") for symbol in reached["train_network"]
    )


MARKED = [
    path
    for path in Path(str(strata.__file__)).parent.rglob("*.py")
    if re.search(r"^AFFECTS_RESULTS = False", path.read_text(encoding="utf-8"), flags=re.M)
]
ARRAYS = {"numpy", "scipy", "sklearn", "skimage", "cv2", "PIL", "torch", "torchvision", "numba"}


@pytest.mark.parametrize("path", MARKED, ids=lambda path: path.stem)
def test_modules_outside_of_keys_compute_nothing(path):
    """They say so themselves; they import no library that computes, not even for types."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    assert not found & ARRAYS


def test_modules_outside_of_keys_are_in_none():
    reached = code_digests("strata.pipeline.stages.networks", "train_network")
    for path in MARKED:
        module = ".".join(
            path.relative_to(Path(str(strata.__file__)).parents[1]).with_suffix("").parts
        )
        assert not [symbol for symbol in reached if symbol.startswith(f"{module}.")]
