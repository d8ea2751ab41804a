from collections.abc import Callable
from typing import Any

import numba
import pytest

from strata import _compiled


def double(number: int) -> int:
    return 2 * number


def test_compiles_into_a_cache() -> None:
    function = _compiled.compiled(double)
    assert function(21) == 42
    assert sum(function.stats.cache_hits.values()) + sum(function.stats.cache_misses.values()) == 1


def test_compiles_without_a_place_for_a_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    real = numba.njit

    def njit(*given: Callable, cache: bool = False, **options: Any) -> Any:
        if cache:
            raise RuntimeError("cannot cache function 'double': no locator available")
        return real(*given, **options)

    monkeypatch.setattr(numba, "njit", njit)
    function = _compiled.compiled(double)
    assert function(21) == 42
    assert not function.stats.cache_hits
