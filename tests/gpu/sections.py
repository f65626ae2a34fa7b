"""
Running sections of a check, each a process of its own that may fail or hang without taking the others along.

A process prints lines for people, and rows of the table with `note`. Whatever it printed is shown at once;
rows and how each section ended are written to a file after each, so that nothing is lost when somebody stops
it.
"""

import contextlib
import json
import os
import queue
import signal
import subprocess
import threading
import time

ROW = "@@ "  # what a row of the table begins with
LEAST = 5.0  # s that a section is begun with
ASIDE = 3.0  # s before its end that a section is asked where it is


def say(*words):
    print(*words, flush=True)


def note(what, found, wanted="", fine=None):
    """Tell the table something: what was found, what was wanted, whether that is fine (None: no matter)."""
    fine = None if fine is None else bool(fine)
    say(ROW + json.dumps({"what": what, "found": found, "wanted": wanted, "fine": fine}))


class Process:
    """A section's process, whose lines go into a queue."""

    def __init__(self, name, command, limit, lines):
        self.name, self.began, self.limit = name, time.perf_counter(), limit
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
            start_new_session=True,
        )  # fmt: skip
        self._lines = lines
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self._process.stdout:
            self._lines.put((self, line.rstrip("\n")))
        self._lines.put((self, None))

    @property
    def seconds(self):
        return time.perf_counter() - self.began

    def is_late(self):
        return self.seconds > self.limit

    def end(self):
        """End it and all that it started; what hangs in the driver is left alone after a while."""
        with contextlib.suppress(OSError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5.0)

    def status(self):
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(5.0)
        return "it doesn't end"


class Check:
    """Runs stages one after the other, and the sections of a stage at once.

    command_of   the command of a section, from its name and its limit in seconds
    limits       by section, s
    optional     sections whose failure is no failure
    together     s for all
    file         where the results go, as JSON; or None
    """

    def __init__(self, command_of, limits, together, optional=(), file=None):
        self._command_of, self._limits, self._optional, self._file = command_of, limits, optional, file
        self._ends = time.perf_counter() + together
        self.rows, self.sections = [], {}

    def run(self, stages):
        for stage in stages:
            self._run_stage(stage)
            self._write()
        return self

    def _run_stage(self, names):
        lines = queue.Queue()
        left = self._ends - time.perf_counter()
        if left < LEAST:
            for name in names:
                say(f"--- {name}: no time left")
                self.sections[name] = {"status": "no time left", "seconds": 0.0}
            return
        running = []
        for name in names:
            limit = min(self._limits[name], left)
            say(f"--- {name}, {limit:.0f} s at most")
            running.append(Process(name, self._command_of(name, limit), limit, lines))
        while running:
            with contextlib.suppress(queue.Empty):
                process, line = lines.get(timeout=0.2)
                if process in running:
                    self._take(process, line, running, len(names) > 1)
            for process in [each for each in running if each.is_late()]:
                process.end()
                self._end(process, "its time was up", running)

    def _take(self, process, line, running, several):
        if line is None:
            status = process.status()
            self._end(process, "fine" if status == 0 else f"failed ({status})", running)
        elif line.startswith(ROW):
            with contextlib.suppress(ValueError):
                row = {"section": process.name, **json.loads(line[len(ROW) :])}
                self.rows.append(row)
                say("   ", in_a_line(row))
        else:
            say(f"{process.name}: {line}" if several else line)

    def _end(self, process, status, running):
        running.remove(process)
        self.sections[process.name] = {"status": status, "seconds": round(process.seconds, 1)}
        say(f"--- {process.name}: {status}, {process.seconds:.0f} s")

    def _write(self):
        if self._file is None:
            return
        new = f"{self._file}.new"
        with open(new, "w") as file:
            json.dump({"rows": self.rows, "sections": self.sections}, file, indent=1)
        os.replace(new, self._file)

    def n_failed(self):
        """How many sections did not end well, and rows are not fine."""
        bad = [
            name
            for name, end in self.sections.items()
            if end["status"] != "fine" and name not in self._optional
        ]
        return len(bad) + sum(row["fine"] is False for row in self.rows)

    def print_table(self):
        say("\n=== what was found")
        for row in self.rows:
            say(f"{row['section']:14}", in_a_line(row))
        for name, end in self.sections.items():
            if end["status"] != "fine":
                say(f"{name:14} {end['status'].upper()}")


def in_a_line(row):
    verdict = {True: "fine", False: "NOT FINE", None: ""}[row["fine"]]
    found = f"{row['found']:.4g}" if isinstance(row["found"], float) else str(row["found"])
    return f"{row['what']:58} {found:>14} {row['wanted']:>14} {verdict}".rstrip()
