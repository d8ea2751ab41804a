"""Codebooks that are learned from too few different descriptors say so."""

import numpy as np
import pytest

from strata.features import LocalDescriptors
from strata.pipeline.graph.sharded_arrays import Shards
from strata.pipeline.stages.encodings import fisher_vectors, visual_words, vlad
from strata.pipeline.stages.serialize import serialize_float16
from tests.pipeline.stages.vectors import subset


def shards(different):
    """Six images of twenty descriptors, of which so many are different."""
    rows = np.tile(np.eye(8, dtype=np.float32)[:different], (20, 1))[:20]
    image = LocalDescriptors(rows, np.full((20, 2), 0.5, np.float32), np.ones(20, np.float32))
    return Shards([[str(i) for i in range(6)]], lambda number: serialize_float16([image] * 6))


@pytest.mark.parametrize(
    ("stage", "size"),
    [
        (visual_words, {"n_words": 6}),
        (vlad, {"n_words": 6}),
        (fisher_vectors, {"n_components": 6, "n_dims": 2, "position_weight": 0}),
    ],
)
@pytest.mark.parametrize(("different", "told"), [(4, 1), (7, 0)])
def test_words_left_over_are_told(stage, size, different, told, recwarn):
    train = subset(range(6), [0, 1] * 3)
    found = stage.run(shards(different), train, **size)
    assert len(found["warnings"]) == told
    assert all("4 of 6" in sentence for sentence in found["warnings"])
    assert not recwarn
