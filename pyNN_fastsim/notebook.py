"""
Tracebacks in notebooks end at the user's line.

What was refused on purpose, by a `raise` of this package or of PyNN, is a matter of the user's call, so the
frames within these packages are left out. So are those between a call and a function of the user's that is
called from here, where that function fails. Whatever else goes wrong keeps all of them. The exception itself,
`sys.last_value`, has the whole traceback.
"""

import dis
import sys
import sysconfig
from types import TracebackType

_PACKAGES = (__name__.partition(".")[0], "pyNN")
_LIBRARIES = (*(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")), "<frozen")


def install():
    """Have IPython, if this runs in it, show tracebacks so; unless the user has a handler of his own."""
    ipython = sys.modules.get("IPython")
    shell = ipython and ipython.get_ipython()
    if shell and not shell.custom_exceptions:
        shell.set_custom_exc((Exception,), _show)


def _show(shell, kind, error, frames, tb_offset=None):
    shell.showtraceback((kind, error, to_users_line(frames)), tb_offset=tb_offset)


def to_users_line(frames):
    """A traceback without the frames of these packages, where what went wrong is not their matter."""
    entries, last = [], frames
    while last is not None:
        entries.append(last)
        last = last.tb_next
    first = next((k for k, entry in enumerate(entries) if _is_inside(entry)), len(entries))
    users = next((k for k in range(len(entries) - 1, first, -1) if _is_users(entries[k])), None)
    if users is not None:
        kept = [
            *entries[:first],
            *(each for each in entries[first:users] if _is_users(each)),
            *entries[users:],
        ]
    elif first < len(entries) and _is_inside(entries[-1]) and _was_raised(entries[-1]):
        kept = entries[:first]
    else:
        return frames
    shown = None
    for each in reversed(kept):
        shown = TracebackType(shown, each.tb_frame, each.tb_lasti, each.tb_lineno)
    return shown or frames


def _is_inside(entry):
    return entry.tb_frame.f_globals.get("__name__", "").partition(".")[0] in _PACKAGES


def _is_users(entry):
    """Whether this is neither of these packages nor of a library."""
    file = entry.tb_frame.f_code.co_filename
    return not (_is_inside(entry) or file.startswith(_LIBRARIES))


def _was_raised(entry):
    """Whether the exception came from a `raise`, and not from something that failed."""
    return dis.opname[entry.tb_frame.f_code.co_code[entry.tb_lasti]] == "RAISE_VARARGS"
