"""What populations, views and assemblies have in common: choosing cells, and having data written."""

import numpy as np

from . import simulator
from .arguments import FILE, SAMPLE_SIZE, is_whole
from .recording import check_file

MAX_CELLS = 2**31 - 1  # in all populations together; recorded spikes hold their numbers in 32 bits

# Methods whose arguments are checked, and how.
METHODS = (
    "get",
    "sample",
    "describe",
    "get_data",
    "write_data",
    "inject",
    "record",
    "save_positions",
    "id_to_index",
    "find_units",
)
METHOD_RULES = {"file": FILE, "n": SAMPLE_SIZE}


def check_sample(cells, n):
    """Raise ValueError for a sample of no cells, or of more than there are."""
    if not 1 <= n <= cells.size:
        raise ValueError(f"'{cells.label}' has {cells.size} cells, so n of a sample can't be {n}")


def as_indices(cells, selector):
    """Indices, or a mask, that select from `cells`: as an array of indices >= 0, int64.

    Raises IndexError for a cell that there is not.
    """
    try:
        selector = np.asarray(selector)
    except ValueError:  # lists of different lengths
        selector = np.empty((0, 0))
    if selector.dtype == bool:
        if selector.shape != (cells.size,):
            raise IndexError(f"A mask for '{cells.label}' must have {cells.size} values, not {selector.size}")
        return np.flatnonzero(selector)
    whole = selector.ndim == 1 and (
        selector.dtype.kind in "iu"
        or (selector.dtype.kind == "f" and np.all(np.rint(selector) == selector))
        or (selector.dtype.kind == "O" and all(map(is_whole, selector)))  # cells' ids, after arithmetic
    )
    if not whole:
        raise IndexError(f"Indices of cells of '{cells.label}' must be whole numbers, not {selector}")
    indices = np.clip(selector, -MAX_CELLS, MAX_CELLS).astype(np.int64)
    wrong = (indices < -cells.size) | (indices >= cells.size)
    if np.any(wrong):
        raise IndexError(f"'{cells.label}' has {cells.size} cells, but no cell {indices[wrong][0]}")
    return np.where(indices < 0, indices + cells.size, indices)


def places_of(cells, id):
    """The place among `cells` of a cell, or of each of several. Raises IndexError for one not there."""
    single = is_whole(id)
    ids = cells.all_cells.astype(np.int64)
    order = np.argsort(ids, kind="stable")
    wanted = np.array([id] if single else id, dtype=object)
    known = np.clip(wanted, 0, MAX_CELLS).astype(np.int64)
    places = order[np.minimum(np.searchsorted(ids, known, sorter=order), len(ids) - 1)]
    if np.any(missing := ids[places] != wanted):
        raise IndexError(f"'{cells.label}' has no cell with the id {wanted[missing][0]}")
    return int(places[0]) if single else places


def check_to_file(to_file):
    if to_file and not isinstance(to_file, bool):
        check_file(to_file)


def write_on_end(cells, variables, to_file):
    """Have data written at the end; what goes to the same file is written together."""
    if not to_file or isinstance(to_file, bool) or variables is None:
        return
    waiting = simulator.state.write_on_end
    for k, (other, others, file) in enumerate(waiting):
        if file == to_file:
            waiting[k] = (_together(other, cells), _union(others, variables), file)
            return
    waiting.append((cells, variables, to_file))


def _together(first, second):
    """The cells of both: one of the two if it has them all, a view of one population, or an assembly."""
    indices: dict = {}  # by population
    for part in (*populations_of(first), *populations_of(second)):
        found = np.arange(part._root.size)[part._indices]
        indices[part._root] = np.union1d(indices.get(part._root, found), found)
    for cells in (first, second):
        if cells.size == sum(map(len, indices.values())):
            return cells
    views = [root if len(found) == root.size else root[found] for root, found in indices.items()]
    return views[0] if len(views) == 1 else views[0]._assembly_class(*views)


def populations_of(cells):
    """Those of an assembly, views among them; what is a population or view itself."""
    return getattr(cells, "populations", [cells])


def _union(first, second):
    """Names of variables, each given as "all", a name or names, together."""
    lists = [[names] if isinstance(names, str) else list(names) for names in (first, second)]
    return "all" if ["all"] in lists else list(dict.fromkeys(lists[0] + lists[1]))
