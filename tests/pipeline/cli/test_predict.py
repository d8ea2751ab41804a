"""Hints of `strata predict` that can be followed."""


def test_hints_repeat_the_options_that_were_given(made):
    image = "images/blue/000.png"
    here = ["-f", "strata.toml", "--set", "protocol.folds=4", "--store", ".strata"]
    refused = made.strata("predict", "plain", image, *here)
    assert refused.returncode == 2
    assert (
        "`strata make plain -f strata.toml --store .strata --set protocol.folds=4`"
        in refused.stderr
    )
    assert "The last report was made with no --set: give the same here." in refused.stderr
    made.make("plain", "--set", "protocol.folds=4")
    assert made.strata("predict", "plain", image, *here).returncode == 0
    made.make("--set", "protocol.folds=2")
    hint = made.strata("predict", "plain", image, "--set", "protocol.test=0.5").stderr
    assert "The last report was made with --set protocol.folds=2: give the same here." in hint
