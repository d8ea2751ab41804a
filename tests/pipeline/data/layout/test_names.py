import pytest

from strata.pipeline.data.layout.names import spelling, split_name


@pytest.mark.parametrize(
    ("name", "kind", "stem"),
    [
        ("train", "train", ()), ("Training", "train", ()), ("seg_train", "train", ("seg",)),
        ("training_set", "train", ()), ("TrainImages", "train", ()), ("train2", "train", ()),
        ("val", "validation", ()), ("valid", "validation", ()), ("dev", "validation", ()),
        ("test1", "test", ()), ("evaluation", "test", ()), ("cars_test", "test", ("cars",)),
    ],
)  # fmt: skip
def test_names_of_splits(name, kind, stem):
    assert split_name(name) == (kind, stem)


@pytest.mark.parametrize("name", ["trains", "testament", "contest", "cat", "", "1", "train_test"])
def test_other_names_are_none(name):
    assert split_name(name) is None


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("Cat", "cat", True), ("dog", "dog ", True), ("sea side", "sea_side", True),
        ("\ufb01sh", "fish", True), ("cat\u200b", "cat", True), ("Straße", "STRASSE", True),
        ("A", "A-", False), ("cat", "cats", False), ("1", "01", False),
    ],
)  # fmt: skip
def test_spelling_keeps_what_tells_names_apart(one, other, alike):
    assert (spelling(one) == spelling(other)) == alike
