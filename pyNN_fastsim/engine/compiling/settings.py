"""
How the engine's functions are to be run, as two of Numba's environment variables say: for tests.
"""

import os

# To call plain Python functions instead (interpreted.py), and to check indices in machine code.
INTERPRETED = int(os.environ.get("NUMBA_DISABLE_JIT") or 0) != 0
BOUNDSCHECK = int(os.environ.get("NUMBA_BOUNDSCHECK") or 0) != 0
