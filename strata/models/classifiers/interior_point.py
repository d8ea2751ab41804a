"""Linear SVMs by an interior point method, for many vectors of moderate length in memory.

Ferris and Munson, "Interior-point methods for massive support vector machines" (SIAM Journal on
Optimization 13, 2002), with Mehrotra's predictor and corrector (1992). Each iteration solves one
system of d equations; about twenty are enough, whatever the scale of the vectors and C, where
coordinate descent needs thousands of passes.
"""

from functools import partial
from typing import NamedTuple

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from strata._threads import in_threads

#: Length of vectors above which forming the system of equations takes longer than it is worth.
LONGEST = 1024

#: Rows whose products are summed at a time.
_ROWS = 1024

#: Share of the way to the nearest bound that a step takes at most.
_TO_THE_BOUND = 0.99


class InteriorPoint:
    """Solver of linear SVMs with hinge loss over the same vectors in memory, for several C.

    Classifiers are solved by as many threads as the process may use.

    Args:
        X: (n, d) float64, d at most about `LONGEST`.
        targets: (classifiers, n) of -1 and 1.
        tol: relative duality gap that ends a fit.
    """

    def __init__(self, X: np.ndarray, targets: np.ndarray, *, tol: float) -> None:
        self._X, self._targets, self._tol = X, targets, tol

    def solve(self, costs: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
        """Solve for (n,) costs; vectors of cost 0 are left out.

        Returns:
            weights (classifiers, d), intercepts and relative duality gaps (classifiers,) float64;
            iterations.
        """
        used = costs > 0
        X = self._X if used.all() else self._X[used]
        fit = partial(solve_interior_point, X, costs=costs[used], tol=self._tol)
        found = list(in_threads(fit, [target[used] for target in self._targets]))
        weights = np.stack([w for w, _, _ in found])
        gaps = np.array([gap for _, gap, _ in found])
        return weights[:, :-1], weights[:, -1], gaps, max(n for _, _, n in found)


class _Iterate(NamedTuple):
    """Point strictly inside all bounds, or a direction from one to the next."""

    w: np.ndarray  #: (d + 1,) weights, the constant feature's last
    margins: np.ndarray  #: (n,) targets * scores
    alpha: np.ndarray  #: (n,) dual variables in (0, cost)
    lower: np.ndarray  #: (n,) multipliers of alpha > 0
    upper: np.ndarray  #: (n,) multipliers of alpha < cost; the slacks of the hinge loss


@np.errstate(divide="ignore", invalid="ignore", over="ignore")  # the limit of double precision
def solve_interior_point(
    X: np.ndarray, targets: np.ndarray, costs: np.ndarray, *, tol: float, max_iter: int = 60
) -> tuple[np.ndarray, float, int]:
    """Minimize |w|^2 / 2 + sum of costs * hinge loss, the intercept regularized with the others.

    Args:
        X: (n, d) float64.
        targets: (n,) of -1 and 1.
        costs: (n,) positive cost of an error on each vector.
        tol: relative duality gap that ends the search.
        max_iter: iterations, at most.

    Returns:
        weights (d + 1,) float64, the intercept last; the relative duality gap; iterations.
    """
    problem = _Problem(X, targets)
    now = problem.start(costs)
    best, gap, done = now.w, np.inf, 0
    for done in range(max_iter + 1):
        theta = 1 / (now.lower / now.alpha + now.upper / (costs - now.alpha))
        combined = problem.combine(now.alpha)
        primal = now.w @ now.w / 2 + costs @ np.maximum(0, 1 - now.margins)
        found = (primal - now.alpha.sum() + combined @ combined / 2) / primal
        if found < gap:  # NaN is not
            best, gap = now.w, float(found)
        if gap <= tol or done == max_iter or not np.isfinite(theta).all():
            break
        try:
            factor = cho_factor(problem.hessian(theta), check_finite=False)
        except LinAlgError:
            break
        step = _direction(problem, factor, now, costs, theta, combined)
        if not all(np.isfinite(part).all() for part in step):
            break
        length = step_length(now, step, costs)
        now = _Iterate(*(old + length * new for old, new in zip(now, step, strict=True)))
    return best, gap, done


class _Problem:
    """Products with the vectors, signed by their targets and with a constant feature 1."""

    def __init__(self, X: np.ndarray, targets: np.ndarray) -> None:
        self._X, self._targets = X, targets

    def start(self, costs: np.ndarray) -> _Iterate:
        """Dual variables in the middle of their bounds, multipliers as large as the residuals."""
        alpha = costs / 2
        w = self.combine(alpha)
        margins = self.margins(w)
        room = np.abs(1 - margins).mean() + 1e-8
        lower, upper = np.maximum(margins - 1, 0) + room, np.maximum(1 - margins, 0) + room
        return _Iterate(w, margins, alpha, lower, upper)

    def margins(self, w: np.ndarray) -> np.ndarray:
        """targets * (X w + b), (n,)."""
        return self._targets * (self._X @ w[:-1] + w[-1])

    def combine(self, a: np.ndarray) -> np.ndarray:
        """Sum of the signed vectors, weighted by (n,) factors: (d + 1,)."""
        signed = a * self._targets
        return np.append(signed @ self._X, signed.sum())

    def hessian(self, theta: np.ndarray) -> np.ndarray:
        """I + X^T diag(theta) X, the constant feature included."""
        d = self._X.shape[1]
        found = np.eye(d + 1)
        for start in range(0, len(self._X), _ROWS):
            rows = slice(start, start + _ROWS)
            part = np.ones((len(self._X[rows]), d + 1))
            part[:, :-1] = self._X[rows]
            part *= np.sqrt(theta[rows, None])
            found += part.T @ part
        return found


def _direction(
    problem: _Problem,
    factor: tuple[np.ndarray, bool],
    now: _Iterate,
    costs: np.ndarray,
    theta: np.ndarray,
    combined: np.ndarray,
) -> _Iterate:
    """Mehrotra's direction: the predictor tells how far the corrector may aim."""

    def solve(lower_target: np.ndarray, upper_target: np.ndarray) -> _Iterate:
        """Newton direction towards lower * alpha and upper * (cost - alpha) of these values."""
        free = costs - now.alpha
        residual = 1 - now.margins + lower_target / now.alpha - upper_target / free
        w = cho_solve(
            factor, combined - now.w + problem.combine(theta * residual), check_finite=False
        )
        margins = problem.margins(w)
        alpha = theta * (residual - margins)
        return _Iterate(
            w,
            margins,
            alpha,
            (lower_target - now.lower * (now.alpha + alpha)) / now.alpha,
            (upper_target - now.upper * (free - alpha)) / free,
        )

    nothing = np.zeros_like(costs)
    predictor = solve(nothing, nothing)
    length = step_length(now, predictor, costs)
    there = _Iterate(*(old + length * new for old, new in zip(now, predictor, strict=True)))
    before, after = _complementarity(now, costs), _complementarity(there, costs)
    aim = (after / before) ** 3 * before
    return solve(
        aim - predictor.alpha * predictor.lower,
        aim + predictor.alpha * predictor.upper,
    )


def _complementarity(at: _Iterate, costs: np.ndarray) -> float:
    products = at.alpha @ at.lower + (costs - at.alpha) @ at.upper
    return max(float(products), 1e-300) / (2 * len(costs))


def step_length(now: _Iterate, step: _Iterate, costs: np.ndarray) -> float:
    """Largest step up to 1 that stays inside the bounds."""
    bounded = (
        (now.alpha, step.alpha),
        (costs - now.alpha, -step.alpha),
        (now.lower, step.lower),
        (now.upper, step.upper),
    )
    reach = [(-value[by < 0] / by[by < 0]).min(initial=np.inf) for value, by in bounded]
    return min(1.0, _TO_THE_BOUND * min(reach))
