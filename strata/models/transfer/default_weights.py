"""Identity of published weights, read from torchvision's sources: importing it takes seconds.

Keys of what is computed with them must change when an upgrade of torchvision changes a default.
"""

import ast
import importlib.metadata
import importlib.util
import re
from functools import cache
from pathlib import Path


@cache
def default_weights(backbone: str) -> str:
    """Identity of the weights that a name means, "" where there are none.

    Of torchvision's networks, enum member and file; of timm's, the name, which holds their tag, and
    without a tag timm's version too, as it chooses the default.

    For example "Inception_V3_Weights.IMAGENET1K_V1 inception_v3_google-0cc3c7bd.pth"; the name of a
    file ends with the beginning of its sha256.

    Args:
        backbone: name of a classification network.
    """
    if backbone.startswith("timm:"):
        return backbone if "." in backbone else f"{backbone} of timm {_version('timm')}"
    network, _, member = backbone.partition(":")
    spec = importlib.util.find_spec("torchvision")
    if spec is None or spec.origin is None:
        return ""
    builder = re.compile(rf"^def {re.escape(network)}\(", re.MULTILINE)
    for file in sorted((Path(spec.origin).parent / "models").glob("*.py")):
        text = file.read_text(encoding="utf-8")
        if builder.search(text):
            return _named(ast.parse(text), network, member)
    return ""


def _version(library: str) -> str:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _named(module: ast.Module, backbone: str, member: str) -> str:
    """A member, or DEFAULT, of the enum that annotates the argument `weights` of a builder."""
    builder = next(s for s in module.body if isinstance(s, ast.FunctionDef) and s.name == backbone)
    arguments = [*builder.args.args, *builder.args.kwonlyargs]
    annotations = [a.annotation for a in arguments if a.arg == "weights" and a.annotation]
    names = {n.id for a in annotations for n in ast.walk(a) if isinstance(n, ast.Name)}
    for enum in (s for s in module.body if isinstance(s, ast.ClassDef) and s.name in names):
        members = {
            target.id: member.value
            for member in enum.body
            if isinstance(member, ast.Assign)
            for target in member.targets
            if isinstance(target, ast.Name)
        }
        default = members.get("DEFAULT")
        chosen = member or (default.id if isinstance(default, ast.Name) else "")
        if isinstance(members.get(chosen), ast.Call):
            return f"{enum.name}.{chosen} {_file(members[chosen])}"
    return ""


def _file(member: ast.expr) -> str:
    """Last part of the URL among the arguments of `Weights(...)`."""
    texts = (n.value for n in ast.walk(member) if isinstance(n, ast.Constant))
    urls = [text for text in texts if isinstance(text, str) and text.endswith(".pth")]
    return urls[0].rpartition("/")[2] if urls else ""
