"""One Python thread at a time builds, changes or runs the network: the second one is told, not let in."""

import functools
import sys
import threading

_at_work: dict[str, tuple[int, str]] = {}  # "thread": its number, and what it does


def alone(function):
    """A function that refuses to begin while another thread is in such a function.

    One thread may go on after another. Raises RuntimeError.
    """
    name = function.__qualname__.rpartition(".__init__")[0] or function.__name__

    @functools.wraps(function)
    def guarded(*args, **kwargs):
        mine = threading.get_ident(), name
        if _at_work.get("thread", (None, ""))[0] == mine[0]:
            return function(*args, **kwargs)
        try:  # also where Ctrl-C comes between the two lines
            owner = _at_work.setdefault("thread", mine)
            if owner is not mine and _is_in_one(owner[0]):
                raise RuntimeError(
                    f"{name}(): another thread of this process is in {owner[1]}(). There is one network, "
                    f"which one thread at a time can build or run; use processes to simulate several at once"
                )
            _at_work["thread"] = mine
            return function(*args, **kwargs)
        finally:  # without a call, behind which a Ctrl-C could come before the end
            if "thread" in _at_work and _at_work["thread"] is mine:
                del _at_work["thread"]

    return guarded


_GUARDED = alone(lambda: None).__code__


def _is_in_one(thread):
    """Whether a thread is in such a function: one that a Ctrl-C has broken off may not have said that it
    ends."""
    frame = sys._current_frames().get(thread)
    while frame is not None and frame.f_code is not _GUARDED:
        frame = frame.f_back
    return frame is not None
