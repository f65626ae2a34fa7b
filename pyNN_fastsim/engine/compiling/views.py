"""
Arrays by their addresses, for `intrinsics.py`: the parts of `lowlevel.py` that read and write memory.

The run loop works on tables of addresses, so that one compiled loop serves every network. Whoever
puts an address into a table keeps the array alive and writes its length beside it.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

I64 = ir.IntType(64)
F64 = ir.DoubleType()
ROW = types.Array(types.float64, 1, "C")


def make_array(context, builder, array_type, address, n):
    """An LLVM value for a C-contiguous 1D array of `n` items at an integer `address`."""
    array = context.make_array(array_type)(context, builder)
    item = context.get_data_type(array_type.dtype)
    size = I64(context.get_abi_sizeof(item))
    populate_array(
        array,
        data=builder.inttoptr(address, item.as_pointer()),
        shape=cgutils.pack_array(builder, [n]),
        strides=cgutils.pack_array(builder, [size]),
        itemsize=size,
        meminfo=None,
    )
    return array._getvalue()


def _view_intrinsic(dtype):
    array_type = types.Array(dtype, 1, "C")

    @intrinsic
    def view(typing_context, address, n):
        def generate(context, builder, signature, args):
            return make_array(context, builder, array_type, *args)

        return array_type(types.int64, types.int64), generate

    return view


float64_at = _view_intrinsic(types.float64)
int64_at = _view_intrinsic(types.int64)
int32_at = _view_intrinsic(types.int32)
uint32_at = _view_intrinsic(types.uint32)
uint16_at = _view_intrinsic(types.uint16)
uint8_at = _view_intrinsic(types.uint8)


def _table_intrinsic(dimensions):
    """An intrinsic (address, *shape) -> C-contiguous int64 array of `dimensions` dimensions."""
    array_type = types.Array(types.int64, dimensions, "C")

    def generate(context, builder, signature, args):
        address, *shape = args
        strides, size = [], I64(8)
        for n in reversed(shape):
            strides.insert(0, size)
            size = builder.mul(size, n)
        array = context.make_array(array_type)(context, builder)
        populate_array(
            array,
            data=builder.inttoptr(address, I64.as_pointer()),
            shape=cgutils.pack_array(builder, shape),
            strides=cgutils.pack_array(builder, strides),
            itemsize=I64(8),
            meminfo=None,
        )
        return array._getvalue()

    return array_type, generate


@intrinsic
def table2_at(typing_context, address, n, m):
    """An int64 array [n, m] at an address."""
    array_type, generate = _table_intrinsic(2)
    return array_type(*[types.int64] * 3), generate


@intrinsic
def table3_at(typing_context, address, n, m, k):
    """An int64 array [n, m, k] at an address."""
    array_type, generate = _table_intrinsic(3)
    return array_type(*[types.int64] * 4), generate


@intrinsic
def floats2_at(typing_context, address, n, m):
    """A float64 array [n, m] at an address."""
    array_type = types.Array(types.float64, 2, "C")

    def generate(context, builder, signature, args):
        address, n, m = args
        array = context.make_array(array_type)(context, builder)
        populate_array(
            array,
            data=builder.inttoptr(address, F64.as_pointer()),
            shape=cgutils.pack_array(builder, [n, m]),
            strides=cgutils.pack_array(builder, [builder.mul(I64(8), m), I64(8)]),
            itemsize=I64(8),
            meminfo=None,
        )
        return array._getvalue()

    return array_type(*[types.int64] * 3), generate


def _load(builder, table, k):
    pointer = builder.inttoptr(table, I64.as_pointer())
    return builder.load(builder.gep(pointer, [I64(k)]))


@intrinsic(prefer_literal=True)
def rows_at(typing_context, table, first, n, count):
    """`count` float64 arrays, elements `first` to `first + n` of those in a table.

    `table` is the address of (address, stride, length) triples of int64: a stride of 0 instead of 8
    makes every chunk see the same elements, which is how a uniform parameter is given as an array.
    """
    number = count.literal_value
    result = types.UniTuple(ROW, number)

    def generate(context, builder, signature, args):
        table, first, n, _ = args
        rows = []
        for k in range(number):
            address = _load(builder, table, 3 * k)
            stride = _load(builder, table, 3 * k + 1)
            start = builder.add(address, builder.mul(first, stride))
            rows.append(make_array(context, builder, ROW, start, n))
        return context.make_tuple(builder, result, rows)

    return result(types.int64, types.int64, types.int64, count), generate


@intrinsic(prefer_literal=True)
def spaced_rows(typing_context, address, spacing, n, count):
    """`count` float64 arrays of `n` elements, the first at an address, each `spacing` bytes further on."""
    number = count.literal_value
    result = types.UniTuple(ROW, number)

    def generate(context, builder, signature, args):
        address, spacing, n, _ = args
        rows = []
        for _ in range(number):
            rows.append(make_array(context, builder, ROW, address, n))
            address = builder.add(address, spacing)
        return context.make_tuple(builder, result, rows)

    return result(types.int64, types.int64, types.int64, count), generate


@intrinsic(prefer_literal=True)
def elements_at(typing_context, table, i, count):
    """Element `i` of each of `count` arrays in a table as in `rows_at`: a stride of 0 shares one element."""
    number = count.literal_value
    result = types.UniTuple(types.float64, number)

    def generate(context, builder, signature, args):
        table, i, _ = args
        values = []
        for k in range(number):
            offset = builder.mul(i, _load(builder, table, 3 * k + 1))
            address = builder.add(_load(builder, table, 3 * k), offset)
            values.append(builder.load(builder.inttoptr(address, F64.as_pointer())))
        return context.make_tuple(builder, result, values)

    return result(types.int64, types.int64, count), generate


@intrinsic(prefer_literal=True)
def arrays_at(typing_context, table, count):
    """`count` whole float64 arrays, each with the length in a table as in `rows_at`."""
    number = count.literal_value
    result = types.UniTuple(ROW, number)

    def generate(context, builder, signature, args):
        arrays = []
        for k in range(number):
            address = _load(builder, args[0], 3 * k)
            length = _load(builder, args[0], 3 * k + 2)
            arrays.append(make_array(context, builder, ROW, address, length))
        return context.make_tuple(builder, result, arrays)

    return result(types.int64, count), generate


@intrinsic(prefer_literal=True)
def scalars_at(typing_context, table, count):
    """The first element of each of `count` arrays in a table as in `rows_at`."""
    number = count.literal_value
    result = types.UniTuple(types.float64, number)

    def generate(context, builder, signature, args):
        values = []
        for k in range(number):
            address = _load(builder, args[0], 3 * k)
            values.append(builder.load(builder.inttoptr(address, F64.as_pointer())))
        return context.make_tuple(builder, result, values)

    return result(types.int64, count), generate


def _element_pointer(context, builder, rows, k, i):
    array = context.make_array(ROW)(context, builder, builder.extract_value(rows, k))
    if context.enable_boundscheck:
        cgutils.do_boundscheck(context, builder, i, array.nitems)
    return builder.gep(array.data, [i])


@intrinsic
def gather(typing_context, rows, i):
    """Element `i` of each array in the tuple `rows`."""
    result = types.UniTuple(types.float64, len(rows))

    def generate(context, builder, signature, args):
        values = [
            builder.load(_element_pointer(context, builder, args[0], k, args[1])) for k in range(len(rows))
        ]
        return context.make_tuple(builder, result, values)

    return result(rows, types.int64), generate


@intrinsic
def scatter(typing_context, rows, i, values):
    """Store the tuple `values` as element `i` of the arrays in `rows`."""
    if len(rows) != len(values):
        raise TypeError(f"the step returns {len(values)} state variables, not {len(rows)}")

    def generate(context, builder, signature, args):
        for k in range(len(rows)):
            value = builder.extract_value(args[2], k)
            value = context.cast(builder, value, values[k], types.float64)
            builder.store(value, _element_pointer(context, builder, args[0], k, args[1]))
        return context.get_dummy_value()

    return types.void(rows, types.int64, values), generate
