"""Experiment files."""

import pytest

from strata.errors import InputError
from strata.pipeline.experiment.file import read_experiment

TEXT = """
title = "A title"
[data]
source = "images"
[protocol]
folds = 5
[methods.bovw]
codebook.n_words = 64
[methods.many]
recipe = "bovw"
vary = { "codebook.n_words" = [32, 64], "classifier.C" = [1, 10] }
"""


@pytest.fixture
def read(tmp_path):
    def read(text=TEXT, *settings):
        path = tmp_path / "scene-study.toml"
        path.write_text(text)
        return read_experiment(path, list(settings))

    return read


def test_names_defaults_and_methods(read):
    found = read()
    assert (found.name, found.title) == ("scene-study", "A title")
    assert found.protocol["folds"] == 5
    assert found.protocol["repeats"] == 1
    assert found.methods[0].settings == {"codebook": {"n_words": 64}}


def test_vary_is_a_grid_whose_variants_are_named(read):
    variants = [m for m in read().methods if m.variant_of]
    assert [m.name for m in variants] == [
        "many[n_words=32,C=1]",
        "many[n_words=32,C=10]",
        "many[n_words=64,C=1]",
        "many[n_words=64,C=10]",
    ]
    assert variants[1].settings == {"codebook": {"n_words": 32}, "classifier": {"C": 10}}
    assert variants[1].varied == {"codebook.n_words": 32, "classifier.C": 10}


def test_set_reaches_tables_that_the_file_lacks(read):
    found = read(TEXT, "bovw.classifier.C=2.5", "protocol.seed=3", "bovw.classifier.kernel=rbf")
    assert found.methods[0].settings["classifier"] == {"C": 2.5, "kernel": "rbf"}
    assert found.protocol["seed"] == 3
    assert found.text.endswith("# --set bovw.classifier.kernel=rbf")


def test_spaces_around_what_is_set_do_not_matter(read):
    assert read(TEXT, " title = another").title == "another"
    assert read(TEXT, "bovw.codebook.n_words = 8").methods[0].settings["codebook"]["n_words"] == 8


@pytest.mark.parametrize(
    ("text", "settings", "parts"),
    [
        ("[data", [], ["not valid TOML"]),
        ("[data]\nsource='x'", [], ["names no methods"]),
        (TEXT.replace("folds", "fold"), [], ["protocol.fold.", "Did you mean 'folds'"]),
        (TEXT.replace("folds = 5", "folds = 1"), [], ["folds = 1", "2 or more"]),
        (TEXT.replace("folds = 5", "test = 1.0"), [], ["test = 1.0"]),
        (
            TEXT.replace("folds = 5", "train_per_class = 0"),
            [],
            ["train_per_class = 0", "1 or more"],
        ),
        (TEXT.replace('title = "A title"', "titel = 1"), [], ["titel", "Did you mean 'title'"]),
        (TEXT.replace("[32, 64]", "32"), [], ["methods.many.vary"]),
        ("[methods.a]\nvary = {}", [], ["methods.a.vary must list"]),
        ("[methods.a]\nrecipe = 3", [], ["methods.a.recipe = 3"]),
        ("methods = 3", ["data.source=x"], ["names no methods"]),
        ("methods = 3", ["a.x.k=3"], ["no method 'a'"]),
        ("[methods]\na = 3", ["a.x.k=3"], ["'a' is not a table"]),
        ("[methods.a]\nvary = 3", ["a.x.k=3"], ["methods.a.vary must list"]),
        (TEXT, ["bow.codebook.n_words=3"], ["no method 'bow'", "Did you mean 'bovw'"]),
        (TEXT, ["bovw.codebook.n_words"], ["KEY=VALUE"]),
    ],
)
def test_errors_name_the_place(read, text, settings, parts):
    with pytest.raises(InputError) as caught:
        read(text, *settings)
    assert all(part in str(caught.value) for part in parts), str(caught.value)


def test_a_missing_file_is_answered_with_the_nearest_name(tmp_path):
    (tmp_path / "demo.toml").write_text(TEXT)
    with pytest.raises(InputError, match=r"Did you mean 'demo.toml'"):
        read_experiment(tmp_path / "dmo.toml")


def test_variants_by_tables_are_named_by_their_keys(tmp_path):
    path = tmp_path / "x.toml"
    path.write_text('[methods.a]\nvary = { "x.k" = [{ zoom = 0.2, flip = true }, "none"] }\n')
    names = [method.name for method in read_experiment(path).methods]
    assert names == ["a[k=zoom:0.2+flip:true]", "a[k=none]"]


