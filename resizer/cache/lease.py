"""Lease: the right to fill one variant, for the whole fleet."""

from dataclasses import dataclass
from typing import Protocol

from resizer.errors import ResizerError
from resizer.model.image import Variant


@dataclass(frozen=True, slots=True)
class Lease:
    """Held by the gateway that fills. What it brings is stored only while the lease stands: a flush
    ends it, and so does its time when its holder dies."""

    token: str | None
    """None where the tier that gateways share cannot be asked: then nothing is stored in it."""
    found: Variant | None = None
    """What lay there when the lease was taken."""


class PendingFill(Protocol):
    """The fill of another gateway, whose end can be waited for."""

    notified: bool
    """Whether a notice of its end came, rather than its lease being over."""

    async def wait(self) -> ResizerError | None:
        """How it failed; None when it is done, or its lease is over."""


NO_LEASE = Lease(None)
