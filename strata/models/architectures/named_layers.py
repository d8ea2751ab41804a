"""Names of a network's layers, with the modules of their activations and their parameters."""

from collections.abc import Iterator

from torch import nn

from strata.models.architectures.blocks import BranchingBlock, ConvolutionBlock
from strata.models.architectures.builder import Network


def activation_modules(network: Network) -> dict[str, nn.Module]:
    """The modules whose outputs are activations, by layer name, in the order of computation.

    Names: "block1", "block2", ... (their last activation, before pooling and dropout; "block3.1"
    is the first branch of the third block), then "hidden1", "hidden2", ... of the head.
    """
    found = dict(_of_blocks(network.blocks))
    linear = [i for i, module in enumerate(network.head) if isinstance(module, nn.Linear)]
    for number, place in enumerate(linear[:-1], start=1):
        found[f"hidden{number}"] = network.head[place + 1]
    return found


def layer_parameters(network: Network) -> dict[str, list[nn.Parameter]]:
    """The parameters of each block and of each linear layer of the head, by layer name.

    Names as in `activation_modules`; the last linear layer is "scores".
    """
    found = {f"block{i}": list(b.parameters()) for i, b in enumerate(network.blocks, start=1)}
    linear = [module for module in network.head if isinstance(module, nn.Linear)]
    for number, module in enumerate(linear[:-1], start=1):
        found[f"hidden{number}"] = list(module.parameters())
    return found | {"scores": list(linear[-1].parameters())}


def _of_blocks(blocks: nn.Sequential) -> Iterator[tuple[str, nn.Module]]:
    for number, block in enumerate(blocks, start=1):
        if isinstance(block, ConvolutionBlock):
            yield f"block{number}", block.activation
        elif isinstance(block, BranchingBlock):
            for i, branch in enumerate(block.branches, start=1):
                last = list(branch.children())[-1:]
                for module in last:
                    yield f"block{number}.{i}", module.get_submodule("activation")
