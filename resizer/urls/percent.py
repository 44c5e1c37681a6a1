"""Percent-encoding (RFC 3986 §2.1): decoded once, strictly, as UTF-8."""

import re
from urllib.parse import quote, unquote_to_bytes

from resizer.errors import InvalidRequest

_MALFORMED = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def decode(raw: str, what: str) -> str:
    """The text that `raw` stands for; `+` is a plus. `what` names it in the error.

    Bytes that a server passed on undecoded may stand in `raw` as themselves, or as the surrogates
    of the `surrogateescape` handler. Raises InvalidRequest.
    """
    try:
        coded = raw.encode("utf-8", "surrogateescape")
        if _MALFORMED.search(coded):
            raise InvalidRequest(
                f"There is a % in the {what} that two hexadecimal digits do not follow.",
                accepted="percent-encoded UTF-8; a percent sign itself is %25",
            )
        text = unquote_to_bytes(coded).decode("utf-8")
    except UnicodeError:
        raise _not_utf8(what) from None
    refuse_controls(text, what)
    return text


def encode(text: str, safe: str, what: str) -> str:
    """Everything but RFC 3986's unreserved characters and `safe`, percent-encoded."""
    try:
        return quote(text, safe=safe, errors="strict")
    except UnicodeError:
        raise _not_utf8(what) from None


def refuse_controls(text: str, what: str) -> None:
    """Refuse C0, DEL and C1: no file name needs them, and a line feed would blur a signature."""
    if _CONTROL.search(text):
        raise InvalidRequest(
            f"There is a control character in the {what}.",
            accepted="text without control characters",
        )


def _not_utf8(what: str) -> InvalidRequest:
    return InvalidRequest(
        f"There is text in the {what} that is not UTF-8.", accepted="percent-encoded UTF-8"
    )
