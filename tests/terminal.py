"""Scripts on a terminal that isn't there."""

import os
import struct
import subprocess
import sys


def on_terminal(script, size=(25, 100), **environment):
    """What a script writes to its error output, which is a terminal of so many lines and columns."""
    import fcntl
    import pty
    import termios

    ours, its = pty.openpty()
    try:
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("4H", *size, 0, 0))
        subprocess.run(
            [sys.executable, "-c", script], stderr=its, check=True, env={**os.environ, **environment}
        )
        os.write(its, b"end")
        written = b""
        while not written.endswith(b"end"):
            written += os.read(ours, 10_000)
        return written.decode().removesuffix("end")
    finally:
        os.close(ours)
        os.close(its)
