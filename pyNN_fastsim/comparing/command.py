"""
`fastsim compare script.py [arguments] --backends fastsim nest neuron`.
"""

import argparse
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .differences import Difference, Tolerance, Yardstick, difference, yardstick_of
from .outcome import Outcome
from .processes import run_backend
from .report import text

SEED_STEP = 1000  # between the seeds of the yardstick


@dataclass
class Comparison:
    """All runs of a script.

    of_backends   one `Outcome` for each backend, in the order asked for; the first good one is the reference
    of_seeds      of the reference's backend with other seeds
    """

    script: str
    of_backends: list[Outcome]
    of_seeds: list[Outcome]
    differences: list[Difference]
    yardstick: Yardstick | None

    @property
    def outcomes(self):
        return [*self.of_backends, *self.of_seeds]

    @property
    def good(self):
        return [outcome for outcome in self.of_backends if outcome.failure is None]

    @property
    def reference(self):
        return self.good[0]

    @property
    def reference_name(self):
        return self.good[0].name if self.good else "nothing"

    @property
    def n_seeds(self):
        return 1 + len(self.of_seeds)

    @property
    def failed(self):
        return [outcome for outcome in self.of_backends if outcome.failure is not None]

    @property
    def agree(self):
        return len(self.good) > 1 and not self.failed and all(each.agrees for each in self.differences)

    @property
    def verdict(self):
        words = []
        if self.failed:
            words.append("no result of " + ", ".join(outcome.backend for outcome in self.failed))
        if len(self.good) < 2:
            words.append("there are not two results to compare")
        for each in self.differences:
            if each.agrees:
                exact = all(population.exact for population in each.populations)
                how = "spike for spike" if exact else "within the spread over seeds"
                words.append(f"{each.backend} agrees with {self.reference_name} {how}")
            else:
                where = [part.label for part in (*each.projections, *each.populations) if not part.agrees]
                words.append(f"{each.backend} differs from {self.reference_name} in {', '.join(where)}")
        return "; ".join(words) + "."


OPTIONS = ("--backends", "--seeds", "--tolerance", "--relative", "--timeout", "--save", "--figure", "--html")


def main(words):
    """Compare as the words of a command line say; returns the exit status: 0 when all agree, 1 when not."""
    script, arguments, others = split(words)
    options = _parser().parse_args([*([script] if script else []), *others])
    missing = _missing()
    if missing:
        print(
            f"fastsim compare needs {missing}: python -m pip install 'pyNN_fastsim[compare]'", file=sys.stderr
        )
        return 2
    if not os.path.isfile(options.script):
        print(f"fastsim compare: no such script: {options.script}", file=sys.stderr)
        return 2
    for path in filter(None, (options.figure, options.html)):
        _check_folder_of(path)  # now, not after minutes
    comparison = compare(
        options.script,
        arguments,
        options.backends,
        seeds=options.seeds,
        time_tolerance=options.tolerance,
        relative=options.relative,
        timeout=options.timeout,
        save=options.save,
        say=lambda words: print(words, file=sys.stderr, flush=True),
    )
    print(text(comparison))
    _write_pictures(comparison, options)
    return 0 if comparison.agree else 1


def _check_folder_of(path):
    """Make the folder that a file is to be in. Raises OSError if nothing can be written there."""
    folder = Path(path).absolute().parent
    folder.mkdir(parents=True, exist_ok=True)
    tempfile.TemporaryFile(dir=folder).close()


def split(words):
    """(script, its arguments, all other words): the script's are those until the first of our options."""
    places = [k for k, word in enumerate(words) if word.endswith(".py") and not word.startswith("-")]
    if not places:
        return None, [], words
    first = places[0]
    last = next((k for k in range(first, len(words)) if words[k].partition("=")[0] in OPTIONS), len(words))
    return words[first], words[first + 1 : last], [*words[:first], *words[last:]]


