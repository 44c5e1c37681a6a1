"""Signed URLs: HMAC-SHA256 over what a URL says, not over how it is spelled.

Signed is each decoded option, then an empty line, then the decoded key. Line feeds are refused in
both, so nothing can slide from one side to the other, and a proxy that re-encodes changes nothing.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence

from resizer.errors import InvalidRequest, SignatureExpired, SignatureMismatch


def text(options: Sequence[str], key: str) -> bytes:
    """What is signed: decoded `options` without `sig`, in the URL's order, and the decoded `key`.

    Raises InvalidRequest for a line feed or text that is not Unicode.
    """
    lines = [*options, "", key]
    if any("\n" in line for line in lines):
        raise InvalidRequest(
            "A line feed cannot be signed.", accepted="options and keys of one line"
        )
    try:
        return "\n".join(lines).encode()
    except UnicodeEncodeError:
        raise InvalidRequest("What is to be signed is not Unicode.", accepted="UTF-8") from None


def sign(secret: str, options: Sequence[str], key: str) -> str:
    """The value of `sig`: 43 characters of base64url without padding (RFC 4648 §5)."""
    digest = hmac.new(secret.encode(), text(options, key), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def verify(secrets: Sequence[str], options: Sequence[str], key: str, signature: str | None) -> None:
    """Raise SignatureMismatch unless one of `secrets` made `signature`.

    Signatures are compared as text, so that only one spelling of each is good; every secret is
    tried, in constant time, so that the time tells nothing about which one was near.
    """
    if signature is None:
        raise SignatureMismatch("The URL is not signed: it has no sig.")
    claimed = signature.encode("utf-8", "replace")
    matches = [
        hmac.compare_digest(sign(secret, options, key).encode(), claimed) for secret in secrets
    ]
    if not any(matches):
        raise SignatureMismatch("The signature does not match the options and the key.")


def check_expiry(expires: int | None, now: float) -> None:
    """Raise SignatureExpired from the second `expires` on. Both are Unix time in seconds."""
    if expires is not None and now >= expires:
        raise SignatureExpired("The URL has expired: its exp is in the past.")
