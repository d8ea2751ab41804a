import pytest

from strata.pipeline.recipes.registry import known_recipes
from tests.reports.checks.asking import check, method


@pytest.mark.parametrize(
    ("qualities", "severity"), [((2.0, 2.5, 3.0), "tip"), ((2.0, 3.0, 2.5), "passed")]
)
def test_best_value_of_a_sweep_at_its_edge(qualities, severity):
    methods = [
        method(f"m{k}", quality, variant_of="m", varied={"k": k})
        for k, quality in zip((16, 64, 256), qualities, strict=True)
    ]
    assert check("R10", *methods).severity == severity
    assert check("R10", *methods[:2]).severity == "not applicable"


@pytest.mark.parametrize(
    ("parameter", "values", "qualities", "severity"),
    [
        ("train_per_class", (5, 20, 50), (2.0, 2.5, 3.0), "not applicable"),
        ("blocks.trainable_blocks", (0, 1, 3), (3.0, 2.5, 2.0), "passed"),
        ("blocks.trainable_blocks", (0, 1, 3), (2.0, 2.5, 3.0), "tip"),
        ("shift", (-1, 0, 1), (3.0, 2.5, 2.0), "tip"),
    ],
)
def test_no_sweep_is_to_be_extended_where_nothing_lies_outside(
    parameter, values, qualities, severity
):
    methods = [
        method(f"m{value}", quality, variant_of="m", varied={parameter: value})
        for value, quality in zip(values, qualities, strict=True)
    ]
    assert check("R10", *methods).severity == severity


@pytest.mark.parametrize(
    ("optimizer", "decay", "varied", "severity"),
    [
        ("sgd", 0.05, {}, "tip"),
        ("adam", 0.05, {}, "tip"),
        ("sgd", 0.0005, {}, "passed"),
        ("adamw", 0.05, {}, "passed"),
        ("sgd", 0.05, {"network.weight_decay": 0.05}, "passed"),
    ],
)
def test_weight_decay_of_adamw_with_another_optimizer(optimizer, decay, varied, severity):
    section = {"optimizer": optimizer, "weight_decay": decay}
    found = check("R18", method(parameters={"network": section}, varied=varied))
    assert found.severity == severity
    if severity == "tip":
        assert found.sentences == [f"a: weight_decay is 0.05 with the optimizer {optimizer}."]
        assert "0.0005" in found.remedy
    assert check("R18", method(parameters={"svm": {"C": 1.0}})).severity == "not applicable"


@pytest.mark.parametrize(
    ("recipe", "section"),
    [("tinynet", "network"), ("fine_tuned", "training"), ("transferred", "source_network")],
)
def test_networks_of_recipes_are_found_by_the_names_of_their_parameters(recipe, section):
    parameters = known_recipes()[recipe].checked({section: {"optimizer": "sgd"}}, recipe)
    assert check("R18", method(parameters=parameters)).severity == "tip"
