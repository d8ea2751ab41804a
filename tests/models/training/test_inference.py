import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from strata.models.architectures.builder import build
from strata.models.training.inference import predict, window_starts


@given(st.integers(1, 60), st.integers(0, 60), st.integers(2, 9))
def test_windows_reach_from_edge_to_edge_and_lie_evenly(window, rest, views):
    starts = window_starts(window + rest, window, views)
    assert (starts[0], starts[-1]) == (0, rest)
    assert len(starts) == min(views, rest + 1)
    if len(starts) > 1:
        steps = np.diff(starts)
        assert steps.min() >= 1
        assert steps.max() - steps.min() <= 1


@given(st.integers(1, 60), st.integers(0, 60))
def test_a_single_window_lies_in_the_middle(window, rest):
    (start,) = window_starts(window + rest, window, 1)
    assert 0 <= rest - 2 * start <= 1


def test_scores_are_the_mean_over_all_windows_and_their_mirror_images():
    network = build({"blocks": [{"filters": 4}]}, image_size=6, num_classes=3).eval()
    pixels = torch.randint(0, 256, (5, 10, 10, 3), dtype=torch.uint8)
    found = predict(network, pixels, window=6, views=2, flip=True, batch_size=2)
    views = [pixels[:, y : y + 6, x : x + 6] for y in (0, 4) for x in (0, 4)]
    views += [view.flip(2) for view in views]
    with torch.no_grad():
        expected = torch.stack([network(view.permute(0, 3, 1, 2)) for view in views]).mean(0)
    torch.testing.assert_close(found, expected)


def test_views_of_whole_images_are_shifted_crops():
    network = build({"blocks": [{"filters": 4}]}, image_size=10, num_classes=3).eval()
    pixels = torch.randint(0, 256, (3, 10, 10, 3), dtype=torch.uint8)
    found = predict(network, pixels, views=3)
    wide = np.pad(pixels.numpy(), ((0, 0), (1, 1), (1, 1), (0, 0)), mode="symmetric")
    views = [wide[:, y : y + 10, x : x + 10] for y in range(3) for x in range(3)]
    with torch.no_grad():
        scores = [network(torch.from_numpy(v.copy()).permute(0, 3, 1, 2)) for v in views]
    torch.testing.assert_close(found, torch.stack(scores).mean(0))
