"""Blocks of a network by the names of its parameters, for layer-wise learning-rate decay."""

import re

from torch import fx, nn
from torch.nn import Parameter

#: Up to the first number: "layer4", "Mixed_7a", "blocks.3", "features.12", "encoder_layer_3".
_STAGE = re.compile(r"([^\d]*\d[^.]*)\.(.+)")
#: A block inside of a stage: "blocks.5" of "stages.2.blocks.5", "1" of "layer4.1".
_INNER = re.compile(r"((?:blocks\.|layers\.)?\d+)\.(.+)")
_LEAF = ("weight", "bias")


def block_parameters(subgraph: fx.GraphModule) -> list[list[Parameter]]:
    """The parameters of each block of a subgraph, in the order of computation.

    A block is what is repeated, whatever the library calls it: "blocks.3" of a vision transformer,
    "stages.2.blocks.5", "layers.2.blocks.1", "layer4.1"; in networks without stages of such blocks,
    what the first number in a name counts: "Mixed_7a", "features.12". Parameters before the first
    block (patches, positions, class token, a stem) are a block of their own, as in BEiT (Bao et
    al., ICLR 2022), but for those of its own stage; between two blocks (downsampling) they belong
    to the later one; after the last (final normalization, pooling) to the last, which learns as
    fast as the head.
    """
    named = _named_parameters(subgraph)
    blocks = {name: _inner_block(name) for name in named}
    if not any(blocks.values()):
        blocks = {name: _stage_block(name) for name in named}
    groups: list[tuple[str, list[Parameter]]] = []
    waiting: list[str] = []
    for name in named:
        block = blocks[name]
        if not block:
            waiting.append(name)
            continue
        if not groups or groups[-1][0] != block:
            own = [n for n in waiting if groups or _stage(n) == _stage(name)]
            if stem := [named[n] for n in waiting if n not in own]:
                groups.append(("", stem))
            groups.append((block, [named[n] for n in own]))
        else:
            groups[-1][1].extend(named[n] for n in waiting)
        groups[-1][1].append(named[name])
        waiting = []
    if groups:
        groups[-1][1].extend(named[n] for n in waiting)
    elif waiting:
        groups.append(("", [named[n] for n in waiting]))
    return [parameters for _, parameters in groups]


def _named_parameters(subgraph: fx.GraphModule) -> dict[str, Parameter]:
    """Parameters by name in the order in which they are first used."""
    names = {parameter: name for name, parameter in subgraph.named_parameters()}
    found: dict[str, Parameter] = {}
    for node in subgraph.graph.nodes:
        target = str(node.target)
        if node.op == "call_module":
            used = list(subgraph.get_submodule(target).parameters())
        elif node.op == "get_attr":
            path, _, attribute = target.rpartition(".")
            owner: nn.Module = subgraph.get_submodule(path)
            used = [p for n, p in owner.named_parameters() if attribute in n.split(".")]
        else:
            continue
        found |= {names[p]: p for p in used if names[p] not in found}
    return found


def _stage(name: str) -> str:
    found = _STAGE.match(name)
    return found[1] if found else ""


def _stage_block(name: str) -> str:
    """The stage, if it is no single layer with a number in its name ("bn1", "mlp.fc2")."""
    found = _STAGE.match(name)
    if not found:
        return ""
    numbered = found[1].rpartition(".")[2].isdigit()
    return found[1] if numbered or found[2] not in _LEAF else ""


def _inner_block(name: str) -> str:
    """The block inside of a stage; "" of a stage's own layers."""
    stage = _STAGE.match(name)
    inner = _INNER.match(stage[2]) if stage else None
    if not stage or not inner or inner[2] in _LEAF:
        return ""
    return f"{stage[1]}.{inner[1]}"
