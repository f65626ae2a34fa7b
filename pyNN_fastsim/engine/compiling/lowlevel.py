"""
Addresses, atomics, function pointers and bit casts, for use inside compiled functions.

Names only: what is behind them is in `intrinsics.py`, which needs Numba, and is looked up when
something is compiled.
"""

from .compile import Intrinsic

added = Intrinsic("added")
arrays_at = Intrinsic("arrays_at")
atomic_add = Intrinsic("atomic_add")
atomic_load = Intrinsic("atomic_load")
atomic_store = Intrinsic("atomic_store")
bits_float = Intrinsic("bits_float")
call_catch_up = Intrinsic("call_catch_up")
call_counts = Intrinsic("call_counts")
call_clock = Intrinsic("call_clock")
call_current = Intrinsic("call_current")
call_kernel = Intrinsic("call_kernel")
call_mpi = Intrinsic("call_mpi")
call_observe = Intrinsic("call_observe")
call_part = Intrinsic("call_part")
call_synapses = Intrinsic("call_synapses")
call_yield = Intrinsic("call_yield")
convolved = Intrinsic("convolved")
elements_at = Intrinsic("elements_at")
float64_at = Intrinsic("float64_at")
float_bits = Intrinsic("float_bits")
floats2_at = Intrinsic("floats2_at")
fma = Intrinsic("fma")
gather = Intrinsic("gather")
int32_at = Intrinsic("int32_at")
int64_at = Intrinsic("int64_at")
interleaved = Intrinsic("interleaved")
local_rows = Intrinsic("local_rows")
moved = Intrinsic("moved")
prefetch = Intrinsic("prefetch")
rows_at = Intrinsic("rows_at")
scalars_at = Intrinsic("scalars_at")
scatter = Intrinsic("scatter")
select = Intrinsic("select")
spaced_rows = Intrinsic("spaced_rows")
table2_at = Intrinsic("table2_at")
table3_at = Intrinsic("table3_at")
trailing_zeros = Intrinsic("trailing_zeros")
uint16_at = Intrinsic("uint16_at")
uint32_at = Intrinsic("uint32_at")
uint8_at = Intrinsic("uint8_at")
