"""Replacement of a pretrained network's activation functions."""

import copy
from typing import Literal

import torch
from torch import fx, nn
from torch.nn import functional

from strata.errors import InputError
from strata.models.architectures.registry import ACTIVATIONS

#: "own": those of the network; others are names of `registry.ACTIVATIONS`.
ActivationName = Literal[
    "own", "relu", "leaky-relu", "elu", "selu", "gelu", "silu", "tanh", "sigmoid"
]

#: Activations of torchvision's networks; the sigmoids of squeeze-and-excitation are gates.
_MODULES = (nn.ReLU, nn.ReLU6, nn.Hardswish, nn.SiLU, nn.GELU)
_FUNCTIONS = (
    functional.relu,
    functional.relu_,
    torch.relu,
    torch.relu_,
    functional.relu6,
    functional.hardswish,
    functional.silu,
    functional.gelu,
)


def replace_activations(subgraph: fx.GraphModule, name: ActivationName) -> None:
    """Replace every activation function of a subgraph, in place, whatever it is.

    Args:
        subgraph: as `subgraph.extract_subgraph` makes it; its modules are not changed.
        name: of the new activation; "own" changes nothing.

    Raises:
        InputError: no such activation; the subgraph has none to be replaced.
    """
    if name == "own":
        return
    if name not in ACTIVATIONS or name == "none":
        raise InputError(f"activation must be 'own' or an activation: {name!r}.")
    found = [node for node in subgraph.graph.nodes if _is_activation(subgraph, node)]
    if not _replace_inner(subgraph, name) and not found:
        raise InputError(
            f"The trained part has no activation that '{name}' could replace.",
            'Set an earlier freeze_until, or activation = "own".',
        )
    for number, node in enumerate(found):
        module = ACTIVATIONS[name]()
        if hasattr(module, "inplace"):
            module.inplace = False  # type: ignore[assignment]  # the caller may keep the input
        added = f"activation{number}"
        subgraph.add_submodule(added, module)
        with subgraph.graph.inserting_before(node):
            new = subgraph.graph.call_module(added, (node.args[0],))
        new.meta = dict(node.meta)  # its place and its layout, by which Grad-CAM finds maps
        node.replace_all_uses_with(new)
        subgraph.graph.erase_node(node)
    subgraph.delete_all_unused_submodules()
    subgraph.recompile()


def _replace_inner(subgraph: fx.GraphModule, name: ActivationName) -> int:
    """Replace activations inside of single modules, as timm's batch normalizations have them.

    Returns:
        number of modules that have some.
    """
    count = 0
    for target in {str(n.target) for n in subgraph.graph.nodes if n.op == "call_module"}:
        module = subgraph.get_submodule(target)
        inner = [key for key, child in module.named_children() if isinstance(child, _MODULES)]
        if inner:
            changed = copy.copy(module)  # with the same weights
            changed._modules = {**module._modules, **{key: ACTIVATIONS[name]() for key in inner}}
            subgraph.set_submodule(target, changed)
            count += 1
    return count


def _is_activation(subgraph: fx.GraphModule, node: fx.Node) -> bool:
    if node.op == "call_module":
        return isinstance(subgraph.get_submodule(str(node.target)), _MODULES)
    if node.op == "call_method":
        return node.target in ("relu", "relu_")
    return node.op == "call_function" and node.target in _FUNCTIONS
