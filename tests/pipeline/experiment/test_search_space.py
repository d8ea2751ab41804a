"""Search spaces and draws: within bounds, repeatable, errors for wrong entries."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strata.errors import InputError
from strata.pipeline.experiment.random_search import RandomSearch, with_values
from strata.pipeline.experiment.search_space import Range, Values, read_space

BOUNDS = st.tuples(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6)).filter(lambda b: b[0] < b[1])
INTEGERS = st.tuples(st.integers(1, 10_000), st.integers(1, 10_000)).filter(lambda b: b[0] < b[1])


def rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


@settings(max_examples=60, deadline=None)
@given(BOUNDS, st.booleans(), st.integers(0, 2**32))
def test_draws_stay_within_their_bounds(bounds, log, seed):
    value = Range(*bounds, log=log).draw(rng(seed))
    assert bounds[0] <= value <= bounds[1]
    assert isinstance(value, float)


@settings(max_examples=60, deadline=None)
@given(INTEGERS, st.booleans(), st.integers(0, 2**32))
def test_integer_draws_are_integers_within_bounds(bounds, log, seed):
    value = Range(*bounds, log=log, integer=True).draw(rng(seed))
    assert bounds[0] <= value <= bounds[1]
    assert isinstance(value, int)


def test_both_ends_of_an_integer_range_are_drawn_as_often_as_the_rest():
    drawn = [Range(1, 4, integer=True).draw(rng(seed)) for seed in range(2000)]
    counts = np.bincount(drawn, minlength=5)[1:]
    assert counts.min() > 420
    assert counts.max() < 580


def test_log_uniform_draws_cover_each_magnitude_equally():
    drawn = [Range(0.01, 100.0, log=True).draw(rng(seed)) for seed in range(2000)]
    counts, _ = np.histogram(np.log10(drawn), bins=[-2, -1, 0, 1, 2])
    assert counts.min() > 420
    assert counts.max() < 580


def search(trials: int = 5, seed: int = 0, **space) -> RandomSearch:
    table = {"trials": trials, "seed": seed, "space": space}
    return RandomSearch.of(table, {}, "methods.a.search")


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 12), st.integers(0, 12), st.integers(0, 2**40))
def test_more_trials_begin_with_the_same_ones(few, more, seed):
    space = {"x": {"uniform": [0, 1]}, "y": ["a", "b", "c"]}
    first = search(few, seed, **space).drawn()
    assert search(few + more, seed, **space).drawn()[:few] == first
    assert len(first) == few


def test_another_parameter_leaves_the_draws_of_the_rest_alone():
    alone = search(x={"uniform": [0, 1]}).drawn()
    both = search(w=[1, 2], x={"uniform": [0, 1]}).drawn()
    assert [trial["x"] for trial in both] == [trial["x"] for trial in alone]
    assert len({trial["x"] for trial in alone}) == 5


def test_names_may_be_dotted_or_nested():
    dotted = read_space({"a.b": {"log": [1, 2]}, "a.c": [1]}, "s")
    assert dotted == read_space({"a": {"b": {"log": [1, 2]}, "c": [1]}}, "s")
    assert dotted == {"a.b": Range(1.0, 2.0, log=True), "a.c": Values((1,))}
    assert read_space({"n": {"int": [32, 512], "log": True}}, "s") == {
        "n": Range(32, 512, log=True, integer=True)
    }


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ([], "nothing to draw from"),
        (0.5, "nothing to draw from"),
        ({"uniform": [0, 1], "log": [1, 2]}, "nothing to draw from"),
        ({"uniform": [1, 0]}, "1 to 0 is no range"),
        ({"uniform": [1, 1]}, "is no range"),
        ({"uniform": [0, float("inf")]}, "is no range"),
        ({"uniform": [0]}, "bounds are two numbers"),
        ({"uniform": "wide"}, "bounds are two numbers"),
        ({"log": [0, 1]}, "begins above 0"),
        ({"int": [0, 8], "log": True}, "begins above 0"),
        ({"int": [0.5, 8]}, "bounds are two whole numbers"),
        ({"int": [True, 8]}, "bounds are two whole numbers"),
    ],
)
def test_wrong_entries_are_refused_by_key(entry, said):
    with pytest.raises(InputError) as error:
        read_space({"means": {"shrink": entry}} if entry else {"means.shrink": entry}, "s.space")
    assert "s.space.means.shrink" in error.value.what
    assert said in error.value.what


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({}, "no space to search"),
        ({"space": {}}, "no space to search"),
        ({"space": {"x": [1]}, "trials": 0}, "search.trials = 0"),
        ({"space": {"x": [1]}, "trails": 5}, "There is no key .*search.trails"),
        ({"space": {"x": [1]}, "folds": 1}, "1 of 1 folds cannot be scored"),
        ({"space": {"x": [1]}, "folds": 2, "parts": 3}, "3 of 2 folds cannot be scored"),
        ({"space": {"a.b": [1]}}, "sets or varies it too"),
        ({"space": {"a.b": [1], "a": {"b": [2]}}}, "is there twice"),
        (5, "must be a table"),
    ],
)
def test_wrong_search_tables_are_refused(table, said):
    with pytest.raises(InputError, match=said):
        RandomSearch.of(table, {"a": {"b": 3}}, "methods.m.search")


def test_with_values_keeps_other_values_and_copies():
    settings = {"a": {"x": 1}, "b": 2}
    assert with_values(settings, {"a.y": 3, "c": 4}) == {"a": {"x": 1, "y": 3}, "b": 2, "c": 4}
    assert settings == {"a": {"x": 1}, "b": 2}
