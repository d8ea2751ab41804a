"""Any text of an experiment file gives an experiment, or an error that names the file."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strata.errors import InputError
from strata.pipeline.experiment.file import read_experiment
from strata.pipeline.experiment.resolve import resolve
from strata.pipeline.recipes.registry import known_recipes

SCALARS = st.one_of(
    st.sampled_from(
        ["true", "nan", "-inf", "0", "-1", "1e400", "1979-05-27", "07:32:00", '""', "0x_", "'"]
    ),
    st.sampled_from(["9" * 30, "9" * 400, "9" * 5000, "1" + "0" * 400 + ".0", "[" * 3000]),
    st.sampled_from(
        ['"svm"', '"cv"', '"pca"', '"bovw"', '"fisher"', '"~nosuchuser/x"', '"\\u0000"']
    ),
    st.integers(-(2**70), 2**70).map(str),
    st.floats().map(repr),
    st.text(max_size=8).map(lambda t: f"'{t}'"),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda v: f"[{', '.join(v)}]"),
        st.tuples(st.sampled_from(["use", "int", "log", "uniform", "n_words", "x"]), inner).map(
            lambda kv: f"{{ {kv[0]} = {kv[1]} }}"
        ),
    ),
    max_leaves=4,
)


def _keys() -> list[str]:
    """Dotted keys that a method may set, of several recipes."""
    found = ["recipe", "vary", "search", "paper", "train_per_class", "of", "search.space", "x.y"]
    for name in ("bovw", "fisher", "fusion", "tinynet", "gist"):
        recipe = known_recipes()[name]
        found += recipe.plain.defaults
        for section, options in recipe.sections.items():
            found += [section, f"{section}.use"]
            stages = getattr(options, "stages", {"": options})
            found += [
                f"{section}.{key}" for o in stages.values() for key in o.stage.parameters.defaults
            ]
    return sorted({*found, "vary.x", "search.trials", "search.folds", "search.space.x"})


TABLES = {
    "": ["name", "title", "recipes", "data", "x"],
    "data": ["source", "split", "sha256", "per_class", "size", "near_duplicates", "x"],
    "protocol": ["folds", "repeats", "seed", "test", "train_per_class", "new_folds", "max_fits"],
}


@st.composite
def files(draw):
    """A file in which some keys have odd values."""
    lines = []
    for table, keys in TABLES.items():
        lines += [f"[{table}]"] if table else []
        for key in draw(st.lists(st.sampled_from(keys), max_size=2)):
            lines.append(f"{key} = {draw(VALUES)}")
    for recipe in draw(
        st.lists(st.sampled_from(["bovw", "fusion", "tinynet", "'a\x1b'"]), max_size=2)
    ):
        lines.append(f"[methods.{recipe}]")
        for key in draw(st.lists(st.sampled_from(_keys()), max_size=2)):
            lines.append(f"{key} = {draw(VALUES)}")
    return "\n".join(lines)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzzed") / "study-7.toml"


def check(path, text, *overrides):
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    refused = None
    try:
        resolve(read_experiment(path, list(overrides)))
    except InputError as error:
        refused = error
    if refused:
        assert path.name in refused.what or refused.what.startswith("--set")
        assert len(str(refused)) < 4000


@settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(files())
def test_odd_values_are_read_or_refused_by_name(path, text):
    check(path, text)


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_by_name(path, text):
    check(path, text)


@settings(max_examples=80, deadline=None)
@given(st.sampled_from([*_keys(), "trials", ""]), VALUES)
def test_any_setting_is_taken_or_refused(path, key, value):
    check(path, "[methods.bovw]", f"bovw.{key}={value}")
