"""Provenance of an artifact, for its manifest: stage, parameters, inputs, code, versions."""

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from strata._compiled import KERNELS
from strata.pipeline.graph.inputs import File, ImageShard, Subset
from strata.pipeline.graph.stage import Node, Sharded

#: Packages whose code results may depend on.
PACKAGES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "scikit-image",
    "opencv-contrib-python",
    "pillow",
    "numba",
    "mahotas",
    "torch",
    "torchvision",
)


def describe_node(node: Node) -> dict[str, Any]:
    """Provenance of a node as plain JSON values (`strata why` compares it)."""
    return {
        "stage": node.stage.name,
        "context": node.context,
        "title": node.title,
        "parameters": node.parameters,
        "inputs": [_described(i) for i in node.inputs],
        "code": node.code,
    }


def _described(given: Any) -> dict[str, Any]:
    if isinstance(given, Node):
        return {"stage": given.stage.name, "key": given.key, **_of_view(given)}
    if isinstance(given, Sharded):
        keys = [n.key for n in given.nodes]
        return {"stage": given.stage.name, "keys": keys, **_of_view(given.nodes[0])}
    if isinstance(given, ImageShard):
        return {"images": len(given), "shard": given.prefix, "key": given.key}
    if isinstance(given, Subset):
        return {"images": len(given), "key": given.key}
    if isinstance(given, File):
        return {"file": given.path.name if given.path else given.digest, "key": given.key}
    return {"parts": [_described(part) for part in given]}


def _of_view(node: Node) -> dict[str, Any]:
    """Parameters and inputs of a view, which has no manifest of its own."""
    if not node.is_view:
        return {}
    return {"parameters": node.parameters, "inputs": [_described(i) for i in node.inputs]}


@cache
def versions() -> dict[str, str]:
    """Versions of Python and of the packages that results may depend on."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found if KERNELS == "numba" else {**found, "kernels": KERNELS}
