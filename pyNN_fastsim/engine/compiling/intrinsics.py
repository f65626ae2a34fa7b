"""
What `lowlevel.py` names, written in LLVM's terms. Imported only where something is compiled.
"""

from llvmlite import ir
from llvmlite.binding import llvm_version_info as llvm_version
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .views import (  # noqa: F401
    F64,
    I64,
    ROW,
    arrays_at,
    elements_at,
    float64_at,
    floats2_at,
    gather,
    int32_at,
    int64_at,
    make_array,
    rows_at,
    scalars_at,
    scatter,
    spaced_rows,
    table2_at,
    table3_at,
    uint8_at,
    uint16_at,
    uint32_at,
)


def _exception_of_caller(builder):
    """Where the function that is being made leaves its exception: its second argument."""
    return builder.bitcast(builder.function.args[1], ir.IntType(8).as_pointer().as_pointer())


def _caller_intrinsic(number, result):
    """An intrinsic that calls the entry at an address with `number` int64 arguments.

    See `codegen.compile_entry` for how entries are called. Where indices are checked they can fail; their
    caller then does, too.
    """
    result_type = {types.int64: I64, types.float64: F64}[result]
    exception_type = ir.IntType(8).as_pointer()

    def generate(context, builder, signature, args):
        result_pointer = cgutils.alloca_once(builder, result_type)
        exception_pointer = cgutils.alloca_once(builder, exception_type)
        function_type = ir.FunctionType(
            ir.IntType(32), [result_type.as_pointer(), exception_type.as_pointer()] + [I64] * number
        )
        function = builder.inttoptr(args[0], function_type.as_pointer())
        status = builder.call(function, [result_pointer, exception_pointer, *args[1:]])
        with cgutils.if_unlikely(builder, cgutils.is_not_null(builder, status)):
            builder.store(builder.load(exception_pointer), _exception_of_caller(builder))
            builder.ret(status)
        return builder.load(result_pointer)

    return result, generate


@intrinsic
def call_kernel(typing_context, address, a, b, c, d, e, f, g):
    """Call int64 f(int64 * 7) at `address`."""
    result, generate = _caller_intrinsic(7, types.int64)
    return result(*[types.int64] * 8), generate


@intrinsic
def call_current(typing_context, address, a, b):
    """Call float64 f(int64, int64) at `address`."""
    result, generate = _caller_intrinsic(2, types.float64)
    return result(*[types.int64] * 3), generate


@intrinsic
def call_counts(typing_context, address, a, b, c, d, e, f):
    """Call int64 f(int64 * 6) at `address`."""
    result, generate = _caller_intrinsic(6, types.int64)
    return result(*[types.int64] * 7), generate


@intrinsic
def call_part(typing_context, address, a, b, c):
    """Call int64 f(int64 * 3) at `address`."""
    result, generate = _caller_intrinsic(3, types.int64)
    return result(*[types.int64] * 4), generate


@intrinsic
def call_synapses(typing_context, address, a, b, c, d, e, f, g, h):
    """Call int64 f(int64 * 8) at `address`."""
    result, generate = _caller_intrinsic(8, types.int64)
    return result(*[types.int64] * 9), generate


@intrinsic
def call_observe(typing_context, address, a, b, c, d):
    """Call int64 f(int64 * 4) at `address`."""
    result, generate = _caller_intrinsic(4, types.int64)
    return result(*[types.int64] * 5), generate


@intrinsic
def call_catch_up(typing_context, address, a, b, c, d, e):
    """Call int64 f(int64 * 5) at `address`."""
    result, generate = _caller_intrinsic(5, types.int64)
    return result(*[types.int64] * 6), generate


@intrinsic
def call_yield(typing_context, address):
    """Call the operating system's function that gives up the processor (no arguments)."""

    def generate(context, builder, signature, args):
        function_type = ir.FunctionType(ir.IntType(32), [])
        builder.call(builder.inttoptr(args[0], function_type.as_pointer()), [])
        return context.get_dummy_value()

    return types.void(types.int64), generate


