"""
What kernels call, in CUDA's terms. Imported only where something is compiled for a card.

`views.py` and `intrinsics.py` of the CPU are written in LLVM's terms, which are a card's, too: they are
loaded a second time, with numba-cuda's counterparts of what they import from Numba.

`read` and `write` say that addresses are in the card's main memory, so that no access asks which memory it
is. Views don't: told so of all pointers, the compiler may take for ever with the loops of an adaptive model.
"""

import importlib.util
import sys
import types as python_types

import numpy
from llvmlite import ir
from numba import cuda, types
from numba.cuda import extending, libdevice

GLOBAL = 1  # NVVM's number of the main memory

_REPLACED = {
    "from numba.core import cgutils": "from numba.cuda import cgutils",
    "from numba.extending import intrinsic": "",
    "from numba.np.arrayobj import populate_array": "from numba.cuda.np.arrayobj import populate_array",
    "from .views import": f"from {__package__}._views import",
}


def intrinsic(function=None, prefer_literal=False):
    """numba.extending.intrinsic for the card: numba-cuda's own takes no options."""
    decorate = extending._intrinsic(target="cuda", prefer_literal=prefer_literal)
    return decorate if function is None else decorate(function)


def _copy(name):
    """A module of `compiling/`, written for the card."""
    spec = importlib.util.find_spec(f"{__package__.rpartition('.')[0]}.compiling.{name}")
    source = spec.loader.get_source(spec.name)
    for old, new in _REPLACED.items():
        source = source.replace(old, new)
    module = python_types.ModuleType(f"{__package__}._{name}")
    module.__package__, module.__file__ = __package__, spec.origin
    module.intrinsic = intrinsic
    sys.modules[module.__name__] = module
    exec(compile(source, spec.origin, "exec"), module.__dict__)
    return module


_copy("views")
_copied = _copy("intrinsics")


def __getattr__(name):
    """Whatever is not below."""
    return getattr(_copied, name)


_int64_at = _copied.int64_at


def _assembly(result, arguments, instruction, letters):
    """An intrinsic that is one instruction of PTX. Memory is as it says before and after: no access moves."""

    def generate(context, builder, signature, args):
        kinds = [context.get_value_type(kind) for kind in arguments]
        kind = ir.VoidType() if result == types.void else context.get_value_type(result)
        function = ir.FunctionType(kind, kinds)
        code = ir.InlineAsm(function, instruction, f"{letters},~{{memory}}", side_effect=True)
        values = [context.cast(builder, *each) for each in zip(args, signature.args, arguments, strict=True)]
        done = builder.call(code, values)
        return context.get_dummy_value() if result == types.void else done

    return result(*arguments), generate


@intrinsic
def add_float(typing_context, address, value):
    # cuda.atomic.add returns what was there before, and costs more in kernels with fences.
    return _assembly(
        types.void, (types.int64, types.float64), "red.relaxed.gpu.global.add.f64 [$0], $1;", "l,d"
    )


@intrinsic
def arrive(typing_context, address):
    return _assembly(types.void, (types.int64,), "red.release.gpu.global.add.u64 [$0], 1;", "l")


@intrinsic
def latest(typing_context, address):
    return _assembly(types.int64, (types.int64,), "ld.acquire.gpu.global.u64 $0, [$1];", "=l,l")


@cuda.jit(device=True)
def meet():
    cuda.syncthreads()


@cuda.jit(device=True)
def add_int(address, value):
    return cuda.atomic.add(_int64_at(address, 1), 0, value)


@cuda.jit(device=True)
def lower_to(address, value):
    cuda.atomic.min(_int64_at(address, 1), 0, value)


def _place(builder, address, spacing, k):
    """A pointer to the float64 number k, of such `spacing` bytes apart."""
    address = builder.add(address, builder.mul(spacing, ir.IntType(64)(k)))
    pointer = builder.inttoptr(address, ir.DoubleType().as_pointer(GLOBAL))
    return builder.addrspacecast(pointer, ir.DoubleType().as_pointer())


@intrinsic(prefer_literal=True)
def read(typing_context, address, spacing, count):
    """`count` (a literal) float64, the first at an address, each `spacing` bytes further on."""
    number = count.literal_value
    result = types.UniTuple(types.float64, number)

    def generate(context, builder, signature, args):
        values = [builder.load(_place(builder, args[0], args[1], k)) for k in range(number)]
        return context.make_tuple(builder, result, values)

    return result(types.int64, types.int64, count), generate


@intrinsic
def write(typing_context, address, spacing, values):
    """Store a tuple of numbers as float64, the first at an address, each `spacing` bytes further on."""

    def generate(context, builder, signature, args):
        for k in range(len(values)):
            value = context.cast(builder, builder.extract_value(args[2], k), values[k], types.float64)
            builder.store(value, _place(builder, args[0], args[1], k))
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, values), generate


# --- NumPy ----------------------------------------------------------------------------------------------


def _rounding(function):
    @cuda.jit(device=True)
    def rounded(x):
        return function(numpy.float64(x))

    return rounded


# What functions find where they ask for NumPy: numba-cuda has no scalar functions for some of its names.
np = python_types.ModuleType("numpy")
np.__dict__.update({name: value for name, value in vars(numpy).items() if not name.startswith("__")})
for _name in ("ceil", "floor", "rint", "trunc"):
    setattr(np, _name, _rounding(getattr(libdevice, _name)))
