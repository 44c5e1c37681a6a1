"""What the gateway and a worker say to each other: one job, one reply."""

from dataclasses import dataclass
from enum import StrEnum

from resizer.limits import Limits
from resizer.transform import Transform

RENDERER_VERSION = 1
"""Part of every cached variant's field: raise it when the same Transform gives other bytes."""


class Resampling(StrEnum):
    """The light in which pixels are averaged."""

    LINEAR = "linear"
    """Nearly linear light: what a camera would have seen from further away."""
    GAMMA = "gamma"
    """Gamma-coded values, as peers do: the cheapest miss, darker and softer detail."""


@dataclass(frozen=True, slots=True)
class Job:
    """One render: everything but the bytes, which travel beside it as a file descriptor."""

    transform: Transform
    limits: Limits
    resampling: Resampling = Resampling.LINEAR
