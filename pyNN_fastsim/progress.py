"""How far building is, on the terminal, where it takes more than two seconds."""

import contextlib
import time

from . import simulator

DELAY = 2.0  # seconds that building has taken before there is anything to be seen


@contextlib.contextmanager
def building(label):
    """Show, while a projection is built, which it is and what was built before it since setup().

    A line is shown from two seconds of building on, and only where the error output is a terminal; it is
    gone when the projection is there, so that it is never in the way of what a script prints.
    """
    state = simulator.state
    began = time.perf_counter()
    try:
        with _line(label) if state.build_seconds >= DELAY else contextlib.nullcontext():
            yield
    finally:
        state.build_seconds += time.perf_counter() - began


def shown(pieces, label):
    """Go through the pieces of a projection, with a bar on the terminal if that takes long."""
    if len(pieces) < 2:
        return pieces
    from tqdm import tqdm

    return tqdm(pieces, desc=f"Connecting '{label}'", leave=False, disable=None, delay=DELAY)


def _line(label):
    from tqdm import tqdm  # takes longer to import than a small network to build

    before = simulator.state.projections
    done = tqdm.format_sizeof(sum(len(projection) for projection in before))
    text = (
        f"Building projection {len(before) + 1}, '{label}', after {done} connections in "
        f"{simulator.state.build_seconds:.0f} s"
    )
    return tqdm(bar_format="{desc}", desc=text, leave=False, disable=None)
