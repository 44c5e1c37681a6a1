"""Intermediates of one render, in a worker: those it may begin with, and those it leaves behind."""

import mmap
from collections.abc import Mapping, Sequence

from resizer.render.protocol.intermediate import Intermediate, IntermediateKind


class Intermediates:
    """Files are those of the job's descriptors; the gateway opened them, and closes its own."""

    def __init__(
        self,
        inputs: Sequence[tuple[Intermediate, int]] = (),
        outputs: Mapping[IntermediateKind, int] | None = None,
        max_bytes: int = 0,
    ) -> None:
        """`inputs` may be begun with. `outputs` has an empty file for each kind that is to be left
        behind, where that has no more than `max_bytes`."""
        self._inputs = {
            (intermediate.kind, intermediate.name): (intermediate, file)
            for intermediate, file in inputs
        }
        self._outputs = dict(outputs or {})
        self._max_bytes = max_bytes
        self.written: list[Intermediate] = []
        """What was written."""
        self.began: IntermediateKind | None = None
        """What the render began with; None is the original's bytes."""

    def find(self, kind: IntermediateKind, name: str) -> tuple[Intermediate, memoryview] | None:
        """The pixels of that name, unmapped when nothing refers to them any more."""
        if (kind, name) not in self._inputs:
            return None
        intermediate, file = self._inputs[kind, name]
        self.began = self.began or kind
        pixels = mmap.mmap(file, intermediate.size, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ)
        return intermediate, memoryview(pixels)

    def wants(self, kind: IntermediateKind, size: int) -> bool:
        """Whether pixels of `size` bytes are to be left behind."""
        return kind in self._outputs and size <= self._max_bytes

    def write(self, intermediate: Intermediate, pixels: memoryview) -> None:
        """Write pixels that are wanted, whole."""
        with open(self._outputs.pop(intermediate.kind), "wb", closefd=False) as file:
            file.write(pixels)
        self.written.append(intermediate)

    def forget(self) -> None:
        """The original is broken: nothing of it is for another render, nor from one."""
        self._inputs, self._outputs, self.written, self.began = {}, {}, [], None
