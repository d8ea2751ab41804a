"""Make docs/api.md: the public names of the library, with the first line of each docstring.

python docs/make_api.py

Names come from the stubs of the packages (`strata/__init__.pyi`, `strata/features/__init__.pyi` and
their kin), texts from the sources; nothing is imported.
"""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("", "features", "models", "reports", "scenes")
PAGE = ROOT / "docs" / "api.md"


def api() -> str:
    """The page."""
    lines = [
        "# Public names",
        "",
        "Made by `python docs/make_api.py`. Import them from the package, for example",
        "`from strata.features import DenseSIFT`; each is loaded when it is first asked for.",
        "Comparing, auditing and loading models: [python.md](python.md). Estimators follow",
        "scikit-learn; their arguments: [parameters.md](parameters.md).",
        "",
    ]
    for package in PACKAGES:
        folder = ROOT / "strata" / package
        lines += [f"## strata{package and '.'}{package}", ""]
        lines += [first_line(folder / "__init__.py", ""), ""]
        lines += ["| name | module | description |", "|---|---|---|"]
        for node in ast.parse((folder / "__init__.pyi").read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom) and node.module:
                file = folder.joinpath(*node.module.split(".")).with_suffix(".py")
                for alias in node.names:
                    text = first_line(file, alias.name).replace("|", "\\|")
                    lines.append(f"| `{alias.name}` | `{node.module}` | {text} |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def first_line(file: Path, name: str) -> str:
    """First line of the docstring of a module ("") or of a name in it; "" for constants."""
    module = ast.parse(file.read_text(encoding="utf-8"))
    found: ast.AST | None = module if not name else None
    for node in module.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            found = node
    if not isinstance(found, ast.Module | ast.FunctionDef | ast.ClassDef):
        return ""
    return (ast.get_docstring(found) or "").partition("\n")[0]


if __name__ == "__main__":
    PAGE.write_text(api(), encoding="utf-8")
