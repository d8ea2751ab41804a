import copy

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from strata.errors import InputError
from strata.models.estimators.fine_tuned_classifier import FineTunedClassifier
from strata.models.transfer import backbones
from strata.models.transfer.finetuning.boundary import (
    Restore,
    boundary_activations,
    boundary_shape,
    keep,
    kept_shape,
)
from strata.models.transfer.frozen_backbone import FrozenBackbone

sizes = st.integers(1, 5)
shapes = st.one_of(
    st.tuples(sizes),  # vectors
    st.tuples(sizes, sizes),  # tokens
    st.tuples(sizes, sizes).map(lambda s: (s[0], s[1], s[1])),  # maps
)


@given(shapes)
def test_kept_activations_are_restored(shape):
    outputs = torch.rand(3, *shape)
    rows = keep(outputs)
    assert rows.shape == (3, *kept_shape(shape))
    assert torch.equal(Restore(shape)(rows.permute(0, 3, 1, 2)), outputs)


def test_outputs_of_other_kinds_are_refused():
    with pytest.raises(InputError, match="no map, tokens or vector"):
        boundary_shape("shufflenet_v2_x0_5", "stage2.0.view", 64)


def test_swin_is_fine_tuned_from_its_blocks(monkeypatch):
    """The scores of the whole network, from kept activations; its last blocks learn."""
    torch.manual_seed(0)
    whole = backbones.skeleton("swin_t")
    monkeypatch.setattr(backbones, "skeleton", lambda *_: copy.deepcopy(whole))  # saves seconds
    state = whole.state_dict()
    images = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), np.uint8)
    frozen = FrozenBackbone("swin_t", ["features.6"], state, 64)
    (rows,) = boundary_activations(frozen, [images], torch.device("cpu"))
    assert rows.shape == (4, 2, 2, 768)
    model = FineTunedClassifier(
        "swin_t",
        freeze_until="features.6",
        output_node="flatten",
        image_size=64,
        weights=state,
        head_epochs=1,
        epochs=1,
    ).fit(rows[:, None], [0, 1, 0, 1])
    (expected,) = FrozenBackbone("swin_t", ["flatten"], state, 64).run(images, torch.device("cpu"))
    assert model.layers_[-1]["output"] == [2]
    assert not np.array_equal(
        model.weights_["blocks.0.features.7.1.mlp.0.weight"],
        state["features.7.1.mlp.0.weight"].numpy(),
    )
    module = FineTunedClassifier._module(model, backbones.build("swin_t", state), 2).eval()
    with torch.no_grad():
        found = module.embed(torch.from_numpy(rows).permute(0, 3, 1, 2))
    torch.testing.assert_close(found, expected.float(), rtol=2e-2, atol=2e-2)
