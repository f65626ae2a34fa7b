"""
What kernels use beside the names of `compiling/lowlevel.py`: in CUDA's terms in `on_card.py`, in Python in
`simulated.py`.
"""

from typing import Any

from ..compiling.marks import Named

cuda: Any = Named("cuda")  # the module numba.cuda, which is imported only where something is compiled
add_float = Named("add_float")  # add to the float64 at an address, whoever else does so
add_int = Named("add_int")  # the same with an int64; what was there before
lower_to = Named("lower_to")  # make the int64 at an address the smaller of itself and a number
read = Named("read")  # a tuple of so many float64 from an address on, so many bytes apart
write = Named("write")  # store the elements of a tuple likewise
meet = Named("meet")  # wait for all threads of the block
arrive = Named("arrive")  # add 1 to the int64 at an address, after all that the block has done
latest = Named("latest")  # the int64 at an address, before all that the block does next
