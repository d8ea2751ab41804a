"""Examples in the docstrings of public names run, and give what they say."""

import doctest
import inspect
from importlib import import_module

import pytest

FRONTS = ["strata", "strata.features", "strata.models", "strata.reports", "strata.scenes"]
#: Public names with an example at least.
SHOWN = {
    "strata": ["audit", "compare"],
    "strata.features": [
        "BagOfWords",
        "ColorStatistics",
        "DenseSIFT",
        "DiagonalGaussianMixture",
        "FisherVectors",
        "GIST",
        "KMeansCodebook",
        "LDA",
        "VLAD",
        "VisualWords",
        "pyramid",
    ],
    "strata.models": [
        "CalibratedLogistic",
        "HiddenFeatures",
        "KernelSVM",
        "LinearSVM",
        "NetworkClassifier",
        "resize_images",
    ],
    "strata.reports": ["Comparison"],
    "strata.scenes": ["draw", "write_scenes"],
}


def examples(front):
    """Tests in the docstrings of a package's public names, methods included, by name."""
    finder, found = doctest.DocTestFinder(exclude_empty=True), {}
    package = import_module(front)
    for name in package.__all__:
        value = getattr(package, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            tests = [test for test in finder.find(value, name, globs={}) if test.examples]
            found |= {test.name: test for test in tests}
    return found


@pytest.mark.parametrize("front", FRONTS)
def test_examples_give_what_they_say(front, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # of what they write
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    found = examples(front)
    assert set(SHOWN[front]) <= {name.partition(".")[0] for name in found}
    told = []
    for test in found.values():
        runner.run(test, out=told.append)
    assert not runner.summarize(verbose=False).failed, "".join(told)
