import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata.reports.statistics.learning_speed import fold_speed, learning_speed


def history(accuracies):
    return [
        {"epoch": e + 1} if a is None else {"epoch": e + 1, "validation_accuracy": a}
        for e, a in enumerate(accuracies)
    ]


def test_start_slope_and_asymptote_of_a_line():
    accuracies = (0.2 + 0.01 * np.arange(40)).tolist()
    speed = learning_speed([history(accuracies)] * 3)
    assert (speed.first, speed.last) == (1, 40)
    assert speed.start == pytest.approx(0.2)
    assert speed.slope == pytest.approx(0.01)
    assert speed.asymptote == pytest.approx(np.mean(accuracies[36:]))  # the last tenth: 4 epochs


def test_folds_are_averaged_each_with_its_own_end():
    early, late = history([0.2, 0.4, 0.6]), history([0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
    speed = learning_speed([early, late])
    assert speed.start == pytest.approx(0.1)
    assert speed.slope == pytest.approx(0.2)
    assert speed.asymptote == pytest.approx(0.8)  # of 0.6 and 1.0
    assert speed.last == 6


def test_epochs_that_were_not_measured_are_passed_over():
    speed = learning_speed([history([None, 0.4, None, 0.6, None, None, 0.9])])
    assert (speed.first, speed.last) == (2, 7)
    assert speed.slope == pytest.approx((0.6 - 0.4) / 2)  # epoch 4 is nearest to epoch 5
    assert learning_speed([history([None, None])]) is None
    assert learning_speed([[{"loss": 1.0}]]) is None


def test_one_measurement_has_no_slope():
    speed = learning_speed([history([0.5])])
    assert (speed.start, speed.asymptote) == (0.5, 0.5)
    assert np.isnan(speed.slope)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=60), st.floats(0, 0.5))
def test_a_higher_curve_has_a_higher_start_and_asymptote_and_the_same_slope(values, gain):
    epochs, low = np.arange(1, len(values) + 1), np.array(values)
    one, other = fold_speed(epochs, low), fold_speed(epochs, low + gain)
    assert other.start - one.start == pytest.approx(gain)
    assert other.asymptote - one.asymptote == pytest.approx(gain)
    assert other.slope == pytest.approx(one.slope)
