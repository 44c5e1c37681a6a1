"""Servers that are asked for the same pictures, each with a URL of its own."""

from collections.abc import Callable
from dataclasses import dataclass

QUALITY = {"jpeg": 80, "webp": 75, "avif": 65, "png": None}
"""Of the method: numbers as every server understands them; PNG has none."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One picture to be made: it fits the box."""

    key: str
    format: str
    width: int = 512
    height: int | None = 512

    @property
    def quality(self) -> int | None:
        return QUALITY[self.format]


@dataclass(frozen=True, slots=True)
class Peer:
    """A server that runs."""

    name: str
    url: Callable[[Ask], str]
    process: int = 0
    """Its id, where it was started here."""
