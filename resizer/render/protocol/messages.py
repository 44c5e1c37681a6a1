"""The messages between gateway and worker, jobs and replies, and how they are encoded.

An order goes to the worker as a pickle: it comes from the process that started the worker, which
that must obey anyway. A reply comes from a process that hostile bytes may have taken over, so it is
flat JSON of bounded size, and a reply object that exists has been checked, whoever made it.
"""

import json
import math
import pickle
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TypeVar

from resizer.model.formats import BY_MEDIA_TYPE, JSON_TYPE
from resizer.model.limits import Limits
from resizer.model.transform import Transform
from resizer.render.protocol.intermediate import Intermediate, IntermediateKind

MAX_ORDER_BYTES = 65_536
MAX_REPLY_BYTES = 65_536
MAX_TEXT = 300
"""Characters of one text in a reply."""
MAX_PROBLEMS = 16
MAX_SIDE = 65_536
MAX_ORIGINALS = 8
"""Of one variant."""
CONTENT_TYPES = frozenset((*BY_MEDIA_TYPE, JSON_TYPE))


class Resampling(StrEnum):
    """The light in which pixels are averaged."""

    LINEAR = "linear"
    """Linear light: what a camera would have seen from further away."""
    GAMMA = "gamma"
    """Gamma-coded values, as peers do: the cheapest miss, darker and softer detail."""


@dataclass(frozen=True, slots=True)
class Job:
    """One render: everything but the bytes, which travel beside it as file descriptors.

    The first descriptors hold the originals: the picture, then what is laid over it, in order. The
    variant is written to the next. Then comes an empty one for each kind in `outputs`, then those
    of `inputs`.
    """

    sequence: int
    """Of the worker's jobs; its reply repeats it."""
    transform: Transform
    limits: Limits
    resampling: Resampling = Resampling.LINEAR
    originals: int = 1
    inputs: tuple[Intermediate, ...] = ()
    """What the render may begin with; of the picture alone, as `outputs` are."""
    outputs: tuple[IntermediateKind, ...] = ()
    """What it is to leave behind for others."""
    max_output_bytes: int = 0
    """Of one that it leaves."""

    def __post_init__(self) -> None:
        _require(1 <= self.originals <= MAX_ORIGINALS)


Order = Limits | Job
"""A worker is told its limits first, then one job after the other."""
Expected = TypeVar("Expected", Limits, Job)


@dataclass(frozen=True, slots=True)
class Hello:
    """A worker is locked in and ready; `problems` says what of that did not work."""

    problems: list[str]

    def __post_init__(self) -> None:
        _require(isinstance(self.problems, list) and len(self.problems) <= MAX_PROBLEMS)
        _require(all(map(_is_text, self.problems)))


@dataclass(frozen=True, slots=True)
class Done:
    """The variant is written."""

    sequence: int
    size: int
    """Bytes."""
    content_type: str
    width: int
    height: int
    seconds: float
    partial: bool = False
    outputs: tuple[Intermediate, ...] = ()
    """What was left behind for other renders, each in the file of its kind."""
    began: str = ""
    """The kind of intermediate that the render began with, if any."""

    def __post_init__(self) -> None:
        _require(_is_count(self.sequence, 2**63) and _is_count(self.size, 2**63))
        _require(isinstance(self.content_type, str) and self.content_type in CONTENT_TYPES)
        _require(_is_count(self.width, MAX_SIDE) and _is_count(self.height, MAX_SIDE))
        _require(type(self.seconds) is float)
        _require(math.isfinite(self.seconds) and self.seconds >= 0)
        _require(type(self.partial) is bool)
        _require(self.began in ("", *IntermediateKind))
        _require(len({one.kind for one in self.outputs}) == len(self.outputs))


@dataclass(frozen=True, slots=True)
class Refused:
    """The original is at fault; `message` is for the client."""

    sequence: int
    message: str
    stuck: bool = False
    """The render still runs and cannot be stopped: the worker is to be ended."""

    def __post_init__(self) -> None:
        _require(_is_count(self.sequence, 2**63) and _is_text(self.message))
        _require(type(self.stuck) is bool)


@dataclass(frozen=True, slots=True)
class Failed:
    """The render failed in a way nobody foresaw; `detail` is for the log, never for a client."""

    sequence: int
    detail: str

    def __post_init__(self) -> None:
        _require(_is_count(self.sequence, 2**63) and _is_text(self.detail))


WorkerReply = Hello | Done | Refused | Failed
_DONE = "done"
_REPLIES: dict[str, type[WorkerReply]] = {
    "hello": Hello,
    _DONE: Done,
    "refused": Refused,
    "failed": Failed,
}


class ProtocolViolation(Exception):
    """A reply that no worker of ours sends: whatever runs there now is not to be trusted."""


def encode_order(order: Order) -> bytes:
    return pickle.dumps(order, pickle.HIGHEST_PROTOCOL)


def decode_order(message: bytes, kind: type[Expected]) -> Expected:
    """Only ever called inside a worker, on what its gateway sent."""
    order = pickle.loads(message)  # noqa: S301  (see the head of this file)
    if not isinstance(order, kind):
        raise TypeError(f"expected {kind.__name__}, not {type(order).__name__}")
    return order


def encode_reply(reply: WorkerReply) -> bytes:
    return json.dumps([type(reply).__name__.lower(), asdict(reply)]).encode()


def decode_reply(message: bytes) -> WorkerReply:
    """The reply in an message. Raises ProtocolViolation where `encode_reply` made none."""
    if len(message) > MAX_REPLY_BYTES:
        raise ProtocolViolation("a reply is too long")
    try:
        name, facts = json.loads(message.decode())
        if name == _DONE:
            facts["outputs"] = tuple(map(Intermediate.read, facts.get("outputs", ())))
        return _REPLIES[name](**facts)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise ProtocolViolation("a reply makes no sense") from None


def printable(text: str) -> str:
    """As much of `text` as a reply may hold, on one line."""
    return "".join(char if char.isprintable() else " " for char in text[:MAX_TEXT])


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= MAX_TEXT and value.isprintable()


def _is_count(value: object, maximum: int) -> bool:
    return type(value) is int and 1 <= value <= maximum


def _require(truth: bool) -> None:
    if not truth:
        raise ValueError("not a reply")
