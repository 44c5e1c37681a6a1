"""Signed URLs: how a signature is made, and whether one is right."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from resizer.errors import SignatureExpired, SignatureMismatch


@dataclass(frozen=True, slots=True)
class SignatureScheme:
    """How the URLs of a dialect are signed, and the words for one that is not."""

    sign: Callable[[str, bytes], str]
    """A signing key, as the settings have it, and what is signed → the signature, in the only
    spelling that is accepted. Any key will do."""
    where: str
    """Where the signature stands, in words that follow «needs»."""
    what: str
    """What is signed, in words that follow «does not match»."""


def hmac_sha256(key: bytes, signed: bytes) -> str:
    """43 characters of base64url without padding (RFC 2104, RFC 4648 §5)."""
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def verify(
    scheme: SignatureScheme, secrets: Sequence[str], signed: bytes, signature: str | None
) -> None:
    """Raise SignatureMismatch unless one of `secrets` made `signature` of `signed`.

    Signatures are compared as text, so that only one spelling of each is good; every secret is
    tried, in constant time, so that the time tells nothing about which one was near.
    """
    if signature is None:
        raise SignatureMismatch("The URL is not signed.")
    claimed = signature.encode("utf-8", "replace")
    matches = [
        hmac.compare_digest(scheme.sign(secret, signed).encode(), claimed) for secret in secrets
    ]
    if not any(matches):
        raise SignatureMismatch(f"The signature does not match {scheme.what}.")


def check_expiry(expires: int | None, now: float) -> None:
    """Raise SignatureExpired from the second `expires` on. Both are Unix time in seconds."""
    if expires is not None and now >= expires:
        raise SignatureExpired("The URL has expired: its exp is in the past.")
