"""Scheduler, without workers, a store or working stages."""

from types import SimpleNamespace

import pytest

from strata.pipeline.execution.plan import Plan
from strata.pipeline.execution.scheduler import Scheduler
from strata.pipeline.graph.stage import OptionalInputsStage

TOLERANT = object.__new__(OptionalInputsStage)


def scheduler_of(needed="", *, optional="", **parents):
    """Scheduler of nodes of one letter each, in the order given: key="letters of its parents".

    Stages of the nodes in `optional` have optional inputs.
    """
    nodes = {}
    for key, of in parents.items():
        stage = TOLERANT if key in optional else None
        nodes[key] = SimpleNamespace(key=key, parents=[nodes[p] for p in of], stage=stage)
    return Scheduler(Plan(nodes, {}, list(needed or nodes)))


def popped(scheduler):
    found = ""
    while scheduler.has_ready:
        found += scheduler.pop_ready()
    return found


def test_a_node_comes_after_the_last_of_its_parents():
    scheduler = scheduler_of(a="", b="", c="ab", d="c")
    assert popped(scheduler) == "ab"
    scheduler.mark_done("b")
    assert popped(scheduler) == ""
    scheduler.mark_done("a")
    assert popped(scheduler) == "c"
    assert scheduler.unfinished == ["c", "d"]


def test_present_parents_do_not_block_and_the_order_is_the_plan_s():
    scheduler = scheduler_of("dcb", a="", b="a", c="a", d="a")
    assert popped(scheduler) == "bcd"


def test_a_node_is_dropped_with_those_between_it_and_a_stage_with_optional_inputs():
    scheduler = scheduler_of(a="", b="a", c="", d="bc", optional="d")
    assert popped(scheduler) == "ac"
    assert scheduler.drop("a") == {"a", "b"}
    assert scheduler.unfinished == ["c", "d"]
    scheduler.mark_done("c")
    assert popped(scheduler) == "d"


@pytest.mark.parametrize("parents", [{"a": ""}, {"a": "", "b": "a"}, {"a": "", "b": "a", "d": "a"}])
def test_a_node_is_not_dropped_if_another_needs_it(parents):
    scheduler = scheduler_of(**parents, optional="d")
    assert scheduler.drop("a") is None
    assert scheduler.unfinished == list(parents)


def test_a_damaged_node_is_rescheduled_with_its_absent_inputs_before_its_readers():
    scheduler = scheduler_of("de", a="", b="", c="ab", d="c", e="c")
    assert popped(scheduler) == "de"
    assert scheduler.reschedule("c", "d", lambda key: key == "a")
    assert not scheduler.reschedule("c", "e", lambda key: key == "a")
    assert popped(scheduler) == "b"
    scheduler.mark_done("b")
    assert popped(scheduler) == "c"
    scheduler.mark_done("c")
    assert popped(scheduler) == "de"


def test_a_damaged_node_made_in_this_run_blocks_its_reader_only():
    scheduler = scheduler_of(a="", b="a", c="a")
    assert popped(scheduler) == "a"
    scheduler.mark_done("a")
    assert popped(scheduler) == "bc"
    scheduler.mark_done("c")
    assert scheduler.reschedule("a", "b", lambda _: True)
    assert popped(scheduler) == "a"
    scheduler.mark_done("a")
    assert popped(scheduler) == "b"
    scheduler.mark_done("b")
    assert scheduler.unfinished == []
