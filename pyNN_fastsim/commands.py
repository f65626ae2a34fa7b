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
    elif os.path.isfile(command) or command not in ("run", *COMMANDS):
        launcher.main(words)
    elif command == "run":
        launcher.main(others, prog="fastsim run")
    else:
        sys.exit(_status(command, others))


def _status(command, words):
    """Do what one of our own commands says; returns its exit status."""
    for stream in (sys.stdout, sys.stderr):  # a console of Windows has no arrows
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        return COMMANDS[command](words)
    except OSError as error:
        print(f"fastsim {command}: {error}", file=sys.stderr)
        return 2


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
    from .engine.compiling.trust import provides_for_others
    from .warmup import copy_cache, warm_up

    if options.to:
        os.makedirs(options.to, exist_ok=True)  # now, not after a minute
    try:
        compiled = warm_up(options.cells)
    except ValueError as error:
        parser.error(str(error))
    print(f"{len(compiled)} functions were compiled, all others had been before")
    if options.to:
        print(f"{copy_cache(options.to)} files of machine code are in {options.to}")
        if not provides_for_others():
            print(
                "Only you can use them: machine code for others must belong to root, or to the owner of "
                "pyNN_fastsim's own files (see docs/cache.md)"
            )


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


COMMANDS = {"compare": _compare, "info": _info, "warmup": _warmup, "examples": _examples}
