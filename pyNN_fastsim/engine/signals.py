"""
Ctrl-C at a moment when it can do no harm.

Python raises KeyboardInterrupt between any two instructions, and so may every handler of a signal that the
user installs. Where several things must change together, `signals_held` lets signals wait until they have.
"""

import contextlib
import signal
import threading

HELD = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGALRM") if hasattr(signal, name)]


@contextlib.contextmanager
def signals_held():
    """Signals that come meanwhile are handled at the end; for short pieces of work only.

    Only the main thread handles signals; in others there is nothing to do.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting = []
    handlers = {}

    def hold(number, frame):
        waiting.append((number, frame))

    try:
        for number in HELD:
            handler = signal.getsignal(number)
            if callable(handler):
                handlers[number] = handler
                signal.signal(number, hold)
        yield
    finally:
        for number, handler in reversed(handlers.items()):  # Ctrl-C last
            signal.signal(number, handler)
        for number, frame in waiting:
            handlers[number](number, frame)
