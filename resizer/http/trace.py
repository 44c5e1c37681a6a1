"""Trace: what identifies one request in its reply and its log line."""

import itertools
import re
import secrets
import time
from dataclasses import dataclass, field

from starlette.types import Scope

_PLAUSIBLE_ID = re.compile(rb"[A-Za-z0-9._:@/+=-]{1,128}")
_process = secrets.token_hex(4)
_count = itertools.count(1)


@dataclass(slots=True)
class Trace:
    """A request's id and start."""

    request_id: str
    started: float = field(default_factory=time.perf_counter)


def new_id() -> str:
    """An id no other process makes: a random part of this process and a count."""
    return f"{_process}-{next(_count):x}"


def accepted_id(header: bytes | None) -> str:
    """The client's `X-Request-Id` where it is harmless in a log, else a new one."""
    if header and _PLAUSIBLE_ID.fullmatch(header):
        return header.decode()
    return new_id()


def trace_of(scope: Scope) -> Trace:
    """The trace that the access log laid into the scope."""
    trace: Trace = scope["resizer.trace"]
    return trace
