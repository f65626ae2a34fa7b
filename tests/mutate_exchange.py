"""
Breaks what processes tell each other, one line at a time, and says whether the tests notice: a script.

    python tests/mutate_exchange.py

Needs mpirun beside Python, or on the PATH, and an hour: each mutant compiles the engine afresh. Works on a
copy of the repository.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from test_mpi import MPIRUN, TESTS

SECONDS = 1200  # for which a mutant may run: longer is noticed, too
ENGINE = Path("pyNN_fastsim/engine")
MUTANTS = [  # file, what stands there, what is to stand there, and what that means
    ("messages.py", "process - 1 + n_threads", "process - 1", "lists of later processes are one's own"),
    ("messages.py", "(step - first) * n_blocks + b", "b", "all spikes are of the first step"),
    ("messages.py", "or sends[b] == 0:", "or sends[b] == 0 or b == 0:", "those of one block stay here"),
    ("messages.py", "for b in range(words[N_BLOCKS]):\n                counts[owner, b] = 0",
     "for b in range(words[N_BLOCKS] - 1):\n                counts[owner, b] = 0",
     "old numbers of the last block stay"),
    ("messages.py", "if longest > HEAD:", "if longest > HEAD + 40:", "some long messages are cut"),
    ("messages.py", "sizes[size + process] = total", "sizes[size + process] = 0", "places of messages"),
    ("messages.py", "= cells[k]", "= cells[0]", "one cell instead of all"),
    ("messages.py", "min(row[DONE], max(", "max(row[DONE], max(", "the last step that somebody has done"),
    ("exchange.py", "min(shortest, group.shortest)", "max(2, min(shortest, group.shortest))", "too rarely"),
    ("loop.py", "if step > first:", "if step > first + 1:", "no arrivals in the second step"),
    ("loop.py", "_call(words, tables.SHARE_POTENTIALS, thread, last)",
     "_call(words, tables.SHARE_POTENTIALS, thread, last - last % 2)", "potentials every second step"),
    ("coupling.py", "np.lexsort((post, pre))", "np.lexsort((pre, post))", "the order of gap junctions"),
    ("sharing.py", "_values_at(each, step) + 8 * begin, end", "_values_at(each, first) + 8 * begin, end",
     "what is transmitted in several steps goes to one"),
    ("exchange.py", "or graded.pools ", "", "what belongs to all cells, told too rarely"),
    ("exchange.py", " or any(o.group in graded.groups for o in network.observers)", "",
     "weights are recorded too late"),
    ("synapses/ahead.py", "- (BLOCK - 2)", "- (BLOCK - 3)", "too rarely for what is summed ahead"),
    ("synapses/graded.py", "steps = self.shortest + 1\n", "steps = self.shortest + 2\n", "too rarely"),
    ("synapses/graded.py", "return name in self.whole.varied if self.whole else len(values) > 1",
     "return len(values) > 1", "whether weights differ follows from own ones"),
    ("synapses/graded.py", "return self.whole.has_delays if self.whole else len(self.delays) > 1",
     "return len(self.delays) > 1", "whether delays differ follows from own ones"),
    ("synapses/graded.py", "self.begins_at = max(self.begins_at, begin)", "pass",
     "the first of own one-to-one connections"),
    ("../joint_changes.py", "or (is_graded and is_set_alone and whole.n > 1)", "",
     "a single graded weight that is set leaves one for all"),
]  # fmt: skip
TESTED = "tests/test_exchange.py", "tests/test_mpi.py"


def notices(folder):
    """Whether a test fails in a copy of the repository."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "NUMBA_CACHE_DIR": str(folder / "cache")}
    if MPIRUN:
        environment["PATH"] = os.pathsep.join([os.path.dirname(MPIRUN), environment["PATH"]])
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *TESTED]
    try:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != 0


def main():
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "copy"
        shutil.copytree(TESTS.parent, folder, ignore=shutil.ignore_patterns(".git", "__pycache__"))
        if notices(folder):
            sys.exit("the tests fail without a mutant")
        missed = []
        for file, before, after, meaning in MUTANTS:
            path = folder / ENGINE / file
            source = path.read_text()
            assert source.count(before) >= 1, (file, before)
            path.write_text(source.replace(before, after, 1))
            noticed = notices(folder)
            print(f"{file}: {meaning}: {'noticed' if noticed else 'NOT NOTICED'}", flush=True)
            missed += [] if noticed else [meaning]
            path.write_text(source)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
