"""What a worker keeps of the memory that a render has freed, and what it gives back."""

import ctypes
from pathlib import Path

import pytest

from resizer.render.sandbox import memory

pytestmark = pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="needs glibc 2.33"
)


def resident() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def freed(size: int) -> bytes:
    """Leave `size` bytes free below one block that is not, which is returned."""
    blocks = [b"x" * 100_000 for _ in range(size // 100_000)]
    last = b"y" * 100_000
    blocks.clear()
    return last


def test_much_that_is_free_goes_back_to_the_kernel() -> None:
    before = resident()
    held = freed(3 * memory.KEPT_BYTES)
    memory.trim_heap()
    assert resident() - before < memory.KEPT_BYTES
    assert held


def test_a_little_is_kept_for_the_next_render(monkeypatch: pytest.MonkeyPatch) -> None:
    trims: list[int] = []
    monkeypatch.setattr(memory, "_trim", trims.append)
    monkeypatch.setattr(memory, "_free_bytes", lambda: memory.KEPT_BYTES)
    memory.trim_heap()
    assert not trims


def test_a_libc_that_cannot_count_gives_everything_back(monkeypatch: pytest.MonkeyPatch) -> None:
    trims: list[int] = []
    monkeypatch.setattr(memory, "_trim", trims.append)
    monkeypatch.setattr(memory, "_libc", object())
    memory.trim_heap()
    assert trims == [0]
