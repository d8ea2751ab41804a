import pytest


@pytest.fixture(autouse=True)
def one_torch_thread(request):
    """Tests of networks compute as the pipeline's workers do: on one thread."""
    import sys

    if "torch" not in sys.modules:
        yield
        return
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
