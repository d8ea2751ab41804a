"""Kernel expansions sum_i a_i k(x, x_i) + b, as sums over the components of one x.

Of an additive kernel, component j is f_j(x_j) = sum_i a_i k_j(x_j, x_ij), and nothing else has a
part in it. Other kernels mix components; w is then the mean gradient on the straight way from the
vector 0 to x, so that w . x is what the score gains on it (integrated gradients: Sundararajan, Taly
and Yan, "Axiomatic attribution for deep networks", ICML 2017).
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from strata.features.transforms import kernels
from strata.features.transforms.linear_score import LinearScore

_ROWS = 256  # support vectors whose kernel terms are held at a time

#: Terms of additive kernels, elementwise in x and y.
_TERMS: dict[Any, Callable[..., np.ndarray]] = {
    kernels.intersection: np.minimum,
    kernels.chi2: kernels._chi2_terms,
    kernels.hellinger: lambda x, y: np.sqrt(x * y),
    kernels.generalized_intersection: lambda x, y, alpha=0.5: np.minimum(
        np.abs(x) ** alpha, np.abs(y) ** alpha
    ),
}


def is_additive(kernel: Any) -> bool:
    """True for the additive kernels of `kernels`, with or without set parameters."""
    return _function(kernel) in _TERMS


def kernel_score(
    kernel: Any, coefficients: np.ndarray, support: np.ndarray, offset: float, x: np.ndarray
) -> LinearScore:
    """Score sum_i a_i k(x, x_i) + b as a sum over the components of x.

    Args:
        kernel: function of `kernels`; parameters, gamma among them, by `functools.partial`.
        coefficients: (m,) a.
        support: (m, d) x_i.
        offset: b.
        x: (d,).

    Raises:
        TypeError: another kernel.
    """
    function = _function(kernel)
    settings = kernel.keywords if isinstance(kernel, partial) else {}
    x = np.asarray(x, np.float64)
    if function in _TERMS:
        terms = partial(_TERMS[function], **settings)
        return _additive_score(terms, coefficients, support, offset, x)
    if function is kernels.rbf:
        return _rbf_score(settings["gamma"], coefficients, support, offset, x)
    if function in (kernels.polynomial, kernels.sigmoid, kernels.linear):
        return _dot_product_score(kernel, coefficients, support, offset, x)
    raise TypeError(f"Scores of the kernel {kernel} are not known by component.")


def _function(kernel: Any) -> Any:
    return kernel.func if isinstance(kernel, partial) else kernel


def _additive_score(
    terms: Callable[..., np.ndarray],
    coefficients: np.ndarray,
    support: np.ndarray,
    offset: float,
    x: np.ndarray,
) -> LinearScore:
    used = np.flatnonzero(x)  # f_j(0) = 0
    parts = np.zeros(len(x))
    for start in range(0, len(support), _ROWS):
        rows = np.asarray(support[start : start + _ROWS][:, used], np.float64)
        parts[used] += coefficients[start : start + _ROWS] @ terms(x[used], rows)
    return LinearScore.of_parts(parts, x, offset)


def _dot_product_score(
    kernel: Callable[..., np.ndarray],
    coefficients: np.ndarray,
    support: np.ndarray,
    offset: float,
    x: np.ndarray,
) -> LinearScore:
    """Score of a kernel g(x . y): the mean gradient of g is (g(x . y) - g(0)) / x . y."""
    support = np.asarray(support, np.float64)
    products = support @ x
    ends = kernel(np.stack([np.zeros_like(x), x]), support)
    slopes = np.divide(
        ends[1] - ends[0], products, out=np.zeros_like(products), where=products != 0
    )
    return LinearScore.of((coefficients * slopes) @ support, offset + ends[0] @ coefficients)


def _rbf_score(
    gamma: float, coefficients: np.ndarray, support: np.ndarray, offset: float, x: np.ndarray
) -> LinearScore:
    """Score of exp(-gamma |x - y|^2), whose gradients a Gauss-Legendre rule integrates.

    The rule has 32 points, and four times as many while it misses 1e-8 of the terms of the score.
    """
    support = np.asarray(support, np.float64)
    products, squares = support @ x, np.einsum("ij,ij->i", support, support)
    length = x @ x
    ends = [
        coefficients * np.exp(-gamma * (squares + t * length - 2 * t * products)) for t in (0, 1)
    ]
    for count in (32, 128, 512, 2048):
        points, shares = np.polynomial.legendre.leggauss(count)
        t = ((points + 1) / 2)[:, None]
        terms = coefficients * np.exp(-gamma * (t * t * length - 2 * t * products + squares))
        terms *= shares[:, None] / 2
        weights = -2 * gamma * ((t * terms).sum() * x - terms.sum(axis=0) @ support)
        missed = abs(weights @ x + ends[0].sum() - ends[1].sum())
        if missed <= 1e-8 * np.abs(ends).sum():
            break
    return LinearScore.of(weights, offset + ends[0].sum())
