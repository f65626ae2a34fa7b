"""
How far compiling, building and running are, for someone who waits: on a terminal or in a notebook.

Nothing of it is in output that goes elsewhere. ``setup(progress=False)`` turns it off, and so does the
environment variable PYNN_FASTSIM_PROGRESS=0.
"""

import contextlib
import importlib.util
import os
import shutil
import sys
import threading
import time

from . import simulator
from .engine.compiling import compile
from .processes import processes

DELAY = 2.0  # seconds that something has taken before there is anything to be seen
VARIABLE = "PYNN_FASTSIM_PROGRESS"
_RUNNING = "{desc}: {percentage:3.0f}%|{bar}| {n:.0f} of {total:.0f} ms{postfix}, {remaining} left"


def is_shown():
    """Whether someone is watching who wants to know."""
    if (
        processes.rank > 0
        or not simulator.state.progress
        or os.environ.get(VARIABLE, "").lower() in ("0", "no", "off", "false")
    ):
        return False
    return in_notebook() or (sys.stderr is not None and sys.stderr.isatty())


def in_notebook():
    """Whether this process is the kernel of a notebook."""
    shell = sys.modules.get("IPython")
    return shell is not None and type(shell.get_ipython()).__name__ == "ZMQInteractiveShell"


def _bar(**options):
    """One of tqdm's bars, which is gone when it is done; in its form for notebooks where there is that."""
    if in_notebook() and importlib.util.find_spec("ipywidgets"):
        from tqdm.notebook import tqdm
    else:
        from tqdm import tqdm  # takes longer to import than a small network to build
    return tqdm(leave=False, disable=not is_shown(), **_size(), **options)


def _size():
    """What to tell tqdm, which shows nothing on a terminal that doesn't say how large it is."""
    try:
        columns, rows = os.get_terminal_size(sys.stderr.fileno())
    except (AttributeError, OSError, ValueError):  # it is none
        return {}
    return {} if columns and rows else {"ncols": columns or 80, "nrows": rows or 24}


def _note(text):
    """A line of text, which is gone when it is closed. In notebooks, too: a widget would leave a gap."""
    from tqdm import tqdm

    file = sys.stdout if in_notebook() else sys.stderr  # which is red there
    return tqdm(leave=False, disable=not is_shown(), bar_format="{desc}", desc=text, file=file, **_size())


# --- building -------------------------------------------------------------------------------------


@contextlib.contextmanager
def building(label):
    """Show, while a projection is built, which it is and what was built before it since setup().

    A line is shown from two seconds of building on, of this projection or of all.
    """
    state = simulator.state
    began = time.perf_counter()
    try:
        with _Notice(label, DELAY - state.build_seconds) if is_shown() else contextlib.nullcontext():
            yield
    finally:
        state.build_seconds += time.perf_counter() - began


def shown(pieces, label):
    """Go through the pieces of a projection, with a bar if that takes long."""
    if len(pieces) < 2:
        return pieces
    if _Notice.current is not None:
        _Notice.current.cancel()
    return _bar(iterable=pieces, desc=f"Connecting '{label}'", delay=DELAY)


class _Notice:
    """The line of a projection, after so many seconds.

    Most connectors build it in one piece, so it takes a thread to show it; on terminals only. The thread
    writes by itself: tqdm has locks, which the thread that builds may hold, and which Ctrl-C may leave held.
    """

    current: "_Notice | None" = None

    def __init__(self, label, seconds):
        self._label, self._seconds = label, seconds
        self._line = self._timer = None
        self._written = ""

    def __enter__(self):
        if self._seconds <= 0.0:
            self._line = _note(_text(self._label))
        elif not in_notebook():
            self._timer = threading.Timer(self._seconds, self._write)
            self._timer.daemon = True
            self._timer.start()
        _Notice.current = self

    def __exit__(self, *error):
        _Notice.current = None
        if self._line is not None:
            self._line.close()
        self.cancel()
        if self._written:
            sys.stderr.write(f"\r{' ' * len(self._written)}\r")
            sys.stderr.flush()

    def cancel(self):
        """Don't begin to show it: there is a bar, or it is done."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join(1.0)

    def _write(self):
        # Not how many connections there are: to know that takes sorting them.
        text = f"Building projection {len(simulator.state.projections) + 1}, '{self._label}'"
        self._written = text[: shutil.get_terminal_size().columns - 1]
        sys.stderr.write(f"\r{self._written}")
        sys.stderr.flush()


def _text(label):
    from tqdm import tqdm

    before = simulator.state.projections
    done = tqdm.format_sizeof(sum(len(projection) for projection in before))
    return (
        f"Building projection {len(before) + 1}, '{label}', after {done} connections in "
        f"{simulator.state.build_seconds:.0f} s"
    )


@contextlib.contextmanager
def counted(number, label):
    """A bar for so many things that are done one by one; gives a function to call for each."""
    with _bar(total=number, desc=label) as bar:
        yield bar.update


# --- running --------------------------------------------------------------------------------------


@contextlib.contextmanager
def running(until):
    """Show how far a run to the time `until` (ms) is, from two seconds on."""
    state = simulator.state
    watch = _Watch(state.t, until)
    state.network.on_piece = watch.note if is_shown() else None
    try:
        yield
        watch.complete()
    finally:
        state.network.on_piece = None
        watch.close()


class _Watch:
    """A bar for a run that began at `start` and goes on until `stop`, ms."""

    def __init__(self, start, stop):
        self._start, self._stop = start, stop
        self._began = time.perf_counter()
        self._bar = None

    def note(self, step):
        """Called by the network when it has done another piece, to `step`."""
        seconds = time.perf_counter() - self._began
        if self._bar is None and seconds >= DELAY:
            self._bar = _bar(total=self._stop - self._start, desc="Running", bar_format=_RUNNING)
        if self._bar is not None:
            done = simulator.state.time_of(step) - self._start
            self._bar.set_postfix_str(f"{1e-3 * done / seconds:.2g} times real time", refresh=False)
            self._bar.update(done - self._bar.n)
            self._bar.refresh()  # pieces take long enough

    def complete(self):
        """Say that nothing is left but rounding, which a notebook would show as a failure, in red."""
        if self._bar is not None:
            self._bar.n = self._bar.total

    def close(self):
        if self._bar is not None:
            self._bar.close()


# --- compiling ------------------------------------------------------------------------------------


class _Compiling:
    """A line while something is compiled, from the beginning on: that is the longest wait of all."""

    def __init__(self):
        self._number = 0
        self._began = None
        self._line = None

    def note(self, name):
        """Called with the name of what is about to be compiled, and with None when that is done."""
        if name is None:
            if self._line is not None:
                self._line.close()
                self._line = None
            return
        self._began = time.perf_counter() if self._began is None else self._began
        self._number += 1
        if is_shown():
            seconds = time.perf_counter() - self._began
            text = (
                f"Compiling for the first start, later ones don't: function {self._number}, "
                f"{name.strip('_').replace('_', ' ')}, after {seconds:.0f} s"
            )
            self._line = _note(text)


compile.on_compile = _Compiling().note
