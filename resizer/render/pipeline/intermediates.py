"""The stages of one render, in a worker: those it may begin with, and those it leaves behind."""

import mmap
from collections.abc import Mapping, Sequence

from resizer.render.protocol.intermediate import Intermediate, IntermediateKind


class Intermediates:
    """Files are those of the job's descriptors; the gateway opened them, and closes its own."""

    def __init__(
        self,
        ready: Sequence[tuple[Intermediate, int]] = (),
        room: Mapping[IntermediateKind, int] | None = None,
        most_bytes: int = 0,
    ) -> None:
        """`ready` may be begun with. `room` has an empty file for each kind that is to be left
        behind, where that has no more than `most_bytes`."""
        self._ready = {(stage.kind, stage.name): (stage, file) for stage, file in ready}
        self._room = dict(room or {})
        self._most_bytes = most_bytes
        self.left: list[Intermediate] = []
        """What was written."""
        self.began: IntermediateKind | None = None
        """What the render began with; None is the original's bytes."""

    def find(self, kind: IntermediateKind, name: str) -> tuple[Intermediate, memoryview] | None:
        """The pixels of that name, unmapped when nothing refers to them any more."""
        if (kind, name) not in self._ready:
            return None
        stage, file = self._ready[kind, name]
        self.began = self.began or kind
        pixels = mmap.mmap(file, stage.size, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ)
        return stage, memoryview(pixels)

    def wants(self, kind: IntermediateKind, size: int) -> bool:
        """Whether pixels of `size` bytes are to be left behind."""
        return kind in self._room and size <= self._most_bytes

    def leave(self, stage: Intermediate, pixels: memoryview) -> None:
        """Write pixels that are wanted, whole and sound."""
        with open(self._room.pop(stage.kind), "wb", closefd=False) as file:
            file.write(pixels)
        self.left.append(stage)

    def forget(self) -> None:
        """The original is broken: nothing of it is for another render, nor from one."""
        self._ready, self._room, self.left, self.began = {}, {}, [], None
