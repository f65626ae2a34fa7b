"""Where machine code is kept: never where another user could have put it, and wherever else it can be."""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

import pyNN_fastsim
from pyNN_fastsim.engine.compiling import trust

pytestmark = pytest.mark.skipif(os.name == "nt", reason="is about owners and modes of files, and umask")

HAS_USERS = hasattr(os, "geteuid") and os.geteuid() == 0
needs_users = pytest.mark.skipif(not HAS_USERS, reason="only root can act as several users")
ROOT, TEACHER, STUDENT, STRANGER = 0, 1, 65534, 54321  # the last has no home, and is not in the list of users

# Arguments: a user, or ""; then "read", which prints what is found, or anything else, which is kept.
SCRIPT = """
import grp, linecache, os, pwd, sys  # before Python's own files may be out of reach
from pyNN_fastsim.engine.compiling import folders
if user := sys.argv[1]:
    os.setgroups([])
    os.setgid(int(user))
    os.setuid(int(user))
for what in sys.argv[2:]:
    if what == "read":
        print(*(content.decode() for content in folders.contents("f" * 32, "a.machine_code")))
    else:
        folders.keep("f" * 32, "a.machine_code", what.encode())
"""


@pytest.fixture
def machine(tmp_path):
    """A folder that all users can go through, and that is removed at the end, with a `Machine` in it."""
    folder = Path(tempfile.mkdtemp(dir="/tmp")) if HAS_USERS else tmp_path
    folder.chmod(0o755)
    yield Machine(folder)
    shutil.rmtree(folder)


