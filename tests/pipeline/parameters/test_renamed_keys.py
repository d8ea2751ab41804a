"""Old names in experiment files: an error that names the new one."""

import pytest

from strata.errors import InputError
from strata.pipeline.graph.choice import Choice
from strata.pipeline.parameters.renamed_keys import RENAMED, REPLACED, renamed
from strata.pipeline.recipes.reference import reference
from strata.pipeline.recipes.registry import known_recipes

RECIPES = known_recipes()
REFERENCE = reference(RECIPES)


@pytest.mark.parametrize("old", RENAMED)
def test_new_names_are_there_and_old_ones_mean_nothing_where_they_are(old):
    for new in RENAMED[old]:
        in_a_table = f"`{new}`" in REFERENCE or f'"{new}"' in REFERENCE
        assert in_a_table or new in ("normalization", "initialization")  # of architectures
        assert renamed(old, [new]) == f"'{old}' is called '{new}' now."
    assert renamed(old, []) == ""


@pytest.mark.parametrize("old", REPLACED)
def test_a_removed_recipe_names_the_one_that_does_its_work(old):
    new, text = REPLACED[old]
    assert old not in RECIPES
    assert new in RECIPES
    assert renamed(old, RECIPES) == text
    assert f'recipe = "{new}"' in text
    assert renamed(old, ["bovw"]) == ""


def test_the_message_on_stacking_names_keys_that_are_there():
    _, text = REPLACED["stacking"]
    learned = RECIPES["fusion"].sections["combination"].stages["learned_weights"]
    keys = [word.strip(".") for word in text.split() if word.startswith("combination.")]
    assert len(keys) == 2
    assert all(key.partition(".")[2] in learned.stage.parameters.defaults for key in keys)


@pytest.mark.parametrize(
    ("recipe", "settings", "new"),
    [
        ("fisher", {"mixture": {"components": 128}}, "n_components"),
        ("bovw", {"codebook": {"words": 64}}, "n_words"),
        ("bovw", {"descriptor": {"bins": [4, 8]}}, "bin_sizes"),
        ("bovw", {"descriptor": {"use": "colour_statistics"}}, "color_statistics"),
        ("bovw", {"classifier": {"kernel": "chi_square"}}, "chi2"),
        ("tinynet", {"network": {"max_rate": 0.01}}, "max_lr"),
        ("inception", {"blocks": {"open": 2}}, "trainable_blocks"),
        ("fine_tuned", {"nodes": {"border": "layer3"}}, "freeze_until"),
        ("fine_tuned", {"training": {"normalisation": "frozen"}}, "batch_norm"),
        ("fine_tuned", {"training": {"embedding": "rooted"}}, "power_norm"),
        ("gist", {"envelope": {"size": 128}}, "descriptor"),
        ("distilled", {"distil": {"weight": 0.5}}, "distillation"),
    ],
)
def test_an_old_key_is_an_error_that_names_the_new_one(recipe, settings, new):
    with pytest.raises(InputError, match=rf"is called '{new}' now\.") as raised:
        RECIPES[recipe].checked(settings, f"methods.{recipe}")
    assert f"methods.{recipe}" in raised.value.what


def test_no_current_name_is_in_the_table_where_it_stands():
    """What is called so today must not be said to be old."""
    for recipe in RECIPES.values():
        for section in recipe.sections.values():
            offered = section.stages.values() if isinstance(section, Choice) else [section]
            for options in offered:
                known = options.stage.parameters.defaults
                assert not [name for name in known if renamed(name, set(known) - {name})]
