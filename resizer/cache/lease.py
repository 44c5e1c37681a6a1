"""Lease: the right to fill one variant, for the whole fleet."""

from dataclasses import dataclass
from typing import Protocol

from resizer.errors import ResizerError
from resizer.model.image import Variant


@dataclass(frozen=True, slots=True)
class Lease:
    """Held by the one who fills. What it brings is stored only while the lease stands: a flush ends
    it, and so does its time when its holder dies."""

    token: str | None
    """None where the tier that gateways share cannot be asked: then nothing is stored in it."""
    found: Variant | None = None
    """What lay there when the lease was taken."""


class PendingFill(Protocol):
    """Another gateway fills; its end can be waited for."""

    told: bool
    """Whether the end was heard of, rather than its lease being over."""

    async def wait(self) -> ResizerError | None:
        """Until it is done or has failed, how, or until its lease is over."""


NO_LEASE = Lease(None)
