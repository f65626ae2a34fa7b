"""
How much the tests notice: breaks lines of the package, one at a time, and runs tests on each.

    python tests/mutate.py --mutants 20 --seed 1

Works on a copy of the package in a temporary folder, with its own folder for compiled code. A break is an
operator or comparison exchanged, a number increased by one, a condition negated, or a statement left out.
Lines with names in NO_RESULT only change how fast things go.

A break of the engine compiles everything anew, which takes minutes, so the tests nearest to it run first,
small cases without the compiler; only if these don't notice it, all do. Prints one line for each break, and
at the end those that no test has noticed: each needs a test, or a reason why it makes no difference.
"""

import argparse
import ast
import copy
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
FILES = [
    "engine/**/*.py", "bulk.py", "connecting.py", "connections.py", "connectors.py", "fixed_numbers.py",
    "projections.py", "recorded.py", "recording.py",
]  # fmt: skip
# The tests that most likely notice a break, by words in the path of the broken file; all others come after.
NEAREST = {
    "neurons/aeif|neurons/gif|neurons/iaf_cond|neurons/izh": ["engine/test_cells.py", "test_networks.py"],
    "neurons/hh|adaptive": ["engine/test_hh.py"],
    "neurons/point|neurons/rec": ["test_point_neuron.py", "engine/test_cells.py"],
    "sources/poisson|sources/renewal|sources/spike_array|gamma": ["test_sources.py"],
    "mersenne|rng": ["engine/test_rng.py", "engine/test_mersenne.py"],
    "fastmath": ["engine/test_fastmath.py"],
    "elementary": ["engine/test_elementary.py"],
    "currents": ["test_electrodes.py"],
    "plasticity|history": ["test_plasticity.py"],
    "short_term|dynamic": ["test_short_term.py", "test_plasticity.py"],
    "gap": ["test_gap_junctions.py"],
    "graded|transmission|past_values|learning": ["test_graded.py", "test_graded_networks.py"],
    "samplers": ["test_synapse_recording.py", "test_recording.py"],
    "check": ["test_own_cell_type.py"],
    "record": ["test_recording.py"],
    "connect|bulk|fixed_numbers|groups|rows|arrival": ["test_connectors.py", "test_projections.py"],
    "projections": ["test_projections.py"],
}
TESTS = [
    "test_networks.py", "engine", "test_connectors.py", "test_projections.py", "test_recording.py",
    "test_sources.py", "test_electrodes.py", "test_plasticity.py", "test_short_term.py",
    "test_gap_junctions.py", "test_point_neuron.py", "test_synapse_recording.py", "test_own_cell_type.py",
    "test_running.py", "test_parameters.py", "test_errors.py", "test_known_answers.py",
]  # fmt: skip
NO_RESULT = {
    "CHUNK", "ADAPTIVE_CHUNK", "CELLS_PER_THREAD", "FIRST_CAPACITY", "FIRST_PIECE", "PIECE_SECONDS",
    "MOST_PREFETCHED", "PAIRS_AT_ONCE", "SPINS", "LANES", "VECTOR", "_SLICE", "AT_ONCE", "_COMPARED",
    "Callable",
}  # fmt: skip
# About speed and compilation.
NOT_RESULTS = ("compile.py", "codegen.py", "interpreted.py", "intrinsics.py", "lowlevel.py")
MEMORY = 8 * 2**30  # bytes of address space a test run may have
SECONDS = 2400  # of computing after which a test run hangs: a break that is noticed, too
WAIT = 2 * SECONDS  # and of waiting
PATIENCE = 300  # seconds for the nearest tests without the compiler

EXCHANGED = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.And: ast.Or, ast.Or: ast.And, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip


@dataclass
class Break:
    """A change of a file: what stands from `start` to `end` (line from 1, column) becomes `text`."""

    path: Path
    start: tuple
    end: tuple
    text: str

    def apply(self):
        """Change the file; returns its text as it was."""
        before = self.path.read_text()
        lines = before.splitlines(keepends=True)
        place = [sum(map(len, lines[: line - 1])) + column for line, column in (self.start, self.end)]
        self.path.write_text(before[: place[0]] + self.text + before[place[1] :])
        return before

    def describe(self, package):
        lines = self.path.read_text().splitlines()
        old = lines[self.start[0] - 1].strip()
        return f"{self.path.relative_to(package)}:{self.start[0]}: {old}   ->   {self.text}"


def broken(node):
    """A broken copy of a syntax node, or None."""
    changed = copy.deepcopy(node)
    if isinstance(node, (ast.BinOp, ast.BoolOp, ast.AugAssign)) and type(node.op) in EXCHANGED:
        changed.op = EXCHANGED[type(node.op)]()
    elif isinstance(node, ast.Compare) and type(node.ops[0]) in EXCHANGED:
        changed.ops[0] = EXCHANGED[type(node.ops[0])]()
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        changed.value = node.value + 1
    elif isinstance(node, ast.IfExp):
        changed.body, changed.orelse = changed.orelse, changed.body
    elif isinstance(node, ast.If):
        return None  # by its condition
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return ast.Pass()
    else:
        return None
    return changed


