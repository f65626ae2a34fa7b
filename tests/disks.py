"""Scripts on disks of their own: one that is soon full, and ones that nothing can be written to."""

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
SMALL = 'mount -t tmpfs -o size="$1",mode=755 tmpfs "$2" && cd "$2" && shift 2 && exec "$@"'
READ_ONLY = 'mount -o remount,bind,ro / && ! touch "$1" 2>/dev/null && shift && exec "$@"'


def on_small_disk(script, folder, size="60k", **options):
    """Run a Python script within `folder`, which is a disk of this size while it runs."""
    return _run(SMALL, size, folder, script, **options)


def without_writing(script, folder, **options):
    """Run a Python script where everything can only be read, `folder` too."""
    return _run(READ_ONLY, folder / "file", script, **options)


@functools.cache
def can_mount():
    """Whether a process can have disks of its own, which takes Linux, and root or namespaces of users."""
    if shutil.which("unshare") is None or not sys.platform.startswith("linux"):
        return False
    done = subprocess.run([*_unshare(), "mount -t tmpfs tmpfs /mnt"], capture_output=True, check=False)
    return done.returncode == 0


def _unshare():
    as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
    return ["unshare", "--mount", *as_root, "sh", "-c"]


def _run(mount, *arguments, **environment):
    """The finished process, with its output as text."""
    *arguments, script = map(str, arguments)
    command = [*_unshare(), mount, "sh", *arguments, sys.executable, "-B", "-W", "always", "-c", script]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    environment = {name: value for name, value in environment.items() if value is not None}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd="/")
