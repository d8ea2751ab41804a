import tracemalloc
from types import SimpleNamespace

import numpy as np
import pytest

from strata.pipeline.store.artifact import Artifact, PickledValueError, write_artifact

ODD = {
    "of no dimension": np.array(3.5),
    "empty": np.zeros((0, 4), np.float32),
    "Fortran order": np.asfortranarray(np.arange(12.0).reshape(3, 4)),
    "reversed": np.arange(20)[::-3],
    "repeated": np.broadcast_to(np.arange(3), (4, 3)),
    "texts": np.array(["a", "bcdé"]),
    "booleans": np.array([True, False]),
    "big-endian": np.arange(5, dtype=">i4"),
    "dates": np.array(["2020-01-01"], "M8[D]"),
    "records": np.array([(1, [2, 3])], [("a", "i4"), ("b", "f4", (2,))]),
    "objects": np.array([1, "a", None], object),
    "records of objects": np.array([(1, "x")], [("a", "i4"), ("b", object)]),
    "some megabytes": np.arange(3_000_001, dtype=np.uint8),
}


@pytest.mark.parametrize("name", ODD)
def test_arrays_of_all_kinds_come_back(tmp_path, name):
    write_artifact({"array": ODD[name]}, tmp_path)
    found = Artifact(tmp_path, unpickle="objects" in name)["array"]
    assert (found.dtype, found.shape) == (ODD[name].dtype, ODD[name].shape)
    np.testing.assert_array_equal(found, ODD[name])


def test_an_estimator_is_not_copied_as_a_whole_when_it_is_written(tmp_path):
    fitted = SimpleNamespace(parts=[np.full(1_000_000, float(i)) for i in range(5)])
    tracemalloc.start()
    write_artifact({"fitted": fitted}, tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6  # of the 40 MB that it takes
    found = Artifact(tmp_path, unpickle=True)["fitted"]
    np.testing.assert_array_equal(found.parts, fitted.parts)


def test_a_pickle_is_opened_on_request_only(tmp_path):
    write_artifact({"fitted": {1, 2}, "number": 3}, tmp_path)
    found = Artifact(tmp_path)
    assert set(found) == {"fitted", "number"}
    assert "fitted" in found
    assert found["number"] == 3
    with pytest.raises(PickledValueError, match="Pickles can run code"):
        _ = found["fitted"]
    assert Artifact(tmp_path, unpickle=True)["fitted"] == {1, 2}
