"""Purge targets: the entries of the setting `CDN`, and the calls that purge one."""

import re
import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from resizer.cdn.call import PurgeCall
from resizer.cdn.vendor import Purge, Vendor
from resizer.cdn.vendors import VENDORS
from resizer.model.flush import Flush

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_AS_IT_IS = string.ascii_letters + string.digits + string.punctuation


@dataclass(frozen=True, slots=True)
class Target:
    """One cache in front of the gateway."""

    vendor: Vendor
    address: str
    """The id of a distribution, zone or service, or the URL of a server without its last slash."""

    def __str__(self) -> str:
        return f"{self.vendor.name}:{self.address}"


@dataclass(frozen=True, slots=True)
class PurgePolicy:
    """The settings of a purge, as plain values."""

    targets: tuple[Target, ...]
    public_url: str = ""
    """What clients put before a path; empty where nobody said."""
    tokens: Mapping[str, str] = field(default_factory=dict, repr=False)
    """By the names of their settings."""

    @property
    def needs_paths(self) -> bool:
        """Whether one of them purges by URL, so that URLs have to be noted."""
        return any(target.vendor.by_url for target in self.targets)


def read_target(text: str) -> Target:
    """`cloudfront:<distribution>`, `cloudflare:<zone>`, `fastly:<service>`, `ban:<url>`, ….

    Raises ValueError that says what there is.
    """
    name, _, address = text.partition(":")
    vendor = VENDORS.get(name)
    if vendor is None:
        raise ValueError(f"must be entries such as fastly:id, of {', '.join(VENDORS)}")
    if vendor.is_server:
        return Target(vendor, _server(address, name))
    if not _ID.fullmatch(address):
        raise ValueError(f"{name}: must be followed by an id")
    return Target(vendor, address)


def calls_for(
    target: Target, policy: PurgePolicy, flushes: Sequence[Flush], paths: Iterable[str]
) -> list[PurgeCall]:
    """The calls after which `target` has forgotten `flushes`.

    `paths` are those that were answered with what was flushed. A target that purges by URL and
    has none of them gets no call.
    """
    known = sorted(_sendable(path) for path in paths)
    token = policy.tokens.get(target.vendor.token, "")
    purge = Purge(target.address, flushes, known, policy.public_url, token)
    return [*target.vendor.calls(purge)]


def _server(url: str, name: str) -> str:
    try:
        parts = urlsplit(url)
        named = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # a port that is no number
        named = None
    if not named or not (url.isascii() and url.isprintable()):
        raise ValueError(f"{name}: must be followed by an http:// or https:// URL")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError(f"{name}: takes a URL without a password, a query or a fragment")
    return url.rstrip("/")


def _sendable(path: str) -> str:
    """A path as it was asked for; what no request line can hold is percent-encoded."""
    return quote(path, safe=_AS_IT_IS, errors="surrogateescape")
