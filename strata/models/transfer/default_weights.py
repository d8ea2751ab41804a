"""Identity of torchvision's default weights, read from its sources: importing it takes seconds.

Keys of what is computed with them must change when an upgrade of torchvision changes a default.
"""

import ast
import importlib.util
import re
from functools import cache
from pathlib import Path


@cache
def default_weights(backbone: str) -> str:
    """Enum member and file of a network's default weights, "" where there are none.

    For example "Inception_V3_Weights.IMAGENET1K_V1 inception_v3_google-0cc3c7bd.pth"; the name of a
    file ends with the beginning of its sha256.

    Args:
        backbone: torchvision's name of a classification network.
    """
    spec = importlib.util.find_spec("torchvision")
    if spec is None or spec.origin is None:
        return ""
    builder = re.compile(rf"^def {re.escape(backbone)}\(", re.MULTILINE)
    for file in sorted((Path(spec.origin).parent / "models").glob("*.py")):
        text = file.read_text(encoding="utf-8")
        if builder.search(text):
            return _default(ast.parse(text), backbone)
    return ""


def _default(module: ast.Module, backbone: str) -> str:
    """The member DEFAULT of the enum that annotates the argument `weights` of a builder."""
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
        if isinstance(default, ast.Name) and isinstance(members.get(default.id), ast.Call):
            return f"{enum.name}.{default.id} {_file(members[default.id])}"
    return ""


def _file(member: ast.expr) -> str:
    """Last part of the URL among the arguments of `Weights(...)`."""
    texts = (n.value for n in ast.walk(member) if isinstance(n, ast.Constant))
    urls = [text for text in texts if isinstance(text, str) and text.endswith(".pth")]
    return urls[0].rpartition("/")[2] if urls else ""
