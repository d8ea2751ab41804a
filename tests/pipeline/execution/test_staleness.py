"""Causes of staleness as sentences."""

from strata.pipeline.execution.plan import Plan
from strata.pipeline.execution.staleness import History, reasons
from strata.pipeline.graph.inputs import cut_into_shards
from strata.pipeline.graph.provenance import describe_node
from strata.pipeline.stages.descriptors import color_statistics
from strata.pipeline.store.run_notes import RunNote
from strata.pipeline.store.store import Store


def plan_of(digests, store, capacity=2, **parameters):
    shards = cut_into_shards({digest: store.root / digest for digest in digests}, capacity)
    return Plan.of(list(color_statistics(shards, **parameters).nodes), store)


def test_changed_images_are_named_by_their_part(tmp_path):
    store = Store(tmp_path).open()
    before = plan_of(["00", "01", "80", "81"], store)
    for node in before.nodes.values():
        store.write(node.key, {}, {**describe_node(node), "made": "2026-11-30T08:00:00"})
    after = plan_of(["00", "01", "80", "82"], store)
    assert list(reasons(after, History(store, RunNote()))) == [
        "color_statistics: the images of part 2 of 2 changed (2)."
    ]
    fewer = plan_of(["00", "01", "80"], store)
    assert list(reasons(fewer, History(store, RunNote()))) == [
        "color_statistics: the images of part 2 of 2 changed (1, 2 before)."
    ]
    changed = plan_of(["00", "01", "80", "81"], store, step=9)
    assert list(reasons(changed, History(store, RunNote()))) == [
        "color_statistics: the parameter 'step' changed from 8 to 9."
    ]


def test_without_parts_none_is_named(tmp_path):
    store = Store(tmp_path).open()
    (node,) = plan_of(["00", "01"], store).nodes.values()
    store.write(node.key, {}, {**describe_node(node), "made": "2026-11-30T08:00:00"})
    after = plan_of(["00", "02"], store)
    assert list(reasons(after, History(store, RunNote()))) == [
        "color_statistics: the images changed (2)."
    ]