@intrinsic
def call_clock(typing_context, address, first, second):
    """Call the operating system's function that says what time it is, with two integers or addresses."""

    def generate(context, builder, signature, args):
        function_type = ir.FunctionType(ir.IntType(32), [I64, I64])
        builder.call(builder.inttoptr(args[0], function_type.as_pointer()), args[1:])
        return context.get_dummy_value()

    return types.void(*[types.int64] * 3), generate


@intrinsic
def call_mpi(typing_context, address, a, b, c, d, e, f, g, h):
    """Call a function of MPI at `address` with up to eight integers, addresses and handles.

    What is wider than the function wants, or too much, it doesn't look at. Returns its error code.
    """

    def generate(context, builder, signature, args):
        function_type = ir.FunctionType(ir.IntType(32), [I64] * 8)
        error = builder.call(builder.inttoptr(args[0], function_type.as_pointer()), args[1:])
        return builder.sext(error, I64)

    return types.int64(*[types.int64] * 9), generate


@intrinsic
def atomic_add(typing_context, address, value):
    """Add `value` to the int64 at `address`; return what was there before."""

    def generate(context, builder, signature, args):
        pointer = builder.inttoptr(args[0], I64.as_pointer())
        return builder.atomic_rmw("add", pointer, args[1], "seq_cst")

    return types.int64(types.int64, types.int64), generate


@intrinsic
def atomic_load(typing_context, address):
    """The int64 at `address`, with whatever other threads wrote before they stored it."""

    def generate(context, builder, signature, args):
        pointer = builder.inttoptr(args[0], I64.as_pointer())
        return builder.load_atomic(pointer, "seq_cst", 8)

    return types.int64(types.int64), generate


@intrinsic
def atomic_store(typing_context, address, value):
    """Store `value` as the int64 at `address`, after everything this thread wrote before."""

    def generate(context, builder, signature, args):
        pointer = builder.inttoptr(args[0], I64.as_pointer())
        builder.store_atomic(args[1], pointer, "seq_cst", 8)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), generate


@intrinsic
def prefetch(typing_context, address):
    """Begin to load the cache line at `address`, which will be read soon."""

    def generate(context, builder, signature, args):
        pointer = ir.IntType(8).as_pointer()
        i32 = ir.IntType(32)
        function_type = ir.FunctionType(ir.VoidType(), [pointer, i32, i32, i32])
        name = "llvm.prefetch.p0" if llvm_version[0] > 14 else "llvm.prefetch.p0i8"
        function = cgutils.get_or_insert_function(builder.module, function_type, name)
        read, keep, data = i32(0), i32(3), i32(1)
        builder.call(function, [builder.inttoptr(args[0], pointer), read, keep, data])
        return context.get_dummy_value()

    return types.void(types.int64), generate


@intrinsic
def float_bits(typing_context, x):
    """The bits of a float64 as an int64."""

    def generate(context, builder, signature, args):
        return builder.bitcast(args[0], I64)

    return types.int64(types.float64), generate


@intrinsic
def bits_float(typing_context, x):
    """The float64 that has the bits of an int64."""

    def generate(context, builder, signature, args):
        return builder.bitcast(args[0], F64)

    return types.float64(types.int64), generate


@intrinsic
def trailing_zeros(typing_context, x):
    """How many of the lowest bits of an int64, which is not 0, are 0."""

    def generate(context, builder, signature, args):
        return builder.cttz(args[0], ir.IntType(1)(1))

    return types.int64(types.int64), generate


@intrinsic
def fma(typing_context, a, b, c):
    """a * b + c, rounded once: the same on every processor, and vectorised where it has FMA."""

    def generate(context, builder, signature, args):
        return builder.fma(*args)

    return types.float64(types.float64, types.float64, types.float64), generate


