"""A project folder as a user has it."""

import shutil
from pathlib import Path

import pytest

from tests.pipeline.project import FILE, Project, write_images

TOY = Path(__file__).with_name("toy_recipes.py")


def laid_out(root: Path) -> Project:
    write_images(root / "images")
    shutil.copy(TOY, root / "toy_recipes.py")
    made = Project(root)
    made.file.write_text(FILE)
    return made


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Nothing made yet."""
    return laid_out(tmp_path)


@pytest.fixture(scope="session")
def _made_once(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = laid_out(tmp_path_factory.mktemp("made") / "project")
    project.make()
    return project


@pytest.fixture
def made(tmp_path: Path, _made_once: Project) -> Project:
    """Everything made, and moved to another place: a store is a folder that can be copied."""
    shutil.copytree(_made_once.root, tmp_path / "project")
    return Project(tmp_path / "project")
