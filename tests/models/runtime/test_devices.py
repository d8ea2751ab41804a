"""Memory that runs out on a device is a sentence."""

import pytest
import torch

from strata.errors import StrataError
from strata.models.runtime.devices import memory_needed


def test_memory_that_torch_cannot_have_is_a_sentence():
    with pytest.raises(StrataError, match="memory") as caught, memory_needed("Lower batch_size."):
        torch.empty(2**60, dtype=torch.uint8)
    assert "Lower batch_size." in str(caught.value)


@pytest.mark.parametrize("kind", [torch.OutOfMemoryError, RuntimeError])
def test_memory_of_an_accelerator_that_runs_out_is_a_sentence(kind):
    with pytest.raises(StrataError, match="memory"), memory_needed("Lower batch_size."):
        raise kind("CUDA out of memory. Tried to allocate 20.00 GiB.")


def test_other_errors_stay_what_they_are():
    with pytest.raises(RuntimeError, match="shapes"), memory_needed("Lower batch_size."):
        raise RuntimeError("shapes do not match")