def breaks(path):
    """All breaks of a file."""
    source = path.read_text()
    lines = source.splitlines()
    for statement in ast.walk(ast.parse(source)):
        if isinstance(statement, (ast.JoinedStr, ast.arg)):
            continue
        changed = broken(statement)
        if changed is None or not source.isascii():
            continue
        touched = " ".join(lines[statement.lineno - 1 : statement.end_lineno])
        if any(name in touched for name in NO_RESULT) or "raise " in touched or 'f"' in touched:
            continue
        text = ast.unparse(ast.fix_missing_locations(changed))
        text = f"({text})" if isinstance(changed, ast.expr) else text
        yield Break(
            path,
            (statement.lineno, statement.col_offset),
            (statement.end_lineno, statement.end_col_offset),
            text,
        )


def chosen_breaks(package, n, seed):
    """`n` breaks at random, each in another line."""
    paths = sorted({p for pattern in FILES for p in package.glob(pattern) if p.name not in NOT_RESULTS})
    everything = [b for path in paths for b in breaks(path)]
    random.Random(seed).shuffle(everything)
    by_line = {}
    for b in everything:
        by_line.setdefault((b.path, b.start[0]), b)
    return list(by_line.values())[:n]


def nearest(path):
    """The tests that are nearest to a file of the package."""
    found = [name for pattern, names in NEAREST.items() if re.search(pattern, str(path)) for name in names]
    return list(dict.fromkeys(found)) or ["test_running.py", "test_recording.py"]


def limit_resources():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


def noticed_by(folder, cache, tests, python, interpreted=False):
    """Run the tests; returns the name of the first that fails, or None if none does.

    interpreted   whether without the compiler: then what takes too long counts as not noticed
    """
    command = [python, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    command += ["--hypothesis-profile=unshrunk", *(f"tests/{name}" for name in tests)]
    environment = {**os.environ, "PYTHONPATH": str(folder), "NUMBA_CACHE_DIR": str(cache)}
    environment["NUMBA_DISABLE_JIT"] = "1" if interpreted else "0"
    process = subprocess.Popen(
        command, cwd=folder, env=environment, text=True, start_new_session=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=limit_resources,
    )  # fmt: skip
    try:
        output, _ = process.communicate(timeout=PATIENCE if interpreted else WAIT)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return None if interpreted else "a hang"
    if process.returncode == 0:
        return None
    failed = [line for line in output.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return failed[0].split(" - ")[0] if failed else f"exit code {process.returncode}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--mutants", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=1, help="go on with this one, without a run before")
    parser.add_argument("--unchecked", action="store_true", help="without a run before, too")
    parser.add_argument("--tests", nargs="+", default=TESTS, help="below tests/, in the order to run them")
    parser.add_argument("--list", action="store_true", help="only say what would be broken")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="mutate-"))
    try:
        ignore = shutil.ignore_patterns("__pycache__", ".git")
        shutil.copytree(ROOT, folder / "main", ignore=ignore, dirs_exist_ok=True)
        unnoticed = run(folder, arguments)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if unnoticed else 0


def run(folder, arguments):
    copied = folder / "main"
    package = copied / "pyNN_fastsim"
    selected = chosen_breaks(package, arguments.mutants, arguments.seed)
    if arguments.list:
        print("\n".join(b.describe(package) for b in selected))
        return []
    if arguments.first == 1 and not arguments.unchecked:
        unbroken = noticed_by(copied, folder / "cache", arguments.tests, sys.executable)
        if unbroken:
            sys.exit(f"The tests fail without any break: {unbroken}")
    unnoticed = []
    selected = selected[arguments.first - 1 :]
    for k, b in enumerate(selected, arguments.first):
        what = b.describe(package)
        # What is compiled depends on the engine only.
        cache = folder / ("cache" if (package / "engine") not in b.path.parents else f"cache{k}")
        before = b.apply()
        near = nearest(b.path.relative_to(package))
        by = noticed_by(copied, cache, near, sys.executable, interpreted=cache.name != "cache")
        by = by or noticed_by(copied, cache, list(dict.fromkeys([*near, *arguments.tests])), sys.executable)
        b.path.write_text(before)
        if cache.name != "cache":
            shutil.rmtree(cache, ignore_errors=True)
        print(f"{k:3} {'noticed' if by else 'NOT NOTICED'}  {what}   {by or ''}", flush=True)
        if not by:
            unnoticed.append(what)
    print(f"\n{len(selected) - len(unnoticed)} of {len(selected)} breaks noticed")
    print("\n".join(unnoticed))
    return unnoticed


if __name__ == "__main__":
    sys.exit(main())
