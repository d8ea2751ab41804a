import pytest

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
