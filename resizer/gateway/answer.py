"""Answer: a variant, and how the gateway came by it: which tier, stale, coalesced, or filled."""

from dataclasses import dataclass

from resizer.model.image import Variant


@dataclass(frozen=True, slots=True)
class Answer:
    """A variant, and how the gateway came by it."""

    variant: Variant
    tier: str | None = None
    """`memory`, `redis` or `results` for a hit; None for a fill."""
    coalesced: bool = False
    """Somebody else's request brought it."""
    stale: bool = False
    """Past its freshness."""
    unchanged: bool = False
    """The source was asked and said that the original is still the same."""
    flushed: bool = False
    """It was flushed while it was being made: for those who asked before, and nobody else."""
    stored: bool = False
    fetch_seconds: float = 0.0
    render_seconds: float = 0.0
