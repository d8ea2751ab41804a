from hypothesis import given
from hypothesis import strategies as st

from strata.models.training.batches import batch_bounds


@given(st.integers(1, 500), st.integers(2, 70))
def test_batches_cover_all_rows_and_none_has_a_single_one(n, batch):
    bounds = batch_bounds(n, batch)
    sizes = [rows.stop - rows.start for rows in bounds]
    assert [i for rows in bounds for i in range(rows.start, rows.stop)] == list(range(n))
    assert max(sizes) <= batch + 1
    assert min(sizes) >= min(n, 2)
    assert max(sizes) - min(sizes) <= 1
