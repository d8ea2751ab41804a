import re

import pytest

from strata.pipeline.recipes.registry import known_recipes
from strata.reports.exports.bibliography import ENTRIES, SOURCES, papers

RECIPES = {name: r for name, r in known_recipes().items() if r.function.__module__[:7] == "strata."}


def test_every_recipe_has_its_papers_and_every_paper_its_recipe():
    assert SOURCES.keys() == RECIPES.keys()
    assert {key for keys in SOURCES.values() for key in keys} == ENTRIES.keys()


@pytest.mark.parametrize("name", SOURCES)
def test_the_recipe_names_its_papers_by_their_first_authors(name):
    said = RECIPES[name].function.__doc__
    for key in SOURCES[name]:
        first = re.search(r"author\s*= \{(.*?),", ENTRIES[key])[1]
        first = re.sub(r"\{\\\\?.(.)\}", r"\1", first)
        assert first in said
        assert re.search(r"year\s*= \{(\d+)", ENTRIES[key])[1] in said


@pytest.mark.parametrize("key", ENTRIES)
def test_entries_are_whole(key):
    entry = ENTRIES[key]
    assert re.match(rf"@(article|inproceedings)\{{{key},\n", entry)
    assert entry.count("{") == entry.count("}")
    assert "\\\\" not in entry
    fields = re.findall(r"^  (\w+) *= \{", entry, re.M)
    assert {"author", "title", "year"} < set(fields)
    assert ("journal" in fields) != ("booktitle" in fields)
    assert re.search(r"year *= \{(\d+)", entry)[1] in key


def test_a_paper_of_two_recipes_stands_once_and_own_recipes_have_none():
    assert papers(["mine"]) == ""
    found = papers(["fisher", "fisher_color", "mine"])
    assert re.findall(r"\{(\w+\d{4}\w+),", found) == [
        "perronnin2010improving",
        "sanchez2012modeling",
        "vandesande2010evaluating",
    ]
