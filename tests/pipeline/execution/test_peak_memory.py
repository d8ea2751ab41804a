"""Errors for lack of memory, as each library tells them."""

import cv2
import numpy as np
import pytest
import torch

from strata.pipeline.execution.peak_memory import is_out_of_memory


def error_of(allocate):
    with pytest.raises((MemoryError, RuntimeError)) as caught:
        allocate()
    return caught.value


def test_lack_of_memory_is_recognized_in_every_library():
    assert is_out_of_memory(error_of(lambda: np.empty(10**16, np.uint8)))
    assert is_out_of_memory(error_of(lambda: torch.empty(10**16, dtype=torch.uint8)))
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB."))
    assert is_out_of_memory(cv2.error("(-4:Insufficient memory) Failed to allocate 9 bytes"))


def test_other_errors_are_not_taken_for_it():
    assert not is_out_of_memory(error_of(lambda: torch.ones(2) @ torch.ones(3)))
    assert not is_out_of_memory(ValueError("out of memory"))
    assert not is_out_of_memory(cv2.error("(-215:Assertion failed) !_src.empty()"))
