"""Work on batches: one image that fails is named, and the others have their results."""

import numpy as np

from strata.errors import InputError
from strata.pipeline.prediction.batch import ImageBatch
from strata.pipeline.prediction.one_by_one import Failed, each_image

IMAGES = ImageBatch.of([np.full((2, 2, 3), value, np.uint8) for value in (1, 2, 3)])


def test_a_batch_that_succeeds_is_one_piece_of_work():
    sizes = []

    def work(batch):
        sizes.append(len(batch))
        return [int(image.max()) for image in batch]

    assert list(each_image(work, IMAGES)) == [1, 2, 3]
    assert sizes == [3]


def test_the_image_that_fails_has_the_reason_in_one_line():
    def work(batch):
        if any(image.max() == 2 for image in batch):
            raise InputError("No\nplace.", "Look elsewhere.")
        return [int(image.max()) for image in batch]

    first, failed, last = each_image(work, IMAGES)
    assert (first, last) == (1, 3)
    assert failed == Failed("No place. Look elsewhere.")


def test_unexpected_errors_are_told_by_name():
    def work(batch):
        raise IndexError("out of bounds")

    reasons = {found.reason for found in each_image(work, IMAGES)}
    assert reasons == {"cannot be classified (IndexError: out of bounds)"}
