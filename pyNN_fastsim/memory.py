"""
Whether there is memory for what is to be built.

Many systems lend memory that they don't have, and end a process that uses it. So what would not fit is
refused before: with what it is, what it needs, and what is free.
"""

import contextlib
import os
from pathlib import Path

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

# Bytes for each connection while a projection is made, at the most, as measured by tests/test_memory.py:
ROW, ROW_WEIGHT, ROW_DELAY = 5.5, 8, 3  # drawn in rows by a NativeRNG; for a weight, a delay of its own
PAIR, PAIR_VALUE = 22, 22  # made as a pair; for each value of its own
PAIR_DRAWN = 9  # for each value instead, if it is drawn target by target, see `bulk.may_be_drawn_again`
PAIR_UNSORTED = 12  # if pairs are not drawn in the order of their indices
PAIR_DYNAMIC = 26  # if it changes during the run
UNSORTED_DYNAMIC = 28  # if both
PAIR_INDICES = 8  # of its two indices alone

LITTLE = 2**26  # bytes: it takes a millisecond to ask the system what is free


class NoMemory(MemoryError):
    """There is no memory for something that has not been begun."""


def check_memory(what, needed):
    """Raise NoMemory for `what` (the beginning of a sentence) that needs more bytes than are free."""
    available = free() if needed > LITTLE else None
    if available is not None and needed > available:
        raise NoMemory(
            f"{what} need about {_in_words(needed)} of memory, but only {_in_words(available)} are free"
        )


def needed_in_row(parameters):
    """Bytes for each connection drawn in a row; `parameters` are floats, or what gives each its own."""
    weight, delay = (not isinstance(parameters[name], float) for name in ("weight", "delay"))
    return ROW + ROW_WEIGHT * weight + ROW_DELAY * delay


def needed_as_pair(synapse_type, parameters, drawn, unsorted=False):
    """Bytes for each connection that is made as a pair; `parameters` as for `needed_in_row`.

    drawn   whether values are drawn target by target
    """
    values = sum(not isinstance(value, float) for value in parameters.values())
    changes = synapse_type.model is not None
    each = PAIR_DRAWN if drawn else PAIR_VALUE
    order = (PAIR_UNSORTED + UNSORTED_DYNAMIC * changes) * unsorted
    return PAIR + each * values + order + PAIR_DYNAMIC * changes


def check_connections(n, each):
    """Raise NoMemory for `n` connections that need so many bytes `each`."""
    check_memory(f"{n:,.0f} connections", n * each)


def _in_words(n):
    unit, name = next((u for u in ((1e12, "TB"), (1e9, "GB")) if n >= u[0]), (1e6, "MB"))
    return f"{max(n / unit, 0):,.1f} {name}"


def free():
    """Bytes that this process may still take, as far as the system says; None if it doesn't."""
    known = [_free_of_machine(), *_free_of_groups(), *_free_by_limits()]
    return min((n for n in known if n is not None), default=None)


def _free_of_machine(root="/"):
    """Memory that is available, with what could be swapped; in macOS all memory there is."""
    with contextlib.suppress(OSError, KeyError):
        lines = Path(root, "proc/meminfo").read_text().splitlines()
        kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in lines}
        return 1024 * (kilobytes["MemAvailable"] + kilobytes["SwapFree"])
    for name in ("SC_AVPHYS_PAGES", "SC_PHYS_PAGES"):
        with contextlib.suppress(AttributeError, ValueError, OSError):
            return os.sysconf(name) * os.sysconf("SC_PAGE_SIZE")
    return None


def _free_of_groups(root="/"):
    """What the control groups leave (those of a container or a batch job) that the process is in."""
    with contextlib.suppress(OSError):
        for line in Path(root, "proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            mount = Path(root, "sys/fs/cgroup")
            names = ("memory.max", "memory.current", "inactive_file")
            if "memory" in controllers.split(","):  # version 1
                mount /= "memory"
                names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
            elif controllers:
                continue
            group = mount / path.lstrip("/")
            for each in (group, *group.parents):  # the outer ones, too; in a container, only these are seen
                if each.is_relative_to(mount):
                    yield _free_of_group(each, *names)


def _free_of_group(group, limit, usage, inactive):
    """What one control group leaves, in which unused pages of files don't count; None if it has no limit."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        most = int((group / limit).read_text())  # or "max"
        statistics = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        return most - int((group / usage).read_text()) + int(statistics[inactive])
    return None


def _free_by_limits():
    """What the limits of the process (ulimit -v, -d) leave."""
    with contextlib.suppress(OSError, AttributeError):
        pages = list(map(int, Path("/proc/self/statm").read_text().split()))
        for limit, used in ((resource.RLIMIT_AS, pages[0]), (resource.RLIMIT_DATA, pages[5])):
            most = resource.getrlimit(limit)[0]
            if most != resource.RLIM_INFINITY:
                yield most - used * os.sysconf("SC_PAGE_SIZE")
