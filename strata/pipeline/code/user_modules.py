"""Import of a user's own file of recipes, or of a module of the package."""

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from strata.errors import InputError
from strata.pipeline.code.code_digest import PACKAGE, register


def import_from(module: str, path: Path) -> ModuleType:
    """Module of a name, imported from the file if it is not part of the package."""
    if module.partition(".")[0] == PACKAGE:
        return importlib.import_module(module)
    if module not in sys.modules:
        register(module, path)
        spec = importlib.util.spec_from_file_location(module, path)
        if spec is None or spec.loader is None:
            raise InputError(f"{path} is not a Python file.")
        loaded = importlib.util.module_from_spec(spec)
        sys.modules[module] = loaded
        try:
            spec.loader.exec_module(loaded)
        except Exception as error:
            del sys.modules[module]
            raise InputError(
                f"{path} cannot be imported: {type(error).__name__}: {error}"
            ) from error
    return sys.modules[module]
