"""Local descriptors in a few arrays and back."""

import numpy as np
import pytest

from strata.features.descriptors.dense_sift import DenseSIFT, mirror_order
from strata.features.descriptors.local_descriptors import LocalDescriptors
from strata.features.descriptors.quantize import dequantize, quantize
from strata.pipeline.graph.sharded_arrays import Shards
from strata.pipeline.stages.serialize import of_shard, of_subset, serialize_float16, serialize_uint8

RNG = np.random.default_rng(0)


def described(counts, negative):
    for n in counts:
        rows = RNG.normal(size=(n, 12)) if negative else RNG.random((n, 12))
        rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
        yield LocalDescriptors(rows, np.float32(RNG.random((n, 2))), np.float32(RNG.random(n)))


@pytest.mark.parametrize(
    ("packed", "negative"), [(serialize_uint8, False), (serialize_float16, True)]
)
def test_what_was_packed_comes_out_again(packed, negative):
    images = list(described([3, 0, 5], negative))
    found = of_shard(packed(images))
    assert len(found) == 3
    for image, back in zip(images, found, strict=True):
        exact = image.descriptors if negative else dequantize(quantize(image.descriptors))
        assert np.allclose(back.descriptors, exact, atol=1e-3)
        assert np.array_equal(back.positions, image.positions)
        assert np.array_equal(back.scales, image.scales)


def test_the_mirrored_image_follows():
    pixels = RNG.integers(0, 256, (41, 41), dtype=np.uint8)
    describer = DenseSIFT(step=1, bin_sizes=(4,), contrast_threshold=0)
    local = {**serialize_uint8([describer.describe(pixels)]), "mirror": mirror_order()}
    found = of_shard(local)[0]
    turned = describer.describe(np.ascontiguousarray(pixels[:, ::-1]))
    n = len(turned.descriptors)
    assert len(found.descriptors) == len(found.positions) == len(found.scales) == 2 * n

    def sorted_by_place(positions, rows):
        order = np.lexsort(np.round(positions.T, 4))
        return rows[order]

    ours = sorted_by_place(found.positions[n:], found.descriptors[n:])
    theirs = sorted_by_place(turned.positions, turned.descriptors)
    assert np.abs(ours - theirs).max() < 4e-3
    drawn = of_subset(Shards([["a"]], lambda _: local), ("a",))[0].descriptors
    rows = np.array([0, n - 1, n, 2 * n - 1])
    assert np.array_equal(drawn[rows], found.descriptors[rows])
    assert len(drawn) == 2 * n


def test_an_image_too_small_for_descriptors_has_no_mirrored_ones_either():
    local = {**serialize_uint8(described([3, 0], negative=False)), "mirror": np.arange(12)[::-1]}
    local["descriptors"].flags.writeable = False  # as it comes from the store
    found = of_shard(local)
    assert [len(image.descriptors) for image in found] == [6, 0]