class Machine:
    """A computer with some users, who share one installation and a folder for temporary files."""

    def __init__(self, folder):
        self.folder = folder
        self.package = folder / "installation" / "pyNN_fastsim"
        source = Path(pyNN_fastsim.__file__).parent
        shutil.copytree(
            source / "engine", self.package / "engine", ignore=shutil.ignore_patterns("__pycache__")
        )
        (self.package / "__init__.py").write_text("")  # only the engine is needed here
        self.temporary = self.make("tmp", mode=0o1777)

    def make(self, name, user=None, mode=0o755):
        """A folder, with all that are above it, that belongs to a user."""
        path = self.folder / name
        path.mkdir(parents=True)
        path.chmod(mode)
        if HAS_USERS:
            os.chown(path, user or 0, user or 0)
        return path

    def plant(self, place, content, user=None):
        """Put a file for the script into a place, as a user would who made it."""
        path = place / ("f" * 32) / "a.machine_code"
        path.parent.mkdir(parents=True)
        path.write_text(content)
        for each in (path, path.parent, place):
            if HAS_USERS:
                os.chown(each, user or 0, user or 0)
        return path

    def run(self, *arguments, user=None, home=None, umask=0o022, before="", **environment):
        """What the script prints and what it warns of, for a user who may have a home."""
        environment["TMPDIR"] = str(self.temporary)
        environment["PYTHONPATH"] = str(self.package.parent)
        if home is not None:
            environment["HOME"] = str(home)
        user = "" if user is None else str(user)
        result = subprocess.run(
            [sys.executable, "-B", "-W", "always", "-c", before + SCRIPT, user, *arguments],
            cwd=self.temporary, env=environment, umask=umask, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert result.returncode == 0, result.stderr
        return result.stdout.strip(), result.stderr

    def files(self):
        """All files of machine code, and folders that hold some."""
        return sorted(self.folder.rglob("a.machine_code*"))


# --- whom a folder belongs to ---------------------------------------------------------------------


@needs_users
def test_what_another_user_has_put_into_the_folder_for_temporary_files_is_not_run(machine):
    trap = machine.temporary / f"pyNN_fastsim-{STUDENT}"
    machine.plant(trap, "trap", STRANGER)
    assert machine.run("read", "mine", "read", user=STUDENT) == ("mine", "")
    assert machine.run("read", user=STUDENT)[0] == "mine"
    (own,) = machine.temporary.glob(f"pyNN_fastsim-{STUDENT}-*")
    assert (own.stat().st_uid, stat.S_IMODE(own.stat().st_mode)) == (STUDENT, 0o700)
    assert len(machine.files()) == 2


@needs_users
def test_a_home_of_another_user_is_not_used(machine):
    """As after sudo, which may leave HOME as it is, for root and for another user."""
    home = machine.make("home", STRANGER)
    machine.plant(home / ".cache" / "pyNN_fastsim", "trap", STRANGER)
    for user in STUDENT, ROOT:
        assert machine.run("read", "mine", "read", user=user, home=home)[0] == "mine"
    home.chmod(0o700)
    assert machine.run("read", user=STUDENT, home=home)[0] == "mine"


@pytest.mark.parametrize("which", [".", "..", "../..", "file"])
@pytest.mark.parametrize("mode", [0o777, 0o757])
def test_what_others_can_write_to_is_not_used(machine, which, mode):
    place = machine.make("shared/cache") / "pyNN_fastsim"
    file = machine.plant(place, "trap")
    (file if which == "file" else file.parent / which).chmod(mode)
    printed, warned = machine.run("read", NUMBA_CACHE_DIR=place.parent)
    assert printed == ""
    assert ("can be written to by others" in warned) == (which in ("..", "../.."))


@pytest.mark.parametrize("mode, found", [(0o1777, "mine"), (0o777, "")])
def test_a_folder_of_ones_own_within_one_for_all(machine, mode, found):
    """In one like /tmp, nobody else can replace it; in others they can."""
    machine.plant(machine.make("all/mine") / "pyNN_fastsim", "mine")
    (machine.folder / "all").chmod(mode)
    assert machine.run("read", NUMBA_CACHE_DIR=machine.folder / "all" / "mine")[0] == found


@needs_users
@pytest.mark.parametrize("above, found", [(STRANGER, ""), (STUDENT, "mine")])
def test_a_link_is_as_good_as_what_it_leads_to(machine, above, found):
    """Whoever owns the folder above it could put another in its place."""
    place = machine.make("above", above) / "cache"
    machine.plant(place / "pyNN_fastsim", "mine", STUDENT)
    os.chown(place, STUDENT, STUDENT)
    link = machine.folder / "link"
    link.symlink_to(place)
    assert machine.run("read", user=STUDENT, NUMBA_CACHE_DIR=link)[0] == found


@needs_users
def test_nothing_is_written_where_another_users_link_leads_to(machine):
    own = machine.make("own", STUDENT)
    (machine.temporary / f"pyNN_fastsim-{STUDENT}-0").symlink_to(own)
    assert machine.run("mine", "read", user=STUDENT)[0] == "mine"
    assert list(own.iterdir()) == []


@needs_users
def test_a_folder_of_the_users_own_group_is_used_and_one_of_a_shared_group_is_not(machine):
    place = machine.make("home", TEACHER) / ".cache" / "pyNN_fastsim"
    machine.plant(place, "mine", TEACHER)
    place.chmod(0o775)  # the system's user 1, daemon, has a group of that name
    assert machine.run("read", user=TEACHER, home=machine.folder / "home")[0] == "mine"
    os.chown(place, TEACHER, 100)
    assert machine.run("read", user=TEACHER, home=machine.folder / "home")[0] == ""


# --- folders that others have filled --------------------------------------------------------------


@needs_users
def test_machine_code_that_root_provides_is_read_and_new_one_written_elsewhere(machine):
    provided = machine.make("provided")
    home = machine.make("home", STUDENT)
    environment = {"user": STUDENT, "home": home, "NUMBA_CACHE_DIR": provided}
    machine.plant(provided / "pyNN_fastsim", "provided")
    assert machine.run("read", "mine", "read", **environment) == ("provided\nprovided mine", "")
    assert (home / ".cache" / "pyNN_fastsim").owner() != "root"


@needs_users
@pytest.mark.parametrize("owner", [ROOT, TEACHER])
def test_machine_code_beside_the_installation_is_read_if_its_owner_provides_it(machine, owner):
    """Who owns the package's files can have anything run anyway."""
    os.chown(machine.package, owner, owner)
    machine.package.parent.chmod(0o777)  # who can write there can do so, too
    place = machine.package / "__machine_code__"
    machine.plant(place, "provided", owner)
    home = machine.make("home", STUDENT)
    assert machine.run("read", "mine", "read", user=STUDENT, home=home) == ("provided\nprovided mine", "")
    os.chown(place, STRANGER, STRANGER)
    assert machine.run("read", user=STUDENT, home=home)[0] == "mine"


def test_a_folder_beside_the_installation_is_filled_by_who_made_it(machine):
    (machine.package / "__machine_code__").mkdir()
    machine.run("mine", home=machine.folder / "home")
    assert [path.parents[1].name for path in machine.files()] == ["__machine_code__"]


@needs_users
def test_a_folder_that_another_user_provides_is_named_in_a_warning(machine):
    machine.plant(machine.make("provided", STRANGER) / "pyNN_fastsim", "provided", STRANGER)
    environment = {"user": STUDENT, "NUMBA_CACHE_DIR": machine.folder / "provided"}
    printed, warned = machine.run("read", "read", **environment)
    assert printed == ""
    assert warned.count("Warning") == 1
    assert f"{machine.folder / 'provided'}" in warned
    assert f"belongs to user {STRANGER}" in warned


@pytest.mark.parametrize("user, is_good", [(ROOT, True), (TEACHER, True), (STUDENT, False)])
def test_who_can_fill_a_folder_for_others(user, is_good, monkeypatch):
    """Whom their processes trust, beside themselves; `fastsim warmup --to` says so to everyone else."""
    monkeypatch.setattr(trust, "_owner_of_package", lambda: TEACHER)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    assert trust.provides_for_others() == is_good


@pytest.mark.parametrize(
    "umask, file, folder", [(0o022, 0o644, 0o755), (0o077, 0o600, 0o700), (0, 0o644, 0o755)]
)
def test_files_are_for_others_to_read_as_the_umask_says_and_never_to_write(machine, umask, file, folder):
    environment = {"umask": umask, "NUMBA_CACHE_DIR": machine.folder / "cache"}
    assert machine.run("mine", "read", **environment)[0] == "mine"
    (path,) = machine.files()
    assert stat.S_IMODE(path.stat().st_mode) == file
    for above in list(path.parents)[:3]:
        assert stat.S_IMODE(above.stat().st_mode) == folder


# --- where nothing, or only little, can be written ------------------------------------------------


def test_a_full_disk_is_warned_of_once_and_nothing_is_left_behind(machine):
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
    printed, warned = machine.run("x" * 5000, "y" * 5000, "read", before=full, home=machine.folder / "home")
    assert printed == ""
    assert warned.count("Warning") == 1
    assert f"Machine code can't be kept in {machine.folder}" in warned
    assert machine.files() == []


@needs_users
@pytest.mark.parametrize("home", [None, "absent", "unwritable", "unreachable"])
def test_users_without_a_home_that_can_be_written_to(machine, home):
    machine.make("unwritable")
    machine.make("unreachable", mode=0o700)
    place = None if home is None else machine.folder / home
    for printed in "", "mine":
        assert machine.run("read", user=STRANGER, home=place) == (printed, "")
        machine.run("mine", user=STRANGER, home=place)
    (path,) = machine.files()
    assert path.parents[2] == machine.temporary


@needs_users
def test_without_any_folder_nothing_is_kept(machine):
    machine.temporary.chmod(0o777)  # not sticky: what is in it can be replaced by anyone
    printed, warned = machine.run("mine", "mine", "read", user=STRANGER)
    assert printed == ""
    assert warned.count("Warning") == 1
    assert list(machine.temporary.iterdir()) == []


@pytest.mark.parametrize("name", ["with spaces", "Übungen für Anfänger", "100 % {x} [y]*"])
def test_any_name_of_a_folder(machine, name):
    for environment in {"home": machine.folder / name}, {"NUMBA_CACHE_DIR": machine.folder / name / "n"}:
        assert machine.run("mine", "read", **environment)[0] == "mine"
    assert len(list((machine.folder / name).rglob("a.machine_code"))) == 2


# --- many processes, and many days ----------------------------------------------------------------


def test_two_processes_fill_one_cache_at_once(machine):
    many = "import sys\nsys.argv[2:] *= 200\n"
    environment = {
        **os.environ,
        "PYTHONPATH": machine.package.parent,
        "NUMBA_CACHE_DIR": machine.folder / "cache",
    }
    processes = [
        subprocess.Popen(
            [sys.executable, "-B", "-c", many + SCRIPT, "", content * 1000, "read"],
            env=environment, cwd=machine.folder, stdout=subprocess.PIPE, text=True,
        )
        for content in "ab"
    ]  # fmt: skip
    for process in processes:
        read = set(process.communicate()[0].split())
        assert process.returncode == 0
        assert read <= {"a" * 1000, "b" * 1000} and read
    assert len(machine.files()) == 1


def make_old(file, hours):
    last_use = time.time() - 3600 * hours
    os.utime(file, (last_use, last_use))


def test_what_nobody_has_used_for_long_is_removed_when_something_is_written(machine):
    place = machine.folder / "cache" / "pyNN_fastsim"
    days = {"0": 3, "1": 40, "2": 40}
    for name, age in days.items():
        folder = place / name
        folder.mkdir(parents=True)
        for file in folder / "a.machine_code", folder / f"a.machine_code.{'0' * 16}":
            file.write_text("old")
            make_old(file, 24 * age)
    (place / "2" / "notes.txt").write_text("not ours")
    machine.run("mine", NUMBA_CACHE_DIR=place.parent)
    kept = {str(path.relative_to(place)) for path in place.rglob("*")}
    assert kept == {
        "0", "0/a.machine_code", "0/a.machine_code.0000000000000000", "2", "2/notes.txt",
        "f" * 32, f"{'f' * 32}/a.machine_code",
    }  # fmt: skip


def test_what_is_read_counts_as_used(machine):
    file = machine.plant(machine.make("cache") / "pyNN_fastsim", "mine")
    make_old(file, 24 * 20)
    assert machine.run("read", NUMBA_CACHE_DIR=machine.folder / "cache")[0] == "mine"
    assert time.time() - file.stat().st_mtime < 3600


def test_only_so_many_folders_are_kept(machine):
    """Each edit of the engine makes a new one."""
    place = machine.make("cache") / "pyNN_fastsim"
    for k in range(60):
        file = place / f"{k:02}" / "a.machine_code"
        file.parent.mkdir(parents=True)
        file.write_text("")
        make_old(file, k + 1)
    machine.run("mine", NUMBA_CACHE_DIR=place.parent)
    assert sorted(path.name for path in place.iterdir()) == [*(f"{k:02}" for k in range(49)), "f" * 32]
