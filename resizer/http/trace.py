"""Trace: what identifies one request in its reply and its log line."""

import itertools
import re
import secrets
import time
from dataclasses import dataclass, field

from starlette.types import Scope

_PLAUSIBLE_ID = re.compile(rb"[A-Za-z0-9._:@/+=-]{1,128}")
_process = secrets.token_hex(6).encode()


@dataclass(slots=True)
class Trace:
    """A request's id and start."""

    request_id: str
    started: float = field(default_factory=time.perf_counter)


new_id = map((_process + b"-%x").__mod__, itertools.count(1)).__next__
"""An id no other process makes: a random part of this process, and a count. It names a request in
logs and is no secret, so it may be guessed; made in C, for the hit lane."""


def accepted_id(header: bytes | None) -> bytes:
    """The client's `X-Request-Id` where it is harmless in a log, else a new one."""
    if header and _PLAUSIBLE_ID.fullmatch(header):
        return header
    return new_id()


def trace_of(scope: Scope) -> Trace:
    """The trace that the access log laid into the scope."""
    trace: Trace = scope["resizer.trace"]
    return trace