def _parser():
    parser = argparse.ArgumentParser(
        prog="fastsim compare",
        usage="fastsim compare script.py [arguments] [options]",
        description="Run a PyNN script, unedited, on several simulators, and say what differs.",
        epilog="Exit status: 0 when all agree with the first, 1 when not, 2 when nothing could be run.",
    )
    add = parser.add_argument
    add("script", help="and its arguments, among which the name of a backend is replaced by that of each")
    add("--backends", nargs="+", default=["fastsim", "nest", "neuron"], metavar="NAME[=PYTHON]",
        help="fastsim, nest, neuron, brian2, ..., with the interpreter of another environment if need be; "
        "the first one is the reference (default: fastsim nest neuron)")  # fmt: skip
    add("--seeds", type=int, default=1, metavar="N", help="run the reference with N seeds: the yardstick")
    add("--tolerance", type=float, metavar="MS", help="between coincident spikes (default: 1.5 steps)")
    add("--relative", type=float, default=1e-6, metavar="X", help="of weights, delays, samples (1e-6)")
    add("--timeout", type=float, metavar="S", help="for one run, which is then stopped")
    add("--save", metavar="DIR", help="keep results and outputs in this folder")
    add("--figure", metavar="FILE", help="write a figure: .png, .pdf, .svg")
    add("--html", metavar="FILE", help="write an HTML page")
    return parser


def _missing():
    from importlib.util import find_spec

    return " and ".join(name for name in ("elephant", "scipy") if find_spec(name) is None)


def compare(script, arguments=(), backends=("fastsim", "nest", "neuron"), seeds=1, time_tolerance=None,
            relative=1e-6, timeout=None, save=None, say=lambda words: None):  # fmt: skip
    """Run a script on several backends and compare; returns a `Comparison`.

    arguments        of the script; the name of a backend among them is replaced by that of each
    backends         names, or "name=/path/to/python"; the first that gives a result is the reference
    seeds            how many seeds of the reference are run
    time_tolerance   ms between two spikes that coincide; 1.5 time steps if None
    relative         difference of weights, delays and samples that are equal
    timeout          s of wall time for one run
    save             a folder for results and outputs
    say              a function that is told what is going on

    A backend that fails doesn't raise an error: `Outcome.failure` says why.
    """
    entries = [(backend, python or None) for backend, _, python in (each.partition("=") for each in backends)]
    outcomes = []
    for backend, python in entries:
        say(f"Running {os.path.basename(script)} on {backend} ...")
        keep = Path(save) / backend if save else None
        outcomes.append(run_backend(backend, script, arguments, 0, timeout, python, keep))
    good = [outcome for outcome in outcomes if outcome.failure is None]
    of_seeds = []
    if good:
        backend, python = next(entry for entry in entries if entry[0] == good[0].backend)
        for k in range(1, seeds):
            say(f"Running it on {backend} with other seeds, {k} of {seeds - 1} ...")
            keep = Path(save) / f"{backend}-seed{k}" if save else None
            of_seeds.append(run_backend(backend, script, arguments, k * SEED_STEP, timeout, python, keep))
    yardstick = yardstick_of([*good[:1], *(o for o in of_seeds if o.failure is None)]) if seeds > 1 else None
    found = []
    for other in good[1:]:
        step = max(good[0].dt or 0.0, other.dt or 0.0)
        tolerance = Tolerance(1.5 * step if time_tolerance is None else time_tolerance, relative)
        found.append(difference(good[0], other, tolerance, yardstick))
    return Comparison(script, outcomes, of_seeds, found, yardstick)


def _write_pictures(comparison, options):
    from .figure import write_figure
    from .page import write_page

    if not comparison.good or not (options.figure or options.html):
        return
    with tempfile.TemporaryDirectory() as folder:
        drawn = Path(folder) / "figure.png"
        try:
            for path in filter(None, (options.figure, options.html and drawn)):
                write_figure(comparison, path)
        except ValueError as error:
            print(f"fastsim compare: no figure: {error}", file=sys.stderr)
        if options.html:
            write_page(comparison, options.html, drawn if drawn.exists() else None)
