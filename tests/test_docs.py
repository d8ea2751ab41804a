"""Documents say what the program does: names, links, experiment files, commands."""

import ast
import re
import runpy
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer

import strata
from strata.pipeline.cli.app import app
from strata.pipeline.experiment.file import read_experiment
from strata.pipeline.experiment.resolve import resolve
from strata.pipeline.recipes.reference import reference
from strata.pipeline.recipes.registry import known_recipes

ROOT = Path(__file__).parents[1]
PACKAGE = Path(strata.__file__).parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXTS = {page.name: page.read_text(encoding="utf-8") for page in PAGES}


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.M | re.S)


def test_the_reference_of_parameters_is_up_to_date():
    """`strata list --parameters > docs/parameters.md` makes it."""
    assert TEXTS["parameters.md"] == reference(known_recipes())


def test_the_list_of_public_names_is_up_to_date():
    """`python docs/make_api.py` makes it."""
    made = runpy.run_path(str(ROOT / "docs" / "make_api.py"))["api"]()
    assert TEXTS["api.md"] == made


def defined(module: ast.AST, dotted: str) -> bool:
    """Whether a module's source defines a name, or a member of a class."""
    name, _, rest = dotted.partition(".")
    for node in ast.iter_child_nodes(module):
        targets = []
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            targets = [node.name]
        elif isinstance(node, ast.Assign):
            targets = [t.id for t in node.targets if isinstance(t, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            targets = [node.target.id]
        if name in targets:
            return not rest or defined(node, rest)
    return False


PLACES = [
    (page, path, name)
    for page, text in TEXTS.items()
    for path, name in re.findall(r"`(?:strata/)?([\w/]+\.py)(?::([\w.]+))?`", text)
]


@pytest.mark.parametrize(("page", "path", "name"), PLACES)
def test_every_file_and_function_named_is_there(page, path, name):
    found = [root / path for root in (PACKAGE, ROOT, ROOT / "strata") if (root / path).exists()]
    if "/" not in path:  # a module of the folder that is being talked of, or the reader's own
        return
    assert found, f"{page} names {path}"
    if name:
        assert defined(ast.parse(found[0].read_text(encoding="utf-8")), name), f"{path}:{name}"


NAMES = sorted({n for t in TEXTS.values() for n in re.findall(r"\bstrata(?:\.\w+)+", t)})


@pytest.mark.parametrize("name", [n for n in NAMES if n.split(".")[1] not in ("toml", "results")])
def test_every_dotted_name_is_there(name):
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        module = PACKAGE.parent.joinpath(*parts[:length])
        file = module / "__init__.py" if module.is_dir() else module.with_suffix(".py")
        if file.exists():
            rest = ".".join(parts[length:])
            stub = file.with_suffix(".pyi")
            exported = stub.exists() and re.search(rf" as {rest}$", stub.read_text(), flags=re.M)
            tree = ast.parse(file.read_text(encoding="utf-8"))
            assert not rest or exported or defined(tree, rest), name
            return
    raise AssertionError(name)


LINKS = [
    (page, link)
    for page, text in TEXTS.items()
    for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", text)
]


def anchors(text: str) -> set[str]:
    """Anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", text, flags=re.M)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


@pytest.mark.parametrize(("page", "link"), LINKS)
def test_links_lead_somewhere(page, link):
    folder = ROOT if page in ("README.md", "CONTRIBUTING.md") else ROOT / "docs"
    path, _, anchor = link.partition("#")
    target = folder / path if path else folder / page
    assert target.exists(), link
    if anchor:
        assert anchor in anchors(target.read_text(encoding="utf-8")), link


EXPERIMENTS = [
    (page, block)
    for page, text in TEXTS.items()
    for block in blocks(text, "toml")
    if "[methods." in block or block.startswith("[methods")
]


@pytest.mark.parametrize(("page", "block"), EXPERIMENTS)
def test_experiment_files_can_be_read(page, block, tmp_path):
    tables = tomllib.loads(block)
    text = block if "data" in tables else f'{block}\n[data]\nsource = "images"\n'
    text = "\n".join(line for line in text.splitlines() if not line.startswith("recipes ="))
    own = {n for n, t in tables["methods"].items() if t.get("recipe", n) not in known_recipes()}
    file = tmp_path / "strata.toml"
    file.write_text(text)
    if own:  # a recipe of the reader's, shown nearby
        assert page == "adding-a-method.md"
        return
    assert resolve(read_experiment(file, []))


COMMANDS = [
    (page, line.partition("#")[0].strip())
    for page, text in TEXTS.items()
    for block in [*blocks(text, "sh"), *re.findall(r"^ {4}strata .*$", text, flags=re.M)]
    for line in block.splitlines()
    if line.strip().startswith("strata ")
]


@pytest.mark.parametrize(("page", "line"), COMMANDS)
def test_commands_are_those_of_the_program(page, line):
    command = typer.main.get_command(app)
    words = shlex.split(line.partition(" > ")[0])[1:]
    context = typer.Context(command, info_name="strata")
    while hasattr(command, "commands"):
        name, command, words = command.resolve_command(context, words)
        context = typer.Context(command, info_name=name, parent=context)
    command.make_parser(context).parse_args(words)


def test_a_recipe_of_your_own_as_it_is_shown(tmp_path):
    """The first example of adding-a-method.md composes as it stands."""
    recipe, *_ = blocks(TEXTS["adding-a-method.md"], "python")
    (tmp_path / "my_recipes.py").write_text(recipe)
    (tmp_path / "strata.toml").write_text(
        f"{blocks(TEXTS['adding-a-method.md'], 'toml')[0]}\n[data]\nsource = 'images'\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "strata", "list"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "A plain bag of words" in done.stdout


def test_the_page_on_python_runs_as_it_stands(tmp_path, monkeypatch):
    """Its blocks, one after the other, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in blocks(TEXTS["python.md"], "python"):
        exec(compile(block, "docs/python.md", "exec"), names)
    assert (tmp_path / "report" / "report.html").exists()


ROWS = [
    [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))]
    for line in TEXTS["reliability.md"].splitlines()
    if line.startswith("| ") and "::" in line
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:60])
def test_every_fault_has_a_test(row):
    _, happens, lost, named = row
    path, name = named.strip("`").split("::")
    assert happens
    assert lost
    assert defined(ast.parse((ROOT / path).read_text(encoding="utf-8")), name)


SCOPE = [
    [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))]
    for line in TEXTS["scope.md"].splitlines()
    if line.startswith("| ") and "::" in line
]


@pytest.mark.parametrize("row", SCOPE, ids=lambda row: row[0][:60])
def test_every_item_of_the_scope_has_a_place_and_a_test(row):
    item, place, named = row
    path, name = named.strip("`").split("::")
    assert item
    assert place
    assert defined(ast.parse((ROOT / path).read_text(encoding="utf-8")), name)


def test_every_row_of_the_scope_names_a_test():
    rows = [line for line in TEXTS["scope.md"].splitlines() if line.startswith("| ")]
    assert len(SCOPE) == len([row for row in rows if not row.startswith("| item |")]) > 0
