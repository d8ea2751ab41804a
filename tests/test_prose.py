"""Prose of the sources: how docstrings begin, and American spelling in names and texts."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import strata

ROOT = Path(strata.__file__).parent
#: Holds the old names of keys.
OLD_NAMES = "pipeline/parameters/renamed_keys.py"
MODULES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py"))

#: First words of sentences that describe around a thing in place of naming it.
RIDDLES = {"What", "Which", "Where", "How", "Whether", "Who", "Why", "When"}

BRITISH = re.compile(
    "colour|normalis|optimis(?!t|m)|initialis|centre|neighbour|grey|labelled|standardis|recognis"
    "|behaviour|favour",
    re.IGNORECASE,
)

#: Texts that keep their spelling: titles of sources as they are printed, names of standards.
EXCEPTIONS = re.compile("aria-labelledby|Neighbourhood Components Analysis")

Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
#: A place, "line NUMBER", and what stands there.
Finding = tuple[str, str]


def riddles(tree: ast.Module) -> Iterator[Finding]:
    """Docstrings whose first word is a question word."""
    for node in ast.walk(tree):
        if isinstance(node, Documented):
            text = ast.get_docstring(node) or ""
            first = re.match(r"\w*", text)
            if first and first[0] in RIDDLES:
                yield f"line {getattr(node, 'lineno', 1)}", text.partition("\n")[0]


def british(tree: ast.Module) -> Iterator[Finding]:
    """British spelling in identifiers and strings, docstrings among them."""
    for node in ast.walk(tree):
        for text in texts(node):
            found = BRITISH.search(EXCEPTIONS.sub("", text))
            if found:
                line = text.count("\n", 0, found.start()) + getattr(node, "lineno", 1)
                yield f"line {line}", found[0]


def texts(node: ast.AST) -> Iterator[str]:
    """The identifiers and strings that a node holds itself, not in its children."""
    for _, value in ast.iter_fields(node):
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, str):
                yield item


def sentences(findings: Iterator[Finding]) -> list[str]:
    return [f"{place}: {text}" for place, text in findings]


@pytest.mark.parametrize("module", MODULES)
def test_docstrings_name_the_thing_or_command_the_action(module):
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    assert not sentences(riddles(tree))


@pytest.mark.parametrize("module", [m for m in MODULES if m != OLD_NAMES])
def test_spelling_is_american(module):
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    assert not sentences(british(tree))


SOURCE = '''
"""How things are."""

class Colours:
    """Whether they are many."""

    def normalise(self, *, neighbours=1):
        """Which of them is the nearest."""
        return f"{self} behaviour" + "a grey" + self.centre + "aria-labelledby"

    def whichever(self):
        """Whichever comes first, it is no riddle."""
'''


def test_riddles_and_british_words_are_found_wherever_they_stand():
    tree = ast.parse(SOURCE)
    assert sentences(riddles(tree)) == [
        "line 1: How things are.",
        "line 4: Whether they are many.",
        "line 7: Which of them is the nearest.",
    ]
    assert {text for _, text in british(tree)} == {
        "Colour",
        "normalis",
        "neighbour",
        "behaviour",
        "grey",
        "centre",
    }
