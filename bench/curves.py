"""Two encoders' settings at equal score: how many bytes one needs for what the other reaches."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import exp, log
from statistics import fmean


@dataclass(frozen=True, slots=True)
class Point:
    """One file: of one photo, at one quality."""

    score: float
    """SSIMULACRA2 against the picture before it was encoded."""
    size: int
    """Bytes."""
    ms: float


Curve = list[Point]
"""The points of one photo, of growing quality."""
Value = Callable[[Point], float]


@dataclass(frozen=True, slots=True)
class Against:
    """A setting as a share of another: 0.9 is a tenth less."""

    time: float
    size: float
    size_low: float
    """The same where the score is low, the lower half of the points; and where it is high."""
    size_high: float


def against(base: list[Curve], other: list[Curve]) -> Against:
    """What `other` takes for the scores of `base`, photo by photo in the same order."""
    shares = sorted(
        (point.score, at(theirs, point.score, log_size) - log_size(point))
        for ours, theirs in zip(base, other, strict=True)
        for point in _within(ours, theirs)
    )
    logs, half = [share for _, share in shares], len(shares) // 2
    times = [
        (at(theirs, point.score, lambda point: point.ms), point.ms)
        for ours, theirs in zip(base, other, strict=True)
        for point in _within(ours, theirs)
    ]
    return Against(
        time=sum(time for time, _ in times) / sum(time for _, time in times),
        size=exp(fmean(logs)),
        size_low=exp(fmean(logs[:half])),
        size_high=exp(fmean(logs[half:])),
    )


def at(curve: Curve, score: float, value: Value) -> float:
    """`value` where the curve passes `score`, on the line between the points beside it."""
    points = sorted(curve, key=lambda point: point.score)
    for left, right in pairwise(points):
        if left.score <= score <= right.score:
            share = (score - left.score) / ((right.score - left.score) or 1)
            return value(left) + share * (value(right) - value(left))
    raise ValueError(f"no point of the curve is beyond {score:.1f}")


def log_size(point: Point) -> float:
    return log(point.size)


def _within(ours: Curve, theirs: Curve) -> Curve:
    scores = [point.score for point in theirs]
    return [point for point in ours if min(scores) <= point.score <= max(scores)]
