"""The scripts of examples/ as modules, for tests of what is in them."""

import importlib.util
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "examples"


def loaded(name):
    """The module of an example, by its name without ending."""
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
