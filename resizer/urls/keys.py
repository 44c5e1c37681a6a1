"""The key: an image's path in the bucket, as the rest of a URL's path.

/img/w=400/photos/cat.jpg        photos/cat.jpg
/img/w=400//photos/cat.jpg       photos/cat.jpg       as loaders write the path /photos/cat.jpg
/img/w=400/%2Fphotos/cat.jpg     /photos/cat.jpg      a key that does begin with a slash
/img/w=400/a//b%2Bc%20100%25     a//b+c 100%
/img/w=400/https://host/cat.jpg  https://host/cat.jpg a key like any other: nothing is fetched
"""

import re
from urllib.parse import quote, unquote_to_bytes

from resizer.errors import InvalidRequest, SourceNotFound

MAX_BYTES = 1024
"""The length of the longest key S3 holds, in bytes of UTF-8."""


def read_key(raw: str) -> str:
    """The key that the rest of a path stands for.

    One literal slash at its start is dropped. Raises InvalidRequest, and SourceNotFound for an
    empty key.
    """
    if len(raw) > 3 * MAX_BYTES + 1:
        raise _too_long()
    key = percent_decode(raw.removeprefix("/"), "key")
    check_key(key)
    return key


def write_key(key: str) -> str:
    """`key` percent-encoded, its slashes kept, so that `read_key` reads it back."""
    check_key(key)
    coded = percent_encode(key, "/", "key")
    return f"%2F{coded[1:]}" if coded.startswith("/") else coded


def check_key(key: str) -> None:
    """Refuse what no original has as its (decoded) key, before any driver sees it.

    Raises InvalidRequest, and SourceNotFound for an empty key: some object stores answer it with
    the bucket's listing.
    """
    if not key:
        raise SourceNotFound("The URL names no image: its key is empty.")
    refuse_controls(key, "key")
    if len(key.encode("utf-8", "replace")) > MAX_BYTES:
        raise _too_long()
    if ".." in key.split("/"):
        raise InvalidRequest("The key has a `..` segment.", accepted="a path without `..`")


def _too_long() -> InvalidRequest:
    return InvalidRequest("The key is too long.", accepted=f"at most {MAX_BYTES} bytes of UTF-8")


_MALFORMED = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def percent_decode(raw: str, what: str) -> str:
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


def percent_encode(text: str, safe: str, what: str) -> str:
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
