"""How functions become machine code: marks, Numba, the cache, and what they can use inside."""
