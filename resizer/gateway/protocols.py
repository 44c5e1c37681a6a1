"""Protocols that the gateway calls: one fetches originals, one renders them."""

from collections.abc import Sequence
from typing import Protocol

from resizer.model.image import Original, Rendered, Unchanged
from resizer.model.transform import Transform


class Originals(Protocol):
    """Where originals come from, and are kept: `drop` lets go of one that is of no use.

    Raises as `resizer.storage.address.Source` does.
    """

    async def fetch(self, key: str) -> Original: ...
    async def refetch(self, key: str, etag: str) -> Original | Unchanged: ...
    def drop(self, key: str) -> None: ...
    async def check(self) -> None: ...


class Renderer(Protocol):
    """What makes the picture that a Transform asks for: of one original, with others over it."""

    async def render(self, originals: Sequence[Original], transform: Transform) -> Rendered: ...
    async def check(self) -> None: ...
