"""The pixel cache: intermediates of the originals rendered last, kept in memory by the gateway.

A page's `srcset` is many sizes of one original, and `format=auto` three formats of each. Every
render decodes and shapes what none before it has; the others begin with its pixels. Those belong
to the very bytes that they were made of (`Original.serial`), so a replaced original has none.
"""

import fcntl
import os
import resource
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from resizer.aio.lru import Lru
from resizer.model.image import Original
from resizer.render.protocol.intermediate import Intermediate, IntermediateKind
from resizer.render.protocol.memfd import reclaim, sealable
from resizer.render.protocol.messages import ProtocolViolation

_LARGEST_SHARE = 4
"""An intermediate of more than a quarter of the budget would push out too many others."""
MAX_INTERMEDIATES = 12
"""Of one original: their descriptors travel with each of its jobs."""
_DESCRIPTORS_SHARE = 8
"""Each intermediate holds one; clients and kept originals need theirs too."""
_MAX_SEEN = 4096
"""Originals."""
_BLOCK = 512
"""Bytes that `st_blocks` counts in (stat(2))."""
_SLACK = 2 * 1024 * 1024
"""Bytes: a file in memory ends in a page of its own, which may be a huge one."""
_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL

_Key = tuple[int, Intermediate]
"""With the serial of its original."""
_Cached = tuple[Intermediate, int]
"""With its file."""


@dataclass(slots=True)
class LentBuffers:
    """What one job is lent: intermediates to begin with, and empty files for those it leaves."""

    inputs: Sequence[tuple[Intermediate, int]] = ()
    outputs: dict[IntermediateKind, int] = field(default_factory=dict)
    max_bytes: int = 0
    """Of one intermediate that is left."""
    written: list[Intermediate] = field(default_factory=list)
    """What the worker left; it is kept when the job is over."""

    @property
    def descriptors(self) -> list[int]:
        """The descriptors that go with the job, after those of the original and its variant."""
        return [*self.outputs.values(), *(file for _, file in self.inputs)]

    def accept(self, intermediate: Intermediate) -> None:
        """Seal what the worker says it left. Raises ProtocolViolation if it may yet change."""
        file = self.outputs.get(intermediate.kind)
        if file is None or intermediate.size > self.max_bytes:
            raise ProtocolViolation("an intermediate that nobody asked for")
        try:
            fcntl.fcntl(file, fcntl.F_ADD_SEALS, _SEALS)
        except OSError:
            raise ProtocolViolation("an intermediate that could be written to still") from None
        about, size = os.fstat(file), intermediate.size
        if about.st_size != size or about.st_blocks * _BLOCK > size + _SLACK:
            raise ProtocolViolation("an intermediate of another size")
        self.written.append(intermediate)


class PixelCache:
    """What is kept of the original used least recently goes first. Belongs to one event loop."""

    def __init__(self, max_bytes: int, largest: int) -> None:
        """`max_bytes` in all, 0 for none; a worker can write no more than `largest` bytes."""
        self._max_bytes_each = min(max_bytes // _LARGEST_SHARE, largest)
        self._cached: Lru[_Key, _Cached] = Lru(
            max_entries=resource.getrlimit(resource.RLIMIT_NOFILE)[0] // _DESCRIPTORS_SHARE,
            max_bytes=max_bytes,
            size_of=lambda cached: cached[0].size,
            on_removed=self._removed,
        )
        self._of: dict[int, list[_Key]] = {}
        """What is kept of each original, the oldest first."""
        self._seen: Lru[int, None] = Lru(max_entries=_MAX_SEEN)
        self._closing = ThreadPoolExecutor(1, thread_name_prefix="pixels")

    @property
    def files(self) -> int:
        """Descriptors held."""
        return len(self._cached)

    @property
    def size(self) -> int:
        """Bytes held."""
        return self._cached.size

    @contextmanager
    def lend(self, original: Original) -> Iterator[LentBuffers]:
        """For one job, whose descriptors are to be sent before anything else happens.

        The first render of an original is asked for no decoded pixels: to write them takes a tenth
        of the time that they save, and most originals of many sites are seen in one size.
        """
        if not self._max_bytes_each:
            yield LentBuffers()
            return
        serial = original.serial
        kinds = list(IntermediateKind) if serial in self._seen else [IntermediateKind.SHAPED]
        self._seen.put(serial, None)
        buffers = LentBuffers(self._use(serial), max_bytes=self._max_bytes_each)
        try:
            for kind in kinds:
                buffers.outputs[kind] = sealable(kind)
            yield buffers
            for intermediate in buffers.written:
                self._keep(serial, intermediate, buffers.outputs.pop(intermediate.kind))
        finally:
            for file in buffers.outputs.values():
                reclaim(file)

    def close(self) -> None:
        """Forget everything."""
        self._cached.clear()
        self._closing.shutdown()

    def _use(self, serial: int) -> list[_Cached]:
        keys = self._of.get(serial, [])
        for key in keys:
            self._cached.touch(key)
        return [self._cached.entries[key] for key in keys]

    def _keep(self, serial: int, intermediate: Intermediate, file: int) -> None:
        key, keys = (serial, intermediate), self._of.get(serial, [])
        if key in keys:
            self._close(file)  # another worker was as far at the same time
            return
        if len(keys) >= MAX_INTERMEDIATES:
            self._cached.remove(_least_useful(keys))
        self._of.setdefault(serial, []).append(key)
        self._cached.put(key, (intermediate, file))

    def _removed(self, key: _Key, cached: _Cached) -> None:
        serial, _ = key
        self._of[serial].remove(key)
        if not self._of[serial]:
            del self._of[serial]
        self._close(cached[1])

    def _close(self, file: int) -> None:
        """In a thread: to free 64 MiB stops the event loop for 7 ms."""
        self._closing.submit(os.close, file)


def _least_useful(keys: list[_Key]) -> _Key:
    """The oldest that serves one size alone, if there is one."""
    kinds = [intermediate.kind for _, intermediate in keys]
    return keys[kinds.index(IntermediateKind.SHAPED) if IntermediateKind.SHAPED in kinds else 0]
