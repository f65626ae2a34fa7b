"""
How several processes end together: if one of them fails, leaves before the others, or is told to stop, none
waits for ever, and what was recorded on disk is complete.

MPI ends the others by SIGTERM, which may find them waiting within MPI, where Python handles no signals. A
thread does: it writes what there is to the disk, and ends the process.
"""

import atexit
import contextlib
import os
import signal
import sys
import threading
import time
import traceback

PATIENCE = 10.0  # s for which others are given time to write, which know that the run has failed
TOLD_TO_STOP = 128 + 15  # exit status
GRACE = 0.6  # s: mpirun kills the others at once if one ends, and by itself a second after SIGTERM


class Ending:
    """Of this process, and by it of all others.

    known   the exception that all processes know of, or what they have of it
    save    function that writes what was recorded to the disk
    """

    def __init__(self, processes):
        self._processes, self._comm = processes, processes.comm.Dup()
        self.known, self.save = None, lambda: None
        sys.excepthook = self.fail
        atexit.register(self._leave)
        if threading.current_thread() is threading.main_thread() and os.name != "nt":
            self._listen()

    @contextlib.contextmanager
    def known_to_all(self):
        """Within it, an exception is one that other processes are told of, or tell of."""
        try:
            yield
        except BaseException as error:
            self.known = error
            raise

    def fail(self, kind, error, trace):
        """End all processes, with what this one's exception says."""
        who = f"Process {self._processes.rank} of {self._processes.size}"
        if getattr(kind, "is_of_another", False):
            text = f"{who} has stopped: {error}\n"
        else:
            text = f"{who} has failed:\n{''.join(traceback.format_exception(kind, error, trace))}"
        print(text, end="", file=sys.stderr, flush=True)
        if error is self.known:
            self._wait_for_others()
        self._comm.Abort(130 if issubclass(kind, KeyboardInterrupt) else 1)

    def _wait_for_others(self):
        """Give others the time to write what they have, and to come here."""
        all_here, until = self._comm.Ibarrier(), time.monotonic() + PATIENCE
        while not all_here.Test() and time.monotonic() < until:
            time.sleep(0.01)

    def _leave(self):
        from .processes import DifferentProcesses

        try:
            self._processes.agree("the end of the script")
        except DifferentProcesses:
            self.fail(*sys.exc_info())

    def _listen(self):
        """Begin to listen to SIGTERM, unless somebody does."""
        if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
            return
        heard, told = os.pipe()
        os.set_blocking(told, False)
        if signal.set_wakeup_fd(told, warn_on_full_buffer=False) != -1:
            return
        signal.signal(signal.SIGTERM, _nothing)  # what comes through the pipe counts
        os.register_at_fork(after_in_child=lambda: signal.signal(signal.SIGTERM, signal.SIG_DFL))
        threading.Thread(target=self._obey, args=(heard,), daemon=True).start()

    def _obey(self, heard):
        while signal.SIGTERM not in os.read(heard, 64):
            pass
        heard_at = time.monotonic()
        try:
            self.save()
            time.sleep(max(heard_at + GRACE - time.monotonic(), 0.0))  # in which others write what they have
        finally:
            os._exit(TOLD_TO_STOP)


def _nothing(number, frame):
    """In the place of the system's way of ending the process at once."""
