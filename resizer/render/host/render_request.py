"""RenderRequest: one render that somebody waits for, and its state in the pool."""

import asyncio
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from resizer.errors import ResizerError
from resizer.model.image import Original, Rendered
from resizer.model.transform import Transform

_OF_THE_FILE: dict[str, Any] = {
    field.name: field.default
    for field in fields(Transform)
    if field.name in ("format", "quality", "metadata", "fast")
}


@dataclass(slots=True, eq=False)
class RenderRequest:
    """One render that somebody waits for."""

    originals: Sequence[Original]
    """The picture, and what is laid over it, in order."""
    transform: Transform
    answer: asyncio.Future[Rendered] = field(repr=False)
    crashed: bool = False
    """It has cost one worker."""
    alone: bool = False
    """It has cost one, or was made to give way: nowhere but in the slow lane from now on."""
    counted: bool = False
    """The quarantine knows that this render is slow."""
    slow: bool = False
    """It is, or was, in the slow lane."""
    _pixels: Hashable = None

    @property
    def pixels(self) -> Hashable:
        """What is to be encoded, but for overlays: requests that differ in format and quality
        alone have it in common, and the first to be rendered leaves it for the others."""
        if self._pixels is None:
            self._pixels = self.originals[0].serial, replace(self.transform, **_OF_THE_FILE)
        return self._pixels

    def succeed(self, rendered: Rendered) -> None:
        if not self.answer.done():
            self.answer.set_result(rendered)

    def fail(self, error: ResizerError) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)
