"""Names of a network's layers, with the modules of their activations and their parameters."""

import re
from collections.abc import Iterator

from torch import nn

from strata.models.architectures.blocks import BranchingBlock, ConvolutionBlock
from strata.models.architectures.builder import Network

#: Blocks that end with an activation: all but pooling alone.
_WITH_ACTIVATION = (ConvolutionBlock, BranchingBlock)
#: A block's place: its number, then numbers of branches and of blocks in them.
_BLOCK = re.compile(r"\d+(\.branches\.\d+\.\d+)*")


def activation_modules(network: Network) -> dict[str, nn.Module]:
    """The modules whose outputs are activations, by layer name, in the order of computation.

    Names: "block1", "block2", ... (their last activation, before pooling and dropout; "block3.1"
    is the first branch of the third block, its last convolution), then "hidden1", "hidden2", ... of
    the head. Pooling alone has none.
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
    found = {name: parameters for name, parameters in found.items() if parameters}
    linear = [module for module in network.head if isinstance(module, nn.Linear)]
    for number, module in enumerate(linear[:-1], start=1):
        found[f"hidden{number}"] = list(module.parameters())
    return found | {"scores": list(linear[-1].parameters())}


def block_name(place: str) -> str:
    """Name of the block that holds a layer, from the layer's place among a network's blocks.

    "2.layers.0.0" is in "block3"; "2.branches.0.1.layers.0.0" in "block3.1.2", the second block of
    the first branch of the third block.
    """
    numbers = _BLOCK.match(place)
    assert numbers is not None
    return "block" + ".".join(str(int(n) + 1) for n in re.findall(r"\d+", numbers[0]))


def head_layer_name(network: Network, place: int) -> str:
    """Name of a layer of the head: "hidden1", ..., "scores", with what follows a linear layer."""
    linear = [i for i, module in enumerate(network.head) if isinstance(module, nn.Linear)]
    if place >= linear[-1]:
        return "scores"
    return f"hidden{sum(i <= place for i in linear)}"


def _of_blocks(blocks: nn.Sequential) -> Iterator[tuple[str, nn.Module]]:
    for number, block in enumerate(blocks, start=1):
        yield from _of_block(f"block{number}", block)


def _of_block(name: str, block: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    if isinstance(block, ConvolutionBlock):
        yield name, block.activation
    elif isinstance(block, BranchingBlock):
        for number, branch in enumerate(block.branches, start=1):
            active = [m for m in branch.children() if isinstance(m, _WITH_ACTIVATION)]
            for last in active[-1:]:
                yield from _of_block(f"{name}.{number}", last)