def test_published_accuracies_go_with_their_variants(tmp_path):
    text = '[methods.a]\npaper = 0.8\n[methods.b]\nvary = { "x.k" = [1, 2] }\npaper = [0.5, 0.6]\n'
    (tmp_path / "e.toml").write_text(text)
    methods = read_experiment(tmp_path / "e.toml").methods
    assert [(m.name, m.paper) for m in methods] == [("a", 0.8), ("b[k=1]", 0.5), ("b[k=2]", 0.6)]
    (tmp_path / "e.toml").write_text(text.replace("[0.5, 0.6]", "[0.5]"))
    with pytest.raises(InputError, match=r"methods\.b\.paper"):
        read_experiment(tmp_path / "e.toml")


def test_train_per_class_may_vary(tmp_path):
    path = tmp_path / "e.toml"
    path.write_text("[methods.a]\nvary = { train_per_class = [2, 4] }\n[methods.b]\n")
    a, b, c = read_experiment(path).methods
    assert [(m.name, m.train_per_class, m.settings) for m in (a, b, c)] == [
        ("a[train_per_class=2]", 2, {}),
        ("a[train_per_class=4]", 4, {}),
        ("b", None, {}),
    ]
    path.write_text("[methods.a]\ntrain_per_class = 0\n")
    with pytest.raises(InputError, match="1 or more"):
        read_experiment(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('name = "../victim"\n[methods.a]\n', "report's folder"),
        ('name = ".."\n[methods.a]\n', "report's folder"),
        ("[method.a]\n", "Did you mean 'methods'"),
        ('[methods.a]\nvary = { "x.k" = [8, 8] }\n', "two methods"),
        ('[methods."a/b"]\nrecipe = "bovw"\n', "'a/b'"),
        ('[methods."../a"]\nvary = { "x.k" = [8, 9] }\n', "letters, digits"),
        ('[methods."a.b"]\n', "letters, digits"),
        ('[methods."a[b=1]"]\n', "letters, digits"),
        ('[methods.""]\n', "letters, digits"),
        ('[methods."a\\nb"]\n', "letters, digits"),
        ('[methods."a "]\n', "letters, digits"),
        ("[methods.-a]\n", "letters, digits"),
    ],
)
def test_unsafe_names_are_refused(tmp_path, text, message):
    (tmp_path / "e.toml").write_text(text)
    with pytest.raises(InputError) as raised:
        read_experiment(tmp_path / "e.toml")
    assert message in str(raised.value)


def test_setting_a_varied_parameter_is_refused(tmp_path):
    (tmp_path / "e.toml").write_text('[methods.a]\nvary = { "x.k" = [1, 2] }\n')
    with pytest.raises(InputError, match="varies it"):
        read_experiment(tmp_path / "e.toml", ["a.x.k=3"])


@pytest.mark.parametrize("name", ["a", "2D", "fisher-large", "_no_power", "café", "bag of words"])
def test_safe_names_are_accepted(tmp_path, name):
    (tmp_path / "e.toml").write_text(f'[methods."{name}"]\n', encoding="utf-8")
    assert [m.name for m in read_experiment(tmp_path / "e.toml").methods] == [name]


@pytest.mark.parametrize(
    ("typo", "meant"),
    [("[protocl]", "protocol"), ("[method.x]", "methods"), ('titel = ""', "title")],
)
def test_a_typo_above_the_first_table_or_in_its_name_is_met_with_the_nearest(read, typo, meant):
    with pytest.raises(InputError, match=f"Did you mean '{meant}'"):
        read(f"{typo}\n{TEXT}" if "=" in typo else TEXT + typo)


def test_a_name_mistyped_on_the_command_line_is_met_with_the_nearest(read):
    with pytest.raises(InputError, match="Did you mean 'name'"):
        read(TEXT, "nam=x")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"[protocol]\nseed = {'1' * 5000}\n[methods.bovw]", "is not valid TOML: it holds an int"),
        ("[protocol]\nseed = 9223372036854775808\n[methods.bovw]", "it holds an integer outside"),
        (f"[methods.bovw]\nx = {'[' * 3000}", "nested deeper than 50 levels"),
        (f"[methods.bovw.{'.'.join('a' * 3000)}]", "nested deeper than 50 levels"),
        (f'name = "{"n" * 300}"\n[methods.bovw]', "at most 200 bytes"),
        ("[methods.bovw]\n[protocol]\nrepeats = 100000", "800,001 fits"),
        ("[methods.a]\nsearch = { trials = 100000000, space = { x = [1] } }", "900,000,009 fits"),
        (
            f"[methods.a]\nvary = {{ x = {[*range(3000)]}, y = {[*range(3000)]} }}",
            "81,000,000 fits",
        ),
    ],
)
def test_what_would_hang_or_overflow_is_refused(read, text, said):
    with pytest.raises(InputError) as caught:
        read(text)
    assert said in str(caught.value)
    assert "scene-study.toml" in caught.value.what


def test_more_fits_are_allowed_by_a_key(read):
    assert read("[methods.bovw]\n[protocol]\nrepeats = 20000\nmax_fits = 160001").methods


def test_a_byte_order_mark_is_skipped(read):
    assert read("\ufeff" + TEXT).title == "A title"
