"""
``python -m pyNN_fastsim script.py [arguments]`` runs a PyNN script, unedited, on this backend.

Whatever backend the script imports, by any of Python's ways to import, it gets this one; so does a
script that takes the backend's name from its command line. For everything else the script runs as under
``python script.py``. Only processes that it starts afresh, by ``subprocess`` or by the methods "spawn"
and "forkserver" of ``multiprocessing``, import what they name.
"""

import argparse
import importlib.util
import io
import os
import sys
import types

from . import foreign
from .aliases import install

# Backends that PyNN has or had, for which this package itself stands; `foreign` has those that need more.
# PyNN's other modules keep their meaning.
BACKENDS = {
    "arbor",
    "brian",
    "brian2",
    "fastsim",
    "mock",
    "moose",
    "nemo",
    "nest",
    "neuroml",
    "neuron",
    "pcsim",
}


def main(words, prog="fastsim"):
    """Run the script that the words of a command line name. Raises what it raises, after showing it."""
    script, arguments = parse_command_line(words, prog)
    prepare(script, arguments)
    path = os.path.abspath(script)
    try:
        run_as_main(path)
    except SystemExit:
        raise
    except BaseException as error:
        show(error, path)
        raise


def prepare(script, arguments):
    """Have whatever backend a script names be this one, and let it find its arguments and its folder."""
    install(*BACKENDS, *unknown_to_pynn(arguments))
    foreign.install()
    sys.argv = [script, *arguments]
    if not getattr(sys.flags, "safe_path", sys.flags.isolated):
        sys.path[0] = os.path.dirname(os.path.realpath(script))


def parse_command_line(words, prog):
    """The path of the script and a list of its arguments. Exits if there is no such script."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Run a PyNN script on pyNN_fastsim, whatever backend the script names.",
    )
    parser.add_argument("script", help="a Python script that uses PyNN")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="passed on to the script")
    options = parser.parse_args(words)
    if not os.path.isfile(options.script):
        parser.error(f"no such script: {options.script}")
    return options.script, options.arguments


def unknown_to_pynn(arguments):
    """Those of `arguments` that could name a backend which PyNN has never heard of."""
    names = (argument for argument in arguments if argument.isidentifier())
    return [name for name in names if importlib.util.find_spec(f"pyNN.{name}") is None]


def run_as_main(path):
    """Execute the file at `path` as the module ``__main__``."""
    module = types.ModuleType("__main__")
    module.__file__ = path
    sys.modules["__main__"] = module
    with io.open_code(path) as file:
        source = file.read()
    exec(compile(source, path, "exec", dont_inherit=True), vars(module))


def show(error, path):
    """Report an exception now, from the script's own frames on, and have Python not do it again."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename != path:
        frames = frames.tb_next
    sys.excepthook(type(error), error.with_traceback(frames), frames)
    sys.excepthook = lambda *_: None
