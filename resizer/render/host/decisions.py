"""The decisions of a pool's schedule, as data, and the worker slots that they are about."""

from dataclasses import dataclass

from resizer.errors import ResizerError
from resizer.render.host.render_request import RenderRequest
from resizer.render.host.worker_process import Worker, WorkerEnd


@dataclass(slots=True, eq=False)
class WorkerSlot:
    """Room for one worker of the quick lane, which is replaced when it is dead or worn."""

    worker: Worker | None = None
    """It is up."""
    successor: Worker | None = None
    """It is up too, and takes over when the other, which is worn, has no job."""
    starting: bool = False
    """A worker is being started for this slot, however often that fails."""
    failing: bool = False
    """The last attempt at that failed."""
    tried: bool = False
    """The first attempt at that is over."""
    pause: float = 0.0
    """Seconds until the next worker is started."""
    request: RenderRequest | None = None
    """What its worker renders."""
    overdue: bool = False
    """It has taken longer than renders may when others wait."""
    guest: bool = False
    """It is from quarantine."""

    @property
    def is_idle(self) -> bool:
        return self.request is None and self.worker is not None

    @property
    def will_be_idle(self) -> bool:
        """It can take a request, now or as soon as its worker is there."""
        return self.request is None and (self.worker is not None or not self.failing)

    @property
    def gives_way(self) -> bool:
        """Its render goes elsewhere when somebody waits."""
        busy = self.request is not None and self.worker is not None
        return busy and (self.overdue or self.guest)


@dataclass(frozen=True, slots=True)
class Refuse:
    """Answer the request with an error."""

    request: RenderRequest
    error: ResizerError


@dataclass(frozen=True, slots=True)
class Render:
    """Have the slot's worker answer the request."""

    slot: WorkerSlot
    worker: Worker
    request: RenderRequest


@dataclass(frozen=True, slots=True)
class RenderAlone:
    """Have a worker of its own, of the slow lane, answer the request."""

    request: RenderRequest


@dataclass(frozen=True, slots=True)
class SlowDown:
    """The worker goes on with its job in the slow lane, and ends with it."""

    worker: Worker


@dataclass(frozen=True, slots=True)
class Kill:
    """End the worker, whatever it does."""

    worker: Worker
    end: WorkerEnd


@dataclass(frozen=True, slots=True)
class Start:
    """Start a worker for the slot after a pause, in seconds, until there is one."""

    slot: WorkerSlot
    pause: float


@dataclass(frozen=True, slots=True)
class Slowed:
    """Count the request among those of the slow lane."""

    request: RenderRequest


Decision = Refuse | Render | RenderAlone | SlowDown | Kill | Start | Slowed
