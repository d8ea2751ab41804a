from typing import get_args

import numpy as np
import pytest

from strata.errors import InputError
from strata.features.transforms import kernels
from strata.features.transforms.kernel_approximation import (
    SPECTRA,
    AdditiveKernel,
    AdditiveKernelMap,
)

EXACT = {"intersection": kernels.intersection, "chi2": kernels.chi2}


def test_the_kernels_named_are_those_that_have_a_spectrum():
    assert set(get_args(AdditiveKernel)) == set(SPECTRA)


def histograms():
    X = np.random.default_rng(0).gamma(0.5, size=(40, 60))
    X[X < 0.05] = 0
    return X / X.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("kernel", EXACT)
def test_more_samples_of_the_spectrum_approximate_the_kernel_better(kernel):
    X = histograms()
    exact = EXACT[kernel](X)
    errors = []
    for order, period in ((1, 0.6), (8, 0.4), (60, 0.1)):
        mapped = AdditiveKernelMap(kernel, order, period).fit_transform(X)
        assert mapped.shape == (40, 60 * (2 * order + 1))
        errors.append(np.abs(mapped @ mapped.T - exact).max())
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 0.06


def test_single_precision_and_zeros_stay():
    X = histograms().astype(np.float32)
    mapped = AdditiveKernelMap().fit_transform(X)
    assert mapped.dtype == np.float32
    np.testing.assert_array_equal(mapped.reshape(40, 3, 60).any(axis=1), X > 0)


def test_errors():
    with pytest.raises(InputError, match="'intersection'"):
        AdditiveKernelMap("intersecton").fit(histograms())
    for wrong in ({"order": -1}, {"period": 0.0}):
        with pytest.raises(InputError, match="an order from 0 on"):
            AdditiveKernelMap(**wrong).fit(histograms())
    with pytest.raises(ValueError, match="Negative"):
        AdditiveKernelMap().fit(-histograms())
