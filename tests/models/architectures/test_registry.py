"""The names that descriptions are checked by are those of the modules that are built."""

import pytest

from strata.models.architectures import blocks, builder, initialization, normalization, registry


@pytest.mark.parametrize(
    ("known", "built"),
    [
        (registry.ACTIVATIONS, blocks.ACTIVATIONS),
        (registry.POOLS, blocks.POOLS),
        (registry.NORMALIZATIONS, normalization.NORMALIZATIONS),
        (registry.HEAD_NORMALIZATIONS, builder.HEAD_NORMALIZATIONS),
        (registry.INITIALIZATIONS, {*initialization._SCHEMES, registry.LSUV}),
    ],
)
def test_every_name_is_built_and_every_module_has_its_name(known, built):
    assert sorted(known) == sorted(built)
