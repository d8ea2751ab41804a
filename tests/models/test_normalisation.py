import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from strata.models.normalisation import BatchNorm, BatchRenorm, LocalResponseWithin


def maps(seed, *, scale=1.0, shift=0.0, shape=(6, 3, 5, 4)):
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(shape, generator=generator) + shift


def warmed(layer, batches=300):
    layer.train()
    for seed in range(batches):
        layer(maps(seed, scale=2.0, shift=1.0))
    return layer


@given(st.integers(0, 99), st.floats(0.1, 5), st.floats(-3, 3))
@settings(max_examples=20, deadline=None)
def test_the_first_batch_is_renormalised_as_batch_norm_does(seed, scale, shift):
    x = maps(seed, scale=scale, shift=shift)
    np.testing.assert_allclose(
        BatchRenorm(3)(x).detach(), BatchNorm(3)(x).detach(), atol=2e-4, rtol=1e-3
    )


def test_training_comes_to_see_what_prediction_sees():
    layer = warmed(BatchRenorm(3, warm_up=100))
    x = maps(1000, scale=2.0, shift=1.0)
    trained = layer(x).detach()
    np.testing.assert_allclose(trained, layer.eval()(x).detach(), atol=0.15)
    plain = warmed(BatchNorm(3))
    apart = (plain(x) - plain.eval()(x)).abs().max()
    assert (trained - layer(x)).abs().max() < 0.7 * apart


def test_the_correction_is_clipped():
    layer = warmed(BatchRenorm(3, warm_up=100))
    far = layer(maps(1000, shift=1000.0)).detach()
    assert far.abs().max() < BatchRenorm.D_LIMIT + 5 * BatchRenorm.R_LIMIT


def test_activations_of_mixed_precision_are_renormalised_by_float32_statistics():
    x = maps(0, scale=2.0, shift=1.0)
    half, whole = BatchRenorm(3), BatchRenorm(3)
    y = half(x.bfloat16())
    np.testing.assert_allclose(y.detach().float(), whole(x).detach(), atol=0.05)
    torch.testing.assert_close(half.mean, whole.mean, atol=0.005, rtol=0)
    assert half.deviation.dtype == torch.float32


def test_the_corrections_are_constants_for_the_gradient():
    layer = warmed(BatchRenorm(3, warm_up=10))
    x = maps(1000).requires_grad_()
    layer(x).sum().backward()
    np.testing.assert_allclose(x.grad, 0, atol=1e-5)  # as through batch norm: the sum is fixed


def test_responses_within_a_channel_by_hand():
    x = maps(0, scale=40.0, shape=(2, 3, 9, 9))
    y = LocalResponseWithin()(x)
    window = x[1, 2, 2:7, 3:8]
    expected = x[1, 2, 4, 5] / (1 + 1e-4 * window.square().mean()) ** 0.75
    torch.testing.assert_close(y[1, 2, 4, 5], expected)
