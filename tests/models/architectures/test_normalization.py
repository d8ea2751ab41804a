import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from strata.models.architectures.builder import build
from strata.models.architectures.normalization import (
    BatchNorm,
    BatchRenorm,
)
from strata.models.architectures.registry import NORMALIZATIONS, WITHOUT_SHIFT


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
def test_the_first_batch_is_renormalized_as_batch_norm_does(seed, scale, shift):
    x = maps(seed, scale=scale, shift=shift)
    np.testing.assert_allclose(
        BatchRenorm(3)(x).detach(), BatchNorm(3)(x).detach(), atol=2e-4, rtol=1e-3
    )


def test_training_and_inference_statistics_converge():
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


def test_activations_of_mixed_precision_are_renormalized_by_float32_statistics():
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


@given(st.integers(0, 99), st.floats(0.2, 3), st.floats(-3, 3))
@settings(max_examples=20, deadline=None)
def test_renormalization_and_its_gradient_are_those_of_the_paper(seed, scale, shift):
    layer = warmed(BatchRenorm(3, warm_up=200), batches=100)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([0.5, 1.0, 2.0]))
        layer.bias.copy_(torch.tensor([0.0, -1.0, 3.0]))
    moving_mean, moving_deviation = layer.mean.clone(), layer.deviation.clone()
    x, y = (maps(seed, scale=scale, shift=shift).requires_grad_() for _ in range(2))
    toward = maps(seed + 1)
    mean = y.mean((0, 2, 3))
    deviation = (y.var((0, 2, 3), unbiased=False) + BatchRenorm.EPSILON).sqrt()
    r = (deviation / moving_deviation).clamp(1 / 2, 2).detach()  # half of the way to 3
    d = ((mean - moving_mean) / moving_deviation).clamp(-2.5, 2.5).detach()
    right = (y - mean[:, None, None]) / deviation[:, None, None]
    right = right * r[:, None, None] + d[:, None, None]
    right = right * layer.weight[:, None, None] + layer.bias[:, None, None]
    (by_weight,) = torch.autograd.grad((right * toward).sum(), layer.weight, retain_graph=True)
    (right * toward).sum().backward()
    layer.zero_grad()
    found = layer(x)
    (found * toward).sum().backward()
    torch.testing.assert_close(found, right, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(x.grad, y.grad, atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(layer.weight.grad, by_weight, atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(layer.mean, moving_mean.lerp(mean, 0.1).detach())


def naive_response(x, name, n=5, k=2.0, alpha=1e-4, beta=0.75):
    """Krizhevsky et al. 2012, section 3.3, one activation after another."""
    half, out = n // 2, np.empty_like(x)
    for i, c, y, z in np.ndindex(*x.shape):
        if name == "local-response":
            near = x[i, max(0, c - half) : c + half + 1, y, z]
        else:
            near = x[i, c, max(0, y - half) : y + half + 1, max(0, z - half) : z + half + 1]
        out[i, c, y, z] = x[i, c, y, z] / (k + alpha * (near**2).sum()) ** beta
    return out


@pytest.mark.parametrize("name", ["local-response", "local-response-within"])
@pytest.mark.parametrize(
    "options", [{}, {"n": 3, "k": 1.0, "alpha": 0.5, "beta": 0.5}, {"k": 0.5, "alpha": 1.0}]
)
@pytest.mark.parametrize("channels", [2, 9])
def test_responses_are_those_of_a_naive_loop_at_activations_of_ordinary_size(
    name, options, channels
):
    x = maps(0, shape=(2, channels, 7, 6))
    found = NORMALIZATIONS[name](channels, **options)(x).numpy()
    expected = naive_response(x.double().numpy(), name, **options)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert np.abs(found - x.numpy()).max() > 0.5  # none of these leaves the activations alone


def test_responses_across_channels_and_their_gradient_are_those_of_torch():
    x, y = (maps(0, scale=2.0, shape=(3, 8, 4, 5)).requires_grad_() for _ in range(2))
    ours = NORMALIZATIONS["local-response"](8, n=5, k=1.0, alpha=0.2)(x)
    theirs = torch.nn.LocalResponseNorm(5, alpha=1.0, k=1.0)(y)  # its mean over 5 is our sum
    torch.testing.assert_close(ours, theirs)
    for found in (ours, theirs):
        found.square().sum().backward()
    torch.testing.assert_close(x.grad, y.grad)


@pytest.mark.parametrize("name", sorted(NORMALIZATIONS))
def test_convolutions_keep_their_biases_before_a_normalization_that_has_no_shift(name):
    layer = NORMALIZATIONS[name](4)
    shifts = "bias" in dict(layer.named_parameters())
    assert shifts == (name not in WITHOUT_SHIFT)
    description = {"blocks": [{"filters": 4, "residual": True}], "normalization": name}
    for convolution in ("full", "depthwise"):
        network = build({**description, "convolution": convolution}, image_size=8, num_classes=2)
        convolutions = [m for m in network.modules() if isinstance(m, torch.nn.Conv2d)]
        assert all((m.bias is None) == shifts for m in convolutions)


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_groups_are_normalized_by_their_own_mean_and_variance(groups):
    x = maps(0, scale=3.0, shift=1.0, shape=(2, 8, 4, 5))
    found = NORMALIZATIONS["group"](8, groups=groups)(x).detach()
    grouped = x.reshape(2, groups, -1)
    mean, variance = grouped.mean(2, keepdim=True), grouped.var(2, keepdim=True, unbiased=False)
    expected = ((grouped - mean) / (variance + 1e-5).sqrt()).view_as(x)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
