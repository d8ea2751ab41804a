import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata.reports import formatting
from strata.reports.statistics.intervals import UNKNOWN, Interval


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(None, "–"), (0.0082, "8.20 ms"), (0.5, "500 ms"), (0.9996, "1.00 s"), (8.34, "8.34 s"),
     (25.91, "25.9 s"), (99.4, "99.4 s"), (99.6, "1 min 40 s"), (120, "2 min"),
     (3599.9, "1 h"), (12_000, "3 h 20 min")],
)  # fmt: skip
def test_duration(seconds, shown):
    assert formatting.duration(seconds) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "–"), (0, "0"), (812, "812"), (9402, "9\u202f402"), (49_306, "49.3 k"),
     (999_700, "1.00 M"), (23_600_000, "23.6 M"), (2e9, "2.00 G")],
)  # fmt: skip
def test_count(value, shown):
    assert formatting.count(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(None, "–"), (12, "12 B"), (420_300, "420 kB"), (94_100_000, "94.1 MB")]
)
def test_size(value, shown):
    assert formatting.size(value) == shown


@given(st.floats(0, 1e15))
def test_numbers_of_any_size_are_short(value):
    for show in (formatting.duration, formatting.count, formatting.size, formatting.milliseconds):
        assert "e" not in show(value)
        assert len(show(value)) < 22


def test_rates_and_their_intervals():
    assert formatting.percent(0.9364) == "93.6"
    assert formatting.percent(float("nan")) == "–"
    assert formatting.percent_range(Interval(0.9211, 0.95)) == "92.1–95.0"
    assert formatting.percent_range(UNKNOWN) == formatting.percent_range(None) == "–"
    assert formatting.points(-0.0021) == "−0.2"
    assert formatting.points(0.013) == "+1.3"
    assert formatting.points(-0.0) == formatting.points(0.0) == "+0.0"


@pytest.mark.parametrize(
    ("long", "short"),
    [
        ("20.0 s", "20 s"),
        ("1.00 MB", "1 MB"),
        ("2.50 M", "2.5 M"),
        ("100 k", "100 k"),
        ("10", "10"),
    ],
)
def test_brief_drops_zeros_behind_the_point_only(long, short):
    assert formatting.brief(long) == short


def test_listing():
    assert formatting.listing([]) == ""
    assert formatting.listing(["a"]) == "a"
    assert formatting.listing(["a", "b", "c"]) == "a, b and c"
    assert formatting.listing("abcdef", most=4) == "a, b, c and 3 more"


def test_parameters_are_flattened_and_written_as_in_the_file():
    nested = {"descriptor": {"bins": [4, 6], "root": True}, "C": 1.0, "none": {}}
    assert formatting.flat(nested) == {
        "descriptor.bins": [4, 6], "descriptor.root": True, "C": 1.0, "none": {},
    }  # fmt: skip
    assert formatting.parameter([4, 6]) == "4, 6"
    assert formatting.parameter(True) == "true"
    assert formatting.parameter(0.001) == "0.001"
    assert formatting.parameter(None) == "none"
    assert formatting.parameter("") == '""'
    blocks = [{"filters": 16, "residual": True}, [{"pool": "max"}], []]
    assert formatting.parameter(blocks) == (
        '[{ filters = 16, residual = true }, [{ pool = "max" }], []]'
    )


def test_p_values():
    assert formatting.p_value(0.0321) == "0.032"
    assert formatting.p_value(1e-9) == "< 0.001"
    assert formatting.p_value(None) == "–"


def test_an_axis_says_what_a_name_does_not():
    assert formatting.axis_name("train_per_class") == "training images per class"
    assert formatting.axis_name("codebook.words") == "codebook.words"


def test_long_names_are_cut_where_variants_are_alike():
    names = [f"words[words=64,C={c}]" for c in (0.1, 1.0, 10.0)]
    short = [formatting.shortened(name, 17) for name in names]
    assert len(set(short)) == 3
    assert all(len(name) == 17 for name in short)
    assert formatting.shortened("fisher", 17) == "fisher"


def test_the_headline_of_an_error_is_its_first_line_without_the_method():
    error = "resnet50, fold 1: pretrained: No weights.\n  Download them."
    assert formatting.headline(error, "resnet50") == "fold 1: pretrained: No weights."
    assert formatting.headline(error, "other") == "resnet50, fold 1: pretrained: No weights."
    assert formatting.headline("", "other") == ""
