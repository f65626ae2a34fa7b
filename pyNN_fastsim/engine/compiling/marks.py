"""
What functions of the engine are marked as, where they are written: data for those who make code of them.
"""


class Named:
    """The name of a function of `intrinsics.py`, or of `interpreted.py` where nothing is compiled."""

    def __init__(self, name):
        self.name = name


class Marked:
    """A Python function to be compiled as a part of others; `kind` says how, see `codegen.py`."""

    def __init__(self, kind, function):
        self.kind, self.function = kind, function
        self.__doc__, self.__name__ = function.__doc__, function.__name__
