"""Default weights read from torchvision's sources are those that it has when imported."""

import subprocess
import sys

import pytest
from torchvision import models

from strata.models.transfer.default_weights import default_weights

NAMES = models.list_models(module=models)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_what_torchvision_says(name):
    default = models.get_model_weights(name).DEFAULT
    expected = f"{type(default).__name__}.{default.name} {default.url.rpartition('/')[2]}"
    assert default_weights(name) == expected


def test_no_network_has_none():
    assert default_weights("nothing_v9") == ""


def test_torch_is_not_imported_for_it():
    code = (
        "import sys; from strata.models.transfer.default_weights import default_weights as d;"
        "assert d('inception_v3').startswith('Inception_V3_Weights.');"
        "sys.exit(bool({'torch', 'torchvision'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
