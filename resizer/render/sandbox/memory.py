"""The heap of a worker between jobs: how much freed memory it may hold (malloc_trim).

glibc gives much of it back as it is freed, and the kernel fills it with zeros for the next render;
`spawn` says how it is told not to. What is over a bound goes all the same once a render is done.
"""

import ctypes
from collections.abc import Callable

KEPT_BYTES = 128 * 2**20
"""What a photo of 12 MP frees, and then some. Text that took 479 MiB leaves more.

With 96 MiB, WebPs of 3 MP between other photos filled 9,000 pages anew each, a third of their time.
"""


class _MallInfo2(ctypes.Structure):
    """mallinfo2(3)."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    )
    fordblks: int
    """Bytes that are free."""


_libc = ctypes.CDLL(None)
_trim: Callable[[int], int] = getattr(_libc, "malloc_trim", lambda pad: 0)
"""Gives what was freed back to the kernel. Other C libraries lack it."""


def trim_heap() -> None:
    """Let the kernel have what is free, if that is much."""
    if _free_bytes() > KEPT_BYTES:
        _trim(0)


def _free_bytes() -> float:
    """As malloc counts them; any number where it cannot say, before glibc 2.33."""
    count = getattr(_libc, "mallinfo2", None)
    if count is None:
        return float("inf")
    count.restype = _MallInfo2
    info: _MallInfo2 = count()
    return info.fordblks
