import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata.errors import InputError
from strata.models.training.lr_schedules import END, SCHEDULES, START, WARM_UP, lr_schedule


@given(st.sampled_from(sorted(SCHEDULES)), st.floats(0, 1))
def test_learning_rates_stay_between_zero_and_the_maximum(name, progress):
    assert 0 <= lr_schedule(name)(progress) <= 1


@given(st.floats(0, 1), st.floats(0, 1))
def test_one_cycle_rises_then_falls(a, b):
    a, b = sorted((a, b))
    lr = lr_schedule("one-cycle")
    if b <= WARM_UP:
        assert lr(a) <= lr(b)
    elif a >= WARM_UP:
        assert lr(a) >= lr(b)


def test_ends_of_the_schedules():
    assert lr_schedule("one-cycle")(0) == pytest.approx(START)
    assert lr_schedule("one-cycle")(WARM_UP) == pytest.approx(1)
    assert lr_schedule("one-cycle")(1) == pytest.approx(END)
    assert lr_schedule("cosine")(0.5) == pytest.approx(0.5)
    assert [lr_schedule("step")(p) for p in (0.1, 0.5, 0.9)] == pytest.approx([1, 0.1, 0.01])


def test_unknown_schedules_are_answered_with_the_nearest():
    with pytest.raises(InputError, match="one-cycel") as caught:
        lr_schedule("one-cycel")
    assert "'one-cycle'" in str(caught.value)
