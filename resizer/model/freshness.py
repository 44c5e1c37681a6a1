"""Freshness: what may be done with a variant of a given age (RFC 5861 names the times)."""

from dataclasses import dataclass, replace
from enum import Enum

_SKEW_SECONDS = 60.0
"""What comes from further ahead in time is not believed."""


class FreshnessState(Enum):
    """The ages of a variant, counted from when the source was last asked about its original."""

    FRESH = "fresh"
    """Served as it is."""
    STALE = "stale"
    """Served at once, while the source is asked whether its original is still the same."""
    LATE = "late"
    """The source is asked first; served only if it cannot answer."""
    OVER = "over"
    """Never served unasked; its original's ETag may still save a render."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """The times, in seconds; the second and third each count from the end of the first."""

    fresh_for: float
    serve_stale_for: float
    stale_if_error: float
    partial_for: float = 0.0
    """`fresh_for` of what was rendered from a broken original, if that is less."""

    @property
    def of_partial(self) -> "Freshness":
        """The times of a partial variant: never served stale while the source could answer."""
        return replace(self, fresh_for=min(self.fresh_for, self.partial_for), serve_stale_for=0.0)

    def state(self, age: float) -> FreshnessState:
        """`age` in seconds; a little below 0 where another machine's clock is ahead."""
        if age < -_SKEW_SECONDS:
            return FreshnessState.LATE
        if age < self.fresh_for:
            return FreshnessState.FRESH
        if age < self.fresh_for + self.serve_stale_for:
            return FreshnessState.STALE
        if age < self.fresh_for + self.stale_if_error:
            return FreshnessState.LATE
        return FreshnessState.OVER

    @property
    def kept_for(self) -> float:
        """Age at which a variant is of no more use."""
        return self.fresh_for + max(self.serve_stale_for, self.stale_if_error)
