"""The names that descriptions are checked by are those of the modules that are built."""

import pytest

from strata.models import blocks, builder, initialisation, names, normalisation


@pytest.mark.parametrize(
    ("known", "built"),
    [
        (names.ACTIVATIONS, blocks.ACTIVATIONS),
        (names.POOLS, blocks.POOLS),
        (names.NORMALISATIONS, normalisation.NORMALISATIONS),
        (names.HEAD_NORMALISATIONS, builder.HEAD_NORMALISATIONS),
        (names.INITIALISATIONS, {*initialisation._SCHEMES, names.LSUV}),
    ],
)
def test_every_name_is_built_and_every_module_has_its_name(known, built):
    assert sorted(known) == sorted(built)
