from tests.reports import synthetic
from tests.reports.checks.asking import check, method


def test_a_loss_that_blew_up():
    losses = [{"loss": 1.0}, {"loss": float("nan")}]
    assert check("R07", method(histories=[losses])).severity == "issue"
    assert check("R07", method(histories=[[{"loss": 0.01}] * 30])).severity == "passed"
    assert check("R07", method()).severity == "not applicable"


def test_dead_units_by_layer_and_fraction():
    def ending(share: float) -> list[dict]:
        return [{"loss": 1.0, "dead_units/block1": 0.9}, {"loss": 0.5, "dead_units/block1": share}]

    assert check("R13", method(histories=[ending(0.1)])).severity == "passed"
    found = check("R13", method(histories=[ending(0.4), ending(0.3)]))
    assert (found.severity, found.sentences[0][:21]) == ("tip", "a: 35 % of the units ")
    assert check("R13", method(histories=[ending(0.8)])).severity == "issue"
    assert check("R13", method()).severity == "not applicable"


def test_networks_with_one_seed():
    histories = [[{"loss": 0.01}] * 30]
    assert check("R11", method(histories=histories)).severity == "tip"
    repeated = method(cv=synthetic.scores(repeats=3), histories=histories)
    assert check("R11", repeated).severity == "passed"
