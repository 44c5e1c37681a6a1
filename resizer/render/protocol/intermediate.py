"""Intermediates: pixels half-way through a render, which another render can begin with.

The gateway keeps them, in memfds, and never looks at one: what each is called and which one a
render begins with is the worker's affair.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

MAX_NAME = 200
"""Characters."""
_MAX_SIDE = 1_000_000
MAX_BANDS = 16
"""Inks, alpha, and what a TIFF may hold besides."""


class IntermediateKind(StrEnum):
    """How far a render had come."""

    DECODED = "decoded"
    """Decoded, at 1/1, or at 1/2, 1/4 or 1/8 where its loader can shrink: for every size."""
    SHAPED = "shaped"
    """At its size, upright and in its colours: for every format and quality of that size."""


@dataclass(frozen=True, slots=True)
class Intermediate:
    """What the pixels in a file are: 8 bits a sample, band by band, from left to right, by rows."""

    kind: IntermediateKind
    name: str
    """What another render must ask for to have just these pixels."""
    width: int
    height: int
    bands: int

    def __post_init__(self) -> None:
        sides = (self.width, self.height)
        if not all(type(side) is int and 1 <= side <= _MAX_SIDE for side in sides):
            raise ValueError("an intermediate without a size")
        if type(self.bands) is not int or not 1 <= self.bands <= MAX_BANDS:
            raise ValueError("an intermediate without bands")
        if not (isinstance(self.name, str) and len(self.name) <= MAX_NAME and self.name.isascii()):
            raise ValueError("an intermediate without a name")

    @property
    def size(self) -> int:
        """Bytes."""
        return self.width * self.height * self.bands

    @classmethod
    def read(cls, facts: dict[str, Any]) -> Self:
        """Of an untrusted reply. Raises ValueError, TypeError or KeyError."""
        return cls(**{**facts, "kind": IntermediateKind(facts["kind"])})
