"""Files in memory (memfd) that are lent to a worker, and reclaimed from one that may be hostile."""

import fcntl
import os


def sealable(name: str) -> int:
    """An empty one, as a descriptor."""
    return os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)


def bounded_memfd(name: str, size: int) -> int:
    """One that takes `size` bytes and no more."""
    file = sealable(name)
    os.ftruncate(file, size)
    fcntl.fcntl(file, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK)
    return file


def reclaim(file: int) -> bool:
    """Empty it, for good, and close it: memory that no limit counts, were it kept open over there.

    False if it cannot be emptied: it was sealed over there, which no worker of ours does.
    """
    try:
        fcntl.fcntl(file, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
        os.ftruncate(file, 0)
    except OSError:
        return False
    finally:
        os.close(file)
    return True
