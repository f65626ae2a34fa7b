"""The command line, beside `run` (test_launcher.py) and `compare` (test_comparing.py)."""

import os
import subprocess
import sys
from importlib.metadata import Distribution, PackagePath
from pathlib import Path

import pytest

import pyNN_fastsim as sim
from pyNN_fastsim import shipped

ROOT = Path(__file__).parent.parent


def fastsim(*words, cwd=None, **environment):
    """Run ``python -m pyNN_fastsim``; the finished process, with its output as text."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    command = [sys.executable, "-m", "pyNN_fastsim", *map(str, words)]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_info():
    done = fastsim("info")
    assert done.returncode == 0, done.stderr
    rows = dict(line.split("  ", 1) for line in done.stdout.splitlines())
    assert rows["pyNN_fastsim"].strip() == sim.__version__
    for what in (
        "Python",
        "PyNN",
        "numba",
        "processor",
        "threads worth using",
        "machine code",
        "other backends",
    ):
        assert rows[what].strip()
    assert fastsim("--version").stdout == f"pyNN_fastsim {sim.__version__}\n"


def test_examples_of_an_installation(tmp_path, monkeypatch):
    """Where pip has put them, and what it compiled of them beside."""
    folder = tmp_path / shipped.FOLDER
    (folder / "__pycache__").mkdir(parents=True)
    (folder / "small.py").write_text('"""\nA small one.\n"""\n')
    (folder / "__pycache__" / "small.cpython-311.pyc").write_bytes(b"\xa7\r\r\n")
    found = [PackagePath(path.relative_to(tmp_path)) for path in sorted(folder.rglob("*.py*"))]
    for path in found:
        path.dist = Distribution.at(tmp_path / "pyNN_fastsim.dist-info")
    monkeypatch.setattr(shipped, "SOURCES", tmp_path / "nowhere")
    monkeypatch.setattr(shipped, "files", lambda name: found)
    assert shipped.list_examples() == ["small  A small one."]


def test_examples_are_listed_and_copied(tmp_path):
    names = [line.split()[0] for line in fastsim("examples").stdout.splitlines()]
    assert {"vogels_abbott", "microcircuit", "1_one_neuron"} <= set(names)
    done = fastsim("examples", "vogels_abbott", "1_one_neuron", cwd=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1_one_neuron.ipynb", "vogels_abbott.py"]
    assert (tmp_path / "vogels_abbott.py").read_text() == (ROOT / "examples" / "vogels_abbott.py").read_text()
    done = fastsim("examples", "vogels_abbott", cwd=tmp_path)
    assert done.returncode == 2 and "is there already" in done.stderr
    assert "there is no example nonsense" in fastsim("examples", "nonsense").stderr


def test_titles_of_notebooks_are_listed():
    assert "4_balanced_network      A balanced network" in shipped.list_examples()


@pytest.mark.parametrize(
    "words",
    [
        ["examples", "vogels_abbott", "--to", "file/folder"],
        ["warmup", "IF_curr_exp", "--to", "file/folder"],
        ["compare", "script.py", "--save", "file/folder"],
        ["compare", "script.py", "--html", "file/folder/a.html"],
    ],
    ids=" ".join,
)
def test_what_can_not_be_written_is_said_in_one_line(words, tmp_path):
    """Before anything is compiled or simulated."""
    (tmp_path / "file").write_text("")
    (tmp_path / "script.py").write_text("open('has been run', 'w')")
    done = fastsim(*words, cwd=tmp_path)
    assert done.returncode == 2 and done.stdout == ""
    (line,) = [line for line in done.stderr.splitlines() if not line.startswith("Running")]
    assert line.startswith(f"fastsim {words[0]}: [Errno ") and "file" in line
    assert not (tmp_path / "has been run").exists()


def test_paths_with_spaces_and_umlauts(tmp_path):
    folder = tmp_path / "Übung 1" / "100 % [neu]"
    folder.mkdir(parents=True)
    script = folder / "ein Skript für alle.py"
    script.write_text("import sys, pyNN.nest as sim; print(sim.__name__, __file__, sys.argv)")
    done = fastsim(script.name, "ein Wort", cwd=folder)
    assert done.stdout == f"pyNN_fastsim {script} {[script.name, 'ein Wort']}\n", done.stderr
    assert fastsim("run", script, cwd=tmp_path).stdout == f"pyNN_fastsim {script} {[str(script)]}\n"
    assert fastsim("examples", "5_stdp", "--to", "nächste Übung", cwd=folder).returncode == 0
    assert (folder / "nächste Übung" / "5_stdp.ipynb").exists()


def test_a_file_wins_over_a_command(tmp_path):
    (tmp_path / "info").write_text("print('mine')")
    assert fastsim("info", cwd=tmp_path).stdout == "mine\n"
    (tmp_path / "script.py").write_text("import pyNN.nest as sim; print(sim.__name__)")
    for words in (["script.py"], ["run", "script.py"]):
        assert fastsim(*words, cwd=tmp_path).stdout == "pyNN_fastsim\n"


def test_an_unknown_word_names_what_there_is():
    done = fastsim("nonsense")
    assert done.returncode == 2 and "no such script: nonsense" in done.stderr
    done = fastsim("warmup", "IF_curr_exq")
    assert done.returncode == 2 and "there is no cell type IF_curr_exq" in done.stderr


@pytest.mark.compiles
def test_a_cache_that_was_made_ahead(tmp_path):
    """Made with `warmup --to`, and used from there, where nothing more is compiled."""
    done = fastsim("warmup", "IF_curr_exp", "--to", tmp_path / "shipped")
    assert done.returncode == 0, done.stderr
    assert "files of machine code are in" in done.stdout
    script = tmp_path / "script.py"
    script.write_text(
        "import pyNN_fastsim as sim\n"
        "from pyNN_fastsim.engine.compiling.compile import compiled\n"
        "sim.setup(); p = sim.Population(2, sim.IF_curr_exp(i_offset=1.0)); p.record('all')\n"
        "sim.run(10.0); print(compiled)\n"
    )
    assert fastsim(script, NUMBA_CACHE_DIR=str(tmp_path / "shipped")).stdout == "[]\n"
