"""
The command line: ``fastsim``, or ``python -m pyNN_fastsim``.

    fastsim run script.py [arguments]       Run a PyNN script on this backend, whatever backend it names
    fastsim script.py [arguments]           The same
    fastsim compare script.py [...]         Run a script on several simulators, and say what differs
    fastsim info                            Versions, processor, cache, installed backends
    fastsim warmup [cells ...] [--to DIR]   Compile ahead
    fastsim examples [NAME ...]             List the examples, or copy them here

A file that exists wins over a command's name.
"""

import argparse
import os
import sys

from . import launcher


def main():
    """Do what the command line says; exits with its status, or runs a script."""
    words = sys.argv[1:]
    if not words or words[0] in ("-h", "--help"):
        print(__doc__.strip(), file=sys.stdout if words else sys.stderr)
        sys.exit(0 if words else 2)
    command, *others = words
    if command == "--version":
        from .versions import title

        print(title())
    elif os.path.isfile(command) or command not in COMMANDS:
        launcher.main(words)
    else:
        sys.exit(COMMANDS[command](others))


def _run(words):
    launcher.main(words, prog="fastsim run")


def _compare(words):
    from .comparing.command import main as compare

    return compare(words)


def _info(words):
    argparse.ArgumentParser(
        prog="fastsim info", description="Versions, processor, cache, backends."
    ).parse_args(words)
    from .versions import show_versions

    show_versions()


def _warmup(words):
    parser = argparse.ArgumentParser(
        prog="fastsim warmup", description="Compile models ahead of their first use."
    )
    parser.add_argument(
        "cells", nargs="*", help="cell types; all, with all synapses and sources, if none is named"
    )
    parser.add_argument(
        "--to", metavar="DIR", help="copy the machine code there, for NUMBA_CACHE_DIR=DIR elsewhere"
    )
    options = parser.parse_args(words)
    from .warmup import copy_cache, warm_up

    try:
        warm_up(options.cells)
    except ValueError as error:
        parser.error(str(error))
    if options.to:
        print(f"{copy_cache(options.to)} files of machine code are in {options.to}")


def _examples(words):
    parser = argparse.ArgumentParser(
        prog="fastsim examples", description="List the examples, or copy some here."
    )
    parser.add_argument("names", nargs="*", help="of examples or notebooks; 'all' for all of them")
    parser.add_argument("--to", default=".", metavar="DIR", help="where to (default: here)")
    options = parser.parse_args(words)
    from .shipped import copy_examples, list_examples

    if not options.names:
        print("\n".join(list_examples()))
        return 0
    try:
        for path in copy_examples(options.names, options.to):
            print(path)
    except (ValueError, FileExistsError) as error:
        parser.error(str(error))


COMMANDS = {"run": _run, "compare": _compare, "info": _info, "warmup": _warmup, "examples": _examples}
