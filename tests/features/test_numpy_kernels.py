"""STRATA_KERNELS=numpy: the NumPy version of each kernel, and a process without numba."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strata._compiled import KERNELS
from strata.features.codebooks import assignment, kmeans
from strata.features.codebooks.gaussian_mixture import DiagonalGaussianMixture
from strata.features.descriptors import quantize
from strata.features.encodings import vlad
from strata.features.transforms import kernels

both = pytest.mark.skipif(
    KERNELS == "numpy", reason="compares with the compiled kernels, and STRATA_KERNELS is numpy"
)
sizes = st.tuples(st.integers(1, 700), st.integers(1, 70), st.integers(1, 40), st.integers(0, 99))


def draw(n, k, d, seed):
    rng = np.random.default_rng(seed)
    X = rng.gamma(0.5, size=(n, d)).astype(np.float32)
    return X, X[rng.integers(n, size=k)] + 0.01 * rng.random((k, d), np.float32)


@both
@given(sizes)
@settings(max_examples=25, deadline=None)
def test_nearest_words(size):
    X, words = draw(*size)
    compiled, plain = assignment.nearest_words(X, words), assignment._label_numpy(X, words)
    near, reference = (
        assignment.squared_distances(X, words, labels) for labels in (compiled, plain)
    )
    np.testing.assert_allclose(near, reference, rtol=1e-5, atol=1e-9)
    assert (compiled == plain).mean() > 0.99  # all but ties


@both
@given(sizes)
@settings(max_examples=25, deadline=None)
def test_sums_by_label(size):
    X, words = draw(*size)
    labels = np.random.default_rng(0).integers(len(words), size=len(X))
    sums, residuals = np.zeros((4, *words.shape)).reshape(2, 2, *words.shape)
    kmeans._add_rows(X, labels, sums[0])
    kmeans._add_rows_numpy(X, labels, sums[1])
    vlad._add_residuals(X, words, labels, residuals[0])
    vlad._add_residuals_numpy(X, words, labels, residuals[1])
    np.testing.assert_allclose(sums[0], sums[1], rtol=1e-12)
    np.testing.assert_allclose(residuals[0], residuals[1], rtol=1e-12, atol=1e-12)


@both
@pytest.mark.parametrize(("k", "d"), [(1, 3), (40, 8), (33, 80)])
def test_posterior_sums(k, d):
    X = np.random.default_rng(k).normal(size=(3000, d)).astype(np.float32)
    mixture = DiagonalGaussianMixture(k, max_iter=3).fit(X)
    compiled = mixture.statistics(X)
    total, log_likelihood = mixture._posterior_sums_numpy(X)
    np.testing.assert_allclose(compiled.mass, total[:, -1], rtol=1e-4)
    np.testing.assert_allclose(compiled.first, total[:, :d], rtol=1e-4, atol=0.05)
    np.testing.assert_allclose(compiled.second, total[:, d : 2 * d], rtol=1e-4, atol=0.05)
    assert compiled.log_likelihood == pytest.approx(log_likelihood, rel=1e-6)


@both
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_additive_kernels(dtype, monkeypatch):
    monkeypatch.setattr(kernels, "_ELEMENTS", 900)
    X = draw(60, 1, 50, 0)[0].astype(dtype)
    X[X < 0.1] = 0
    for kernel, terms in ((kernels.intersection, np.minimum), (kernels.chi2, kernels._chi2_terms)):
        for Y in (X, X[:20].copy()):
            plain = kernels._additive_numpy(terms, X, Y)
            assert plain.dtype == dtype
            np.testing.assert_allclose(kernel(X, Y), plain, rtol=1e-5, atol=1e-12)


@both
@pytest.mark.parametrize("entry", [0.3, 7.0, np.inf, -0.0, -0.1, -1e-40, np.nan])
def test_quantization(entry):
    floats = np.append(np.random.default_rng(0).random(999, np.float32), np.float32(entry))
    found = np.zeros((2, 1000), np.uint8)
    good = [
        quantize_(floats, floats.view(np.uint32), steps)
        for quantize_, steps in zip(
            (quantize._to_steps, quantize._to_steps_numpy), found, strict=True
        )
    ]
    assert good[0] == good[1]
    if good[0]:
        np.testing.assert_array_equal(*found)


WITHOUT_NUMBA = """
import sys
sys.modules["numba"] = sys.modules["llvmlite"] = None
import numpy as np
from strata.features import (
    VLAD, BagOfWords, DenseSIFT, FisherVectors, VisualWords, chi2, dequantize, intersection,
    quantize,
)
import strata.models.classifiers.dual_coordinate_descent

rng = np.random.default_rng(0)
images = list(rng.integers(0, 256, (4, 48, 60, 3), dtype=np.uint8))
local = DenseSIFT().transform(images)
for image in local:
    assert np.abs(dequantize(quantize(image.descriptors)) - image.descriptors).max() < 1
histograms = BagOfWords(VisualWords(9, max_iter=5)).fit_transform(local)
assert np.allclose(intersection(histograms).diagonal(), 1, atol=1e-5)
assert np.allclose(chi2(histograms).diagonal(), 1, atol=1e-5)
for encoder in (FisherVectors(4, 16, max_iter=3), VLAD(4, max_iter=5)):
    assert np.allclose(np.linalg.norm(encoder.fit_transform(local), axis=1), 1, atol=1e-4)
assert not [name for name in sys.modules if name.split(".")[0] == "numba" and sys.modules[name]]
print("done")
"""


def run(code, kernels):
    environment = {**os.environ, "STRATA_KERNELS": kernels}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )


def test_numba_is_not_needed():
    done = run(WITHOUT_NUMBA, "numpy")
    assert done.stdout == "done\n", done.stderr


def test_another_value_is_refused_with_the_two():
    done = run("import strata._compiled", "nunpy")
    assert done.returncode
    message = done.stderr.strip().splitlines()[-2:]
    assert "STRATA_KERNELS is 'nunpy'" in message[0]
    assert "'numba'" in message[0]
    assert "'numpy'" in message[0]
