"""The pixel cache: stages of the originals rendered last, kept in memory by the gateway.

A page's `srcset` is many sizes of one original, and `format=auto` three formats of each. Every
render decodes and shapes what none before it has; the others begin with its pixels. A stage
belongs to the very bytes that it was made of (`Original.serial`), so a replaced original has none.
"""

import fcntl
import os
import resource
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from resizer.model.image import Original
from resizer.render.protocol.intermediate import Intermediate, IntermediateKind
from resizer.render.protocol.memfd import sealable, take_back
from resizer.render.protocol.messages import ProtocolViolation

_LARGEST_SHARE = 4
"""A stage of more than a quarter of the budget would push out too many others."""
MOST_STAGES = 12
"""Of one original: their descriptors travel with each of its jobs."""
_DESCRIPTORS_SHARE = 8
"""Each stage holds one; clients and kept originals need theirs too."""
_MOST_SEEN = 4096
_BLOCK = 512
"""Bytes that `st_blocks` counts in (stat(2))."""
_SLACK = 2 * 1024 * 1024
"""Bytes: a file in memory ends in a page of its own, which may be a huge one."""
_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL


@dataclass(slots=True)
class LentBuffers:
    """What one job is lent: stages to begin with, and empty files for those that it leaves."""

    ready: Sequence[tuple[Intermediate, int]] = ()
    room: dict[IntermediateKind, int] = field(default_factory=dict)
    most_bytes: int = 0
    """Of one stage that is left."""
    left: list[Intermediate] = field(default_factory=list)
    """What the worker left; it is kept when the job is over."""

    @property
    def files(self) -> list[int]:
        """The descriptors that go with the job, after those of the original and its variant."""
        return [*self.room.values(), *(file for _, file in self.ready)]

    def take(self, stage: Intermediate) -> None:
        """Seal what the worker says it left. Raises ProtocolViolation if it may yet change."""
        file = self.room.get(stage.kind)
        if file is None or stage.size > self.most_bytes:
            raise ProtocolViolation("a stage that nobody asked for")
        try:
            fcntl.fcntl(file, fcntl.F_ADD_SEALS, _SEALS)
        except OSError:
            raise ProtocolViolation("a stage that could be written to still") from None
        about = os.fstat(file)
        if about.st_size != stage.size or about.st_blocks * _BLOCK > stage.size + _SLACK:
            raise ProtocolViolation("a stage of another size")
        self.left.append(stage)


class PixelCache:
    """The original used least recently goes first, with all its stages. Belongs to one loop."""

    def __init__(self, max_bytes: int, largest: int) -> None:
        """`max_bytes` in all, 0 for none; a worker can write no more than `largest` bytes."""
        self._max_bytes = max_bytes
        self._most_bytes = min(max_bytes // _LARGEST_SHARE, largest)
        self._max_files = resource.getrlimit(resource.RLIMIT_NOFILE)[0] // _DESCRIPTORS_SHARE
        self._kept: OrderedDict[int, list[tuple[Intermediate, int]]] = OrderedDict()
        self._seen: OrderedDict[int, None] = OrderedDict()
        self._closing = ThreadPoolExecutor(1, thread_name_prefix="pixels")
        self.files = 0
        self.size = 0
        """Bytes held."""

    @contextmanager
    def lent(self, original: Original) -> Iterator[LentBuffers]:
        """For one job, whose descriptors are to be sent before anything else happens.

        The first render of an original is asked for no octave: to write one takes a tenth of the
        time that it saves, and most originals of many sites are seen in one size.
        """
        if not self._most_bytes:
            yield LentBuffers()
            return
        serial = original.serial
        kinds = list(IntermediateKind) if serial in self._seen else [IntermediateKind.SHAPED]
        self._see(serial)
        shelf = LentBuffers(tuple(self._kept.get(serial, ())), most_bytes=self._most_bytes)
        try:
            for kind in kinds:
                shelf.room[kind] = sealable(kind)
            yield shelf
            self._keep(serial, shelf)
        finally:
            for file in shelf.room.values():
                take_back(file)

    def close(self) -> None:
        """Forget everything."""
        while self._kept:
            self._drop_oldest()
        self._closing.shutdown()

    def _see(self, serial: int) -> None:
        self._seen[serial] = None
        self._seen.move_to_end(serial)
        if len(self._seen) > _MOST_SEEN:
            self._seen.popitem(last=False)
        if serial in self._kept:
            self._kept.move_to_end(serial)

    def _keep(self, serial: int, shelf: LentBuffers) -> None:
        for stage in shelf.left:
            self._put(serial, stage, shelf.room.pop(stage.kind))
        while self.size > self._max_bytes or self.files > self._max_files:
            self._drop_oldest()

    def _put(self, serial: int, stage: Intermediate, file: int) -> None:
        stages = self._kept.setdefault(serial, [])
        if any(kept == stage for kept, _ in stages):
            self._closing.submit(os.close, file)  # another worker was as far at the same time
            return
        if len(stages) >= MOST_STAGES:
            self._let_go(*stages.pop(_least_useful(stages)))
        stages.append((stage, file))
        self.files += 1
        self.size += stage.size

    def _drop_oldest(self) -> None:
        _, stages = self._kept.popitem(last=False)
        for stage, file in stages:
            self._let_go(stage, file)

    def _let_go(self, stage: Intermediate, file: int) -> None:
        """In a thread: to free 64 MiB stops the event loop for 7 ms."""
        self.files -= 1
        self.size -= stage.size
        self._closing.submit(os.close, file)


def _least_useful(stages: list[tuple[Intermediate, int]]) -> int:
    """The oldest that serves one size alone, if there is one."""
    kinds = [stage.kind for stage, _ in stages]
    return kinds.index(IntermediateKind.SHAPED) if IntermediateKind.SHAPED in kinds else 0
