"""
Functions that kernels are put together from: of one cell, or of one warp's work for a spike.

What a row is of, its KIND says, a word of it: the place of its function among those of the kernel.
"""

from ..compiling.compile import inlined, specialise

LONGEST_NAME = 80

_made = {}


def part_of(template, name, **names):
    """A function that sees `names` as globals, to be compiled into kernels; made once."""
    key = template, name, tuple(sorted(names.items(), key=lambda item: item[0]))
    if key not in _made:
        _made[key] = inlined(specialise(template, name, **names))
    return _made[key]


def named(what, parts):
    """How a kernel is called that is made of functions: as files can be, too."""
    return "_".join([what, *(part.__name__ for part in parts)])[:LONGEST_NAME]


def any_of(parts, choose, nothing):
    """A function that does what that of `parts` does which the row is for.

    choose    a template of a function that calls `_this`, if the row is of `_KIND`, or else `_others`
    nothing   what is called if there are no parts
    """
    if not parts:
        return nothing
    chosen = parts[-1]
    for kind in reversed(range(len(parts) - 1)):
        chosen = part_of(choose, f"{choose.__name__}_{kind}", _KIND=kind, _this=parts[kind], _others=chosen)
    return chosen
