"""Classes of the same name as classes of ImageNet."""

import pytest

from strata.models.transfer.zoos import same_names as module
from strata.models.transfer.zoos.same_names import same_names
from strata.models.transfer.zoos.training_data import IMAGENET_1K, data_of_tag

SCENES = ["coast", "forest", "highway", "insidecity", "mountain", "opencountry", "street",
          "tallbuilding"]  # fmt: skip
CIFAR = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
(IMAGENET_12K,) = data_of_tag("in12k")


@pytest.fixture
def _without_timm(monkeypatch):
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None)
    module._known_names.cache_clear()
    yield
    module._known_names.cache_clear()


def test_each_name_of_a_synset_counts():
    pytest.importorskip("timm")
    assert same_names(SCENES, IMAGENET_1K) == {"coast": "seashore, coast, seacoast, sea-coast"}
    assert set(same_names(SCENES, IMAGENET_12K)) == {"coast", "mountain", "street"}
    assert set(same_names(CIFAR, IMAGENET_12K)) == set(CIFAR)


@pytest.mark.usefixtures("_without_timm")
def test_without_timm_one_name_of_each_class_is_known():
    assert same_names([*SCENES, "Seashore", "Goldfish"], IMAGENET_1K) == {
        "Seashore": "seashore",
        "Goldfish": "goldfish",
    }
    assert same_names(CIFAR, IMAGENET_12K) == {}


@pytest.mark.parametrize(
    "name",
    ["tabby_cat", "tabby-cats", "Tabby Cat", "TabbyCat", "n02123045-tabby_cat", "281.tabby cats"],
)
def test_spellings_of_a_name_are_one(name):
    assert module._normalized(name) == "tabbycat"


@pytest.mark.parametrize(
    ("plural", "singular"),
    [
        ("buses", "buse"),
        ("strawberries", "strawberry"),
        ("foxes", "fox"),
        ("finches", "finch"),
        ("glass", "glass"),
        ("octopus", "octopus"),
        ("bus", "bus"),
    ],
)
def test_plurals_of_the_last_word(plural, singular):
    assert module._normalized(plural) == singular


def test_a_part_of_a_name_is_no_name():
    assert same_names(["bike", "mountain", "tail", "net", "", "---"], IMAGENET_1K) == {}
