"""
Whether a folder or file can hold only what this user put there, or someone who could run code as them.

Machine code runs as it is found, so it must not come from where others can write to. Trusted are this user,
root, and whoever owns the files of this package. Windows has no such owners and modes: there every folder is
taken for the user's own, as the folders for caches and temporary files are.
"""

import functools
import os
import stat
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2]
OWNERLESS = not hasattr(os, "geteuid")
NOBODY = 65534  # the apparent owner of all whose owner is unknown within a container


def _owners():
    return {os.geteuid(), 0} | ({_owner_of_package()} - {NOBODY})


@functools.cache
def _owner_of_package():
    return os.stat(PACKAGE).st_uid


def provides_for_others():
    """Whether other users trust what this one puts where they can read it."""
    return OWNERLESS or os.geteuid() in {0, _owner_of_package()} - {NOBODY}


def fault_of_folder(folder, within=None):
    """Why a folder is not to be trusted, in words; None if it is.

    A folder that is not there yet is as good as the folder that it would be made in.

    folder   a Path without symbolic links in it
    within   a folder that is trusted as it is, with all above it
    """
    if OWNERLESS:
        return None
    for path in (folder, *folder.parents):
        if path == within:
            return None
        try:
            facts = os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            return str(error)
        above = path != folder
        if facts.st_uid not in _owners() and not (above and facts.st_uid == os.stat("/").st_uid):
            return f"{path} belongs to user {facts.st_uid}"
        # What is in a sticky folder can be replaced only by its owner.
        if _others_may_write(facts) and not (above and facts.st_mode & stat.S_ISVTX):
            return f"{path} can be written to by others"
    return None


def is_trusted_file(facts):
    """Whether what os.stat says about a file in a trusted folder is that nobody else may have changed it."""
    return OWNERLESS or (facts.st_uid in _owners() and not _others_may_write(facts))


def _others_may_write(facts):
    if facts.st_mode & stat.S_IWOTH:
        return True
    return bool(facts.st_mode & stat.S_IWGRP) and not _is_group_of_one(facts.st_gid, facts.st_uid)


def _is_group_of_one(group, user):
    """Whether a group is that of one user alone, as many systems make one for each."""
    import grp
    import pwd

    try:
        group, user = grp.getgrgid(group), pwd.getpwuid(user)
    except KeyError:
        return False
    named_alike = group.gr_name == user.pw_name and group.gr_gid == user.pw_gid
    return named_alike and set(group.gr_mem) <= {user.pw_name}
