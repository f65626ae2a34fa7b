"""``python -m pyNN_fastsim``: the same as the command ``fastsim``."""

from .commands import main

if __name__ == "__main__":
    main()
