"""What a measurement ends in: one line of the table, reached or not."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reach:
    """A bound that a figure is held to."""

    bound: float
    at_most: bool = False
    unit: str = ""

    def __str__(self) -> str:
        return f"{'≤' if self.at_most else '≥'} {self.bound:g}{self.unit}"

    def held(self, figure: float) -> bool:
        return figure <= self.bound if self.at_most else figure >= self.bound


@dataclass(frozen=True, slots=True)
class Row:
    """One figure; None where it could not be measured, and `note` says why."""

    name: str
    """The target's, such as `P3`."""
    what: str
    figure: float | None
    reach: Reach | None = None
    spread: tuple[float, float] | None = None
    """The lowest and the highest of its rounds, or of its pictures."""
    note: str = ""
    peer: str = ""
    """Whom the figure is a ratio against, where the chart shows it."""

    @property
    def reached(self) -> bool | None:
        if self.figure is None or self.reach is None:
            return None
        return self.reach.held(self.figure)


def of_rounds(
    name: str,
    what: str,
    ratios: Sequence[float],
    reach: Reach | None = None,
    *,
    note: str = "",
    peer: str = "",
) -> Row:
    """A row of the median of the rounds."""
    spread = (min(ratios), max(ratios)) if len(ratios) > 1 else None
    return Row(name, what, statistics.median(ratios), reach, spread, note, peer)


def skipped(name: str, what: str, why: str) -> Row:
    return Row(name, what, None, note=why)
