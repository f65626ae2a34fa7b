"""
A kernel that does many steps: all blocks of its grid are on the card at once, and wait for each other.

Within a step the phases of `steps.py` follow one another as two kernels would, with a barrier behind each.
What counting sources draw, if it is not listed, is wanted one step later: so blocks draw before they wait.

No block waits for one that has gone. They leave the loop only where a step begins, behind the barrier, when
STOP is less than that step. Whatever lowers STOP in a step sets it to this step or a later one; so what was
seen there is what all blocks see, however late they look. If blocks did not meet nevertheless, waiting ends
after a while, STOP is GIVEN_UP, and the run ends with an error instead of never.
"""

from ..compiling.compile import inlined
from ..compiling.lowlevel import int64_at
from .compile import kernel_of
from .names import arrive, cuda, latest, lower_to, meet
from .parts import named
from .steps import finish_part, update_part
from .words import ARRIVED, DRAWN_TILES, GIVEN_UP, HEAD, N_DRAWN_TILES, NOW, STOP

PATIENCE = 2**24  # looks at a word that a block waits for: ten seconds, about


@inlined
def _say_here(head_at, in_block):
    """Say that this block has done its part of a phase, and that what it has written is there."""
    meet()
    if in_block == 0:
        arrive(head_at + 8 * ARRIVED)


@inlined
def _wait(head_at, arrivals, in_block):
    """Wait until blocks have said so as often as `arrivals`; what they have written is seen from here on."""
    if in_block == 0:
        looks = 0
        while latest(head_at + 8 * ARRIVED) < arrivals:
            looks += 1
            if looks > PATIENCE:
                lower_to(head_at + 8 * STOP, GIVEN_UP)
                break
    meet()


def _steps(head_at, table, n_rows, n_steps):
    """Do so many steps, or fewer if the network stops; `table` is that of tiles, but for those that are drawn
    while blocks wait."""
    head = int64_at(head_at, HEAD)
    in_block = cuda.threadIdx.x
    n_threads, thread = cuda.gridDim.x * cuda.blockDim.x, cuda.blockIdx.x * cuda.blockDim.x + in_block
    arrivals = 0
    first = head[NOW]
    for step in range(first, first + n_steps):
        if head[STOP] >= step - 1:  # else this has been launched for steps that are not to be done
            _draw(head_at, head[DRAWN_TILES], head[N_DRAWN_TILES], step, thread, n_threads)  # noqa: F821
        _wait(head_at, arrivals, in_block)
        if head[STOP] < step:
            break
        _update(head_at, table, n_rows, step, thread, n_threads)  # noqa: F821
        _say_here(head_at, in_block)
        arrivals += cuda.gridDim.x
        _wait(head_at, arrivals, in_block)
        _finish(head_at, step, thread, n_threads)  # noqa: F821
        _say_here(head_at, in_block)
        arrivals += cuda.gridDim.x


def steps_kernel(cells, synapses, n_drawn):
    """The kernel of many steps, for cells and synapses of several kinds; the first `n_drawn` kinds of cells
    are sources that may be drawn while blocks wait."""
    return kernel_of(
        _steps,
        named("steps", [*cells, *synapses]),
        _update=update_part(cells),
        _finish=finish_part(synapses),
        _draw=update_part(cells[:n_drawn]),
    )
