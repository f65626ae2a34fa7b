"""
The examples and notebooks that come with the package.
"""

import json
import shutil
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

FOLDER = "share/pyNN_fastsim/examples"  # where an installation has them
ENDINGS = (".py", ".ipynb")  # pip compiles them, too
SOURCES = Path(__file__).parent.parent / "examples"


def _files():
    """The path of each example by its name without ending."""
    paths = [*SOURCES.glob("*.py"), *SOURCES.glob("notebooks/*.ipynb")]
    if not paths:
        with suppress(PackageNotFoundError):
            installed = files("pyNN_fastsim") or ()
            ours = [file for file in installed if FOLDER in file.as_posix() and file.suffix in ENDINGS]
            paths = [Path(str(file.locate())) for file in ours]
    return {path.stem: path for path in sorted(paths, key=lambda path: (path.suffix != ".py", path.name))}


def list_examples():
    """A line for each: its name, and what it is about."""
    known = _files()
    width = max(map(len, known), default=0)
    return [f"{name:{width}}  {_subject(path)}" for name, path in known.items()]


def _subject(path):
    """The first line that says something; of a notebook, its title."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        text = "".join(json.loads(text)["cells"][0]["source"]).lstrip("# ")
    lines = text.strip().strip('"').splitlines()
    return next((line.strip() for line in lines if line.strip()), "")


def copy_examples(names, folder):
    """Copy examples of these names, or 'all', to a folder; returns the new paths.

    Raises ValueError for a name that there is not, FileExistsError rather than overwrite a file.
    """
    known = _files()
    wanted = (
        list(known) if "all" in names else [name.removesuffix(".py").removesuffix(".ipynb") for name in names]
    )
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise ValueError(f"there is no example {unknown[0]}: {', '.join(known)}")
    targets = [Path(folder) / known[name].name for name in wanted]
    for target in targets:
        if target.exists():
            raise FileExistsError(f"{target} is there already")
    for name, target in zip(wanted, targets, strict=True):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(known[name], target)
    return targets
