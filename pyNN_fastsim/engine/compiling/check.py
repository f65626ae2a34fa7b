"""
What is wrong with the scalar functions of a model, in words that name the function and the line.

Asked for models from outside the package before their kernel is compiled, because Numba's own account of
an error goes through all functions that this one ends up in.
"""

import builtins
import dis
import os
import re
import types as python_types

from numba import njit, types

from .codegen import COMMON, NUMBAS_OWN, WITHOUT_WRAPPERS, real_function
from .marks import Marked


class ModelError(Exception):
    """A model's function can't be compiled, or doesn't return what it must."""


def check_model(model, n_constants):
    """Raise ModelError unless the functions of a neuron model compile and return what they must."""
    own = [name for name in model.state if name != "_part"]
    c, s = _floats(n_constants), _floats(len(own))
    x = _floats(len(model.receptors) + 1)
    if model.step is not None:
        new_state, spiked = _unpacked(model.step, _result(model.step, c, s, x), "new state, spiked")
        _check_state(model.step, new_state, own)
        _check_number(model.step, spiked, "whether the cell spiked")
        return
    new_state, error = _unpacked(
        model.attempt, _result(model.attempt, c, s, x, types.float64), "new state, error"
    )
    _check_state(model.attempt, new_state, own)
    _check_number(model.attempt, error, "the error")
    _check_number(model.fires, _result(model.fires, c, s, s), "whether the cell spiked")
    _check_state(model.finish, _result(model.finish, c, s, s, x), own)


def _floats(n):
    return types.UniTuple(types.float64, n)


# --- what a function returns ---------------------------------------------------------------------------


def _unpacked(function, returned, what):
    if not isinstance(returned, types.BaseTuple) or len(returned) != 2:
        raise ModelError(f"{_place(function.function)} must return ({what}), not {_shown(returned)}")
    return returned


def _check_state(function, returned, names):
    where = f"{_place(function.function)} must return the new state as a tuple"
    if not isinstance(returned, types.BaseTuple):
        raise ModelError(f"{where}, not {_shown(returned)}")
    if len(returned) != len(names):
        raise ModelError(f"{where} of {len(names)} ({', '.join(names)}), but it has {len(returned)}")
    for name, each in zip(names, returned, strict=True):
        _check_number(function, each, name)


def _check_number(function, returned, what):
    if not isinstance(returned, (types.Float, types.Integer, types.Boolean)):
        raise ModelError(
            f"{_place(function.function)} must return a number for {what}, not {_shown(returned)}"
        )


def _shown(numba_type):
    """A type in few words."""
    if isinstance(numba_type, types.Optional) or numba_type == types.none:
        return "None, not even at times"
    if isinstance(numba_type, types.BaseTuple):
        return f"a tuple of {len(numba_type)}"
    return "a number" if isinstance(numba_type, types.Number) else str(numba_type)


# --- compiling a function by itself --------------------------------------------------------------------


def _result(function, *arguments):
    """Numba's type of what a function returns for arguments of these types."""
    if not isinstance(function, Marked):
        raise ModelError(f"{_place(function)} is not compiled: mark it with @inlined")
    functions = _all_functions(function.function)
    for each in functions:
        _check_names(each)
    dispatcher = njit(**COMMON, **WITHOUT_WRAPPERS)(real_function(function.function))
    try:
        dispatcher.compile(arguments)
    except Exception as error:
        raise ModelError(_explained(error, functions)) from None
    (compiled,) = dispatcher.overloads.values()
    missing = NUMBAS_OWN.findall(compiled.library._get_compiled_object())
    if missing:
        raise ModelError(
            f"{_place(function.function)} uses something that needs Python while it runs: kernels can't "
            f"print, or make lists, arrays, texts or exceptions"
        )
    return compiled.signature.return_type


def _all_functions(function):
    """A function and all marked functions that it calls, itself first."""
    found, waiting = [], [function]
    while waiting:
        each = waiting.pop()
        if each not in found:
            found.append(each)
            waiting += [value.function for value in _seen(each).values() if isinstance(value, Marked)]
    return found


def _seen(function):
    """What a function sees around it, by name."""
    code = function.__code__
    names = {**vars(builtins), **function.__globals__}
    seen = {name: names[name] for name in code.co_names if name in names}
    cells = zip(code.co_freevars, function.__closure__ or (), strict=True)
    return seen | {name: cell.cell_contents for name, cell in cells}


def _check_names(function):
    """Raise ModelError for names that there are not, plain Python functions, and exceptions."""
    seen = _seen(function)
    line, module = function.__code__.co_firstlineno, None
    for instruction in dis.get_instructions(function):
        line = _line_of(instruction) or line
        name, value = instruction.argval, None
        where = _place(function, line)
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_DEREF"):
            if name not in seen:
                raise ModelError(f"{where}: name '{name}' is not defined")
            value = seen[name]
            if isinstance(value, python_types.FunctionType):
                raise ModelError(f"{where}: {name} is a plain Python function: mark it with @inlined")
        elif instruction.opname in ("LOAD_ATTR", "LOAD_METHOD") and module and not hasattr(module, name):
            raise ModelError(f"{where}: {module.__name__} has no '{name}'")
        elif instruction.opname == "RAISE_VARARGS":
            raise ModelError(f"{where}: kernels can't raise exceptions")
        module = value if isinstance(value, python_types.ModuleType) else None


def _line_of(instruction):
    """The line that an instruction begins, or None; Python 3.13 tells it otherwise than those before."""
    if hasattr(instruction, "line_number"):
        return instruction.line_number
    return instruction.starts_line


# --- Numba's errors ------------------------------------------------------------------------------------


def _place(function, line=None):
    """Name, file and line of a function."""
    code = function.__code__
    return f"{function.__name__} ({code.co_filename}, line {line or code.co_firstlineno})"


def _explained(error, functions):
    """Numba's error in one sentence, with the function and line where it is."""
    message = re.sub(r"\x1b\[[0-9;]*m", "", str(error))  # Numba writes in colours where colorama is installed
    lines = [line.strip() for line in message.splitlines()]
    lines = [line for line in lines if line and not line.startswith("Failed in nopython mode")]
    reason = lines[0] if lines else type(error).__name__
    if reason.startswith("No implementation of function"):
        signature = next((line[4:] for line in lines if line.startswith(">>> ")), reason)
        reason = f"there is no compiled form of {signature}"
    reason = re.sub(r" *['\"], ['\"]", " ", reason.strip("()'")) if reason.startswith("(") else reason
    reason = re.sub(r"\.+ Raised from None$", "", reason)
    for file, line in re.findall(r'(?:at|File) "?([^"\n]+?)"?(?:, line | \()(\d+)', message):
        for function in functions:
            first, last = _lines_of(function)
            same = os.path.abspath(file) == os.path.abspath(function.__code__.co_filename)
            if same and first <= int(line) <= last:
                return f"{_place(function, int(line))}: {reason}"
    location = getattr(error, "loc", None)
    return f"{_place(functions[0], getattr(location, 'line', None))}: {reason}"


def _lines_of(function):
    """The first and the last line of a function."""
    lines = [line for _, _, line in function.__code__.co_lines() if line]
    return min(lines), max(lines)
