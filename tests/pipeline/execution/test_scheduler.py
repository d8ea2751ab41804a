"""What waits for what: without workers, a store or stages that do something."""

from types import SimpleNamespace

import pytest

from strata.pipeline.execution.plan import Plan
from strata.pipeline.execution.scheduler import Scheduler
from strata.pipeline.graph.stage import OptionalInputsStage

SPARING = object.__new__(OptionalInputsStage)


def agenda(needed="", *, sparing="", **parents):
    """Nodes of one letter, in the order given, with their parents' letters."""
    nodes = {}
    for key, of in parents.items():
        stage = SPARING if key in sparing else None
        nodes[key] = SimpleNamespace(key=key, parents=[nodes[p] for p in of], stage=stage)
    return Scheduler(Plan(nodes, {}, list(needed or nodes)))


def taken(plan):
    found = ""
    while plan.has_ready:
        found += plan.next()
    return found


def test_what_waits_for_several_comes_after_the_last_of_them():
    plan = agenda(a="", b="", c="ab", d="c")
    assert taken(plan) == "ab"
    plan.done("b")
    assert taken(plan) == ""
    plan.done("a")
    assert taken(plan) == "c"
    assert plan.open == ["c", "d"]


def test_what_is_there_blocks_nothing_and_the_plan_s_order_holds():
    plan = agenda("dcb", a="", b="a", c="a", d="a")
    assert taken(plan) == "bcd"


def test_a_node_is_spared_with_those_between_it_and_what_can_do_without():
    plan = agenda(a="", b="a", c="", d="bc", sparing="d")
    assert taken(plan) == "ac"
    assert plan.spare("a") == {"a", "b"}
    assert plan.open == ["c", "d"]
    plan.done("c")
    assert taken(plan) == "d"


@pytest.mark.parametrize("parents", [{"a": ""}, {"a": "", "b": "a"}, {"a": "", "b": "a", "d": "a"}])
def test_what_something_cannot_do_without_is_not_spared(parents):
    plan = agenda(**parents, sparing="d")
    assert plan.spare("a") is None
    assert plan.open == list(parents)


def test_what_was_found_damaged_comes_again_with_its_absent_inputs_before_its_readers():
    plan = agenda("de", a="", b="", c="ab", d="c", e="c")
    assert taken(plan) == "de"
    assert plan.make_again("c", "d", lambda key: key == "a")
    assert not plan.make_again("c", "e", lambda key: key == "a")
    assert taken(plan) == "b"
    plan.done("b")
    assert taken(plan) == "c"
    plan.done("c")
    assert taken(plan) == "de"


def test_what_was_made_in_this_run_and_is_damaged_brings_back_its_reader_and_nobody_else():
    plan = agenda(a="", b="a", c="a")
    assert taken(plan) == "a"
    plan.done("a")
    assert taken(plan) == "bc"
    plan.done("c")
    assert plan.make_again("a", "b", lambda _: True)
    assert taken(plan) == "a"
    plan.done("a")
    assert taken(plan) == "b"
    plan.done("b")
    assert plan.open == []
