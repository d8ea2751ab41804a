import pytest
from tests.reports.rules.asking import check, method


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
