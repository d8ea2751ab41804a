import numpy as np
import pytest
import torch

from strata.errors import InputError
from strata.models.transfer.finetuning.pooling import Embedding


@pytest.fixture
def outputs():
    generator = torch.Generator().manual_seed(0)
    return (
        torch.randn(4, 3, 5, 7, generator=generator),  # maps
        torch.randn(4, 6, 2, generator=generator),  # tokens
        torch.randn(4, 9, generator=generator),  # vectors
    )


def naive(outputs):
    rows = []
    for maps, tokens, vectors in zip(*(o.numpy() for o in outputs), strict=True):
        found = []
        for v in (maps.mean((1, 2)), tokens.mean(0), vectors):
            unit = v / np.sqrt(np.sum(v**2))
            found += list(np.sign(unit) * np.sqrt(np.abs(unit)))
        rows.append(found)
    return np.array(rows)


def test_pooled_vectors_are_concatenated(outputs):
    maps, tokens, vectors = outputs
    found = Embedding([3, 2, 9], "pooled")(outputs)
    expected = torch.cat([maps.mean((2, 3)), tokens.mean(1), vectors], 1)
    torch.testing.assert_close(found, expected)


def test_power_normalized_vectors_are_roots_of_unit_vectors(outputs):
    found = Embedding([3, 2, 9], "power_norm")(outputs)
    np.testing.assert_allclose(found, naive(outputs), atol=2e-3)


def test_embeddings_are_centered_once_the_training_images_are_known(outputs):
    embedding = Embedding([3, 2, 9], "power_norm")
    centered = embedding.fit_center(embedding(outputs))
    torch.testing.assert_close(centered, embedding(outputs))
    assert centered.mean(0).abs().max() < 1e-6
    restored = Embedding([3, 2, 9], "power_norm")
    restored.load_state_dict(embedding.state_dict())
    torch.testing.assert_close(restored(outputs), centered)


def test_pooled_vectors_stay_as_they_are(outputs):
    embedding = Embedding([3, 2, 9], "pooled")
    before = embedding(outputs)
    assert embedding.fit_center(before) is before
    assert not embedding.state_dict()


def test_roots_have_finite_gradients_at_zero():
    embedding = Embedding([2, 2], "power_norm")
    given = torch.tensor([[0.0, 1.0]], requires_grad=True), torch.zeros(1, 2, requires_grad=True)
    embedding(given).sum().backward()
    assert all(torch.isfinite(x.grad).all() for x in given)


def test_unknown_forms_are_refused():
    with pytest.raises(InputError, match="'pooled' or 'power_norm': 'squared'"):
        Embedding([3], "squared")
