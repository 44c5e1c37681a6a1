"""What must hold of more than one target."""

import json
import re
import unicodedata

from resizer.errors import ResizerError
from resizer.http.replies import problem
from resizer.model.response_head import Headers

_NAME = re.compile(rb"[a-z0-9-]+")


def check_refusal(error: ResizerError, *statuses: int) -> None:
    """A refusal can be told: it is one of those expected, and a problem reply can say it."""
    assert error.status in statuses, f"{error.status}: {error}"
    assert len(str(error)) < 700
    assert not has_controls(str(error))
    reply = problem(error, "a-request", 60)
    assert json.loads(reply.body)["detail"]
    check_headers(reply.headers)


def check_headers(headers: Headers) -> None:
    """No field ends before its line does (RFC 9110 §5.5), nor has a name of its own making."""
    for name, value in headers:
        assert _NAME.fullmatch(name), name
        assert not {*value} & {*b"\r\n\0"}, value


def has_controls(text: str) -> bool:
    return any(unicodedata.category(char) == "Cc" for char in text)
