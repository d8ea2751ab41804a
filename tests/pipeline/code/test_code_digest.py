"""What counts as a change of a stage's code, and what does not."""

import ast
import os
import re
from pathlib import Path

import pytest

import strata
from strata.pipeline.code import code_digest
from strata.pipeline.code.code_digest import UnresolvedNameError, code_digests
from strata.pipeline.graph.choice import Choice
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


@pytest.fixture
def key(tmp_path):
    """Key of `made` in a module of the user, with other files beside it."""

    def key(source: str, **files: str) -> str:
        for name, text in {**files, "user_module": source}.items():
            (tmp_path / f"{name}.py").write_text(text)
            code_digest.register(name, tmp_path / f"{name}.py")
        return code_digest.code_key("user_module", "made")

    return key


LEFT = "X = 1\ndef g():\n    return X\ndef f():\n    return g()\n"
RIGHT = LEFT.replace("1", "2")
SIFT = "from strata.features.descriptors.dense_sift import mirror_order as {}\n"
COLOR = "from strata.features.descriptors.color_statistics import mirror_order as {}\n"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (  # two functions of one name change places
            SIFT.format("p") + COLOR.format("q") + "def made():\n    return p() - q()\n",
            SIFT.format("p") + COLOR.format("q") + "def made():\n    return q() - p()\n",
        ),
        (  # an import inside a function leads to another of the same name
            f"def made():\n    {SIFT.format('p')}    return p()\n",
            f"def made():\n    {COLOR.format('p')}    return p()\n",
        ),
        (  # a parameter hides an import
            "from strata.seeds import derive as d\n"
            "def made(x, derive):\n    return d(x) + d(x + 1)\n",
            "from strata.seeds import derive as d\n"
            "def made(x, derive):\n    return d(x) + derive(x + 1)\n",
        ),
        (  # names of another package
            "from scipy import fft\ndef made(x):\n    return fft.fft(x)\n",
            "from numpy import fft\ndef made(x):\n    return fft.fft(x)\n",
        ),
        (  # conditions and calls at the top level
            "K = 1\nif K > 1:\n    def made():\n        return 1\n",
            "K = 1\nif K < 1:\n    def made():\n        return 1\n",
        ),
        (
            "T = []\nT.append(1)\ndef made():\n    return T\n",
            "T = []\nT.append(2)\ndef made():\n    return T\n",
        ),
        (  # types lead to methods, also quoted ones and those of results
            "class M:\n    def f(self):\n        return 1\ndef made(x: 'M'):\n    return x.f()\n",
            "class M:\n    def f(self):\n        return 2\ndef made(x: 'M'):\n    return x.f()\n",
        ),
        (
            "class M:\n    v = 1\ndef g(x) -> M:\n    return x\ndef made(x):\n    return g(x).v\n",
            "class M:\n    v = 2\ndef g(x) -> M:\n    return x\ndef made(x):\n    return g(x).v\n",
        ),
    ],
)
def test_another_program_has_another_key(key, old, new):
    assert key(old) != key(new)
    assert key(old) == key(old)


def test_two_files_whose_definitions_change_places_have_another_key(key):
    source = (
        "from left import f as pf\nfrom right import f as qf\ndef one():\n    return pf()\n"
        "def two():\n    return qf()\ndef made():\n    return one() - two()\n"
    )
    assert key(source, left=LEFT, right=RIGHT) != key(source, left=RIGHT, right=LEFT)


@pytest.mark.parametrize("branch", ["first", "second"])
def test_both_branches_of_a_conditional_import_count(key, branch):
    source = (
        "try:\n    from first import f\nexcept ImportError:\n    from second import f\n"
        "def made():\n    return f()\n"
    )
    before = key(source, first=LEFT, second=LEFT)
    assert before != key(source, **{"first": LEFT, "second": LEFT, branch: RIGHT})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("def made(x: int):\n    return x\n", "def made(x: float):\n    return x\n"),
        (
            "def made():\n    n = 1\n    return n\n",
            "def made():\n    n = 1\n    return n\ndef n(): ...\n",
        ),
        (
            "def made(x):\n    import numpy as np\n    return np.abs(x)\n",
            "import numpy\ndef made(x):\n    return numpy.abs(x)\n",
        ),
        (
            SIFT.format("p") + "def made():\n    return p()\n",
            "from strata.features.descriptors import dense_sift\n"
            "def made():\n    return dense_sift.mirror_order()\n",
        ),
    ],
)
def test_the_same_program_has_the_same_key(key, old, new):
    assert key(old) == key(new)


def test_a_text_that_looks_like_a_name_is_a_text(key):
    source = "def made():\n    return 'strata.toml', 'strata.seeds', 'strata.seeds:nothing'\n"
    assert key(source) != key(source.replace("strata.toml", "strata.json"))


def test_names_that_a_package_exports_lazily_are_followed(reach):
    reached = reach("from strata.features import DenseSIFT\ndef made():\n    return DenseSIFT()\n")
    assert "strata.features.descriptors.dense_sift.DenseSIFT" in reached


def test_a_retargeted_import_is_an_edit(reach, tmp_path):
    before = reach(f"def made():\n    {SIFT.format('p')}    return p()\n")
    path = tmp_path / "user_module.py"
    files = code_digest.source_files(before)
    path.write_text(f"def made():\n    {COLOR.format('p')}    return p()\n")
    os.utime(path, ns=(0, files[str(path)] + 1))
    assert code_digest.edited(before, files) == "user_module.made"