@intrinsic
def select(typing_context, condition, these, those):
    """The tuple `these` if the condition holds, else `those`: one by one, so without a branch."""
    if these != those:
        raise TypeError(f"cannot choose between {these} and {those}")

    def generate(context, builder, signature, args):
        condition, these, those = args
        chosen = [
            builder.select(condition, builder.extract_value(these, k), builder.extract_value(those, k))
            for k in range(len(signature.args[1]))
        ]
        return context.make_tuple(builder, signature.return_type, chosen)

    return these(types.boolean, these, those), generate


@intrinsic
def added(typing_context, these, those):
    """The sums of two tuples of float64 of one length, one by one."""
    if these != those:
        raise TypeError(f"cannot add {those} to {these}")

    def generate(context, builder, signature, args):
        sums = [
            builder.fadd(*(builder.extract_value(values, k) for values in args))
            for k in range(len(signature.return_type))
        ]
        return context.make_tuple(builder, signature.return_type, sums)

    return these(these, those), generate


@intrinsic(prefer_literal=True)
def local_rows(typing_context, count, n):
    """`count` float64 arrays of `n` elements (both literals) on the stack of the calling function."""
    number, length = count.literal_value, n.literal_value
    result = types.UniTuple(ROW, number)

    def generate(context, builder, signature, args):
        rows = []
        for _ in range(number):
            pointer = cgutils.alloca_once(builder, F64, size=length)
            address = builder.ptrtoint(pointer, I64)
            rows.append(make_array(context, builder, ROW, address, I64(length)))
        return context.make_tuple(builder, result, rows)

    return result(count, n), generate


@intrinsic
def moved(typing_context, start, span, weights, slopes):
    """start[d] + span * sum over j of weights[j] * slopes[j][d], as a tuple over d: a Runge-Kutta stage.

    `start` and each of `slopes` are tuples of float64 of one length, `weights` is as long as `slopes`.
    """

    def generate(context, builder, signature, args):
        start, span, weights, slopes = args
        stages = range(len(signature.args[2]))
        factors = [builder.extract_value(weights, j) for j in stages]
        sloping = [builder.extract_value(slopes, j) for j in stages]
        result = []
        for d in range(len(signature.args[0])):
            total = builder.fmul(factors[0], builder.extract_value(sloping[0], d))
            for weight, slope in zip(factors[1:], sloping[1:], strict=True):
                total = builder.fma(weight, builder.extract_value(slope, d), total)
            result.append(builder.fma(span, total, builder.extract_value(start, d)))
        return context.make_tuple(builder, signature.return_type, result)

    return start(start, types.float64, weights, slopes), generate


@intrinsic
def convolved(typing_context, a, b):
    """The sum of a[k] * b[n - 1 - k] over the n elements of the tuple a; b has as many or more."""
    n = len(a)

    def generate(context, builder, signature, args):
        a, b = args
        total = F64(0.0)
        for k in range(n):
            total = builder.fma(builder.extract_value(a, k), builder.extract_value(b, n - 1 - k), total)
        return total

    return types.float64(a, b), generate


@intrinsic
def interleaved(typing_context):
    """At the end of a loop's body: let the vectoriser do two vectors at a time, in turn.

    For long bodies where each instruction waits for the one before; LLVM does so by itself for short
    ones only.
    """

    def generate(context, builder, signature, args):
        _mark_next_branch(builder, "llvm.loop.interleave.count", 2)
        return context.get_dummy_value()

    return types.void(), generate


def _mark_next_branch(builder, hint, value):
    """Give the next branch that `builder` makes, which is a loop's way back, a hint for the loop."""
    module = builder.module
    inner = module.add_metadata([ir.MetaDataString(module, hint), ir.Constant(ir.IntType(32), value)])
    loop = module.add_metadata([inner, ir.Constant(ir.IntType(32), len(module.metadata))])
    loop.operands = [loop, inner]  # LLVM knows the metadata of a loop by its pointing at itself
    plain = builder.branch

    def branch(target):
        builder.branch = plain
        instruction = plain(target)
        instruction.set_metadata("llvm.loop", loop)
        return instruction

    builder.branch = branch
