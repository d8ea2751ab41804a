"""A pretrained network small enough to run."""

import pytest
import torch

from strata.models.transfer import backbones
from strata.pipeline.stages.pretrained import pretrained, weights_file

NAME = "squeezenet1_1"


@pytest.fixture(scope="session")
def network(tmp_path_factory):
    """Made-up weights in a file, and what the first stage makes of them."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "net.pth"
    torch.save({k: v.half() for k, v in backbones.skeleton(NAME).state_dict().items()}, path)
    return path, pretrained.function(weights_file(NAME, str(path)), backbone=NAME)
