"""Who is to be told: one entry of the setting `CDN`."""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit


class Kind(StrEnum):
    """What is in front, and by what it is told: by the tags of replies, or by their URLs."""

    CLOUDFRONT = "cloudfront"
    CLOUDFRONT_PATH = "cloudfront-path"
    CLOUDFLARE = "cloudflare"
    CLOUDFLARE_URL = "cloudflare-url"
    FASTLY = "fastly"
    BAN = "ban"
    PURGE = "purge"


BY_URL = {Kind.CLOUDFRONT_PATH, Kind.CLOUDFLARE_URL, Kind.PURGE}
"""Those that know no tags, and can forget only the URLs that were noted."""
SERVERS = {Kind.BAN, Kind.PURGE}
"""Those that are named by their URL."""
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Target:
    """One cache in front of the gateway."""

    kind: Kind
    place: str
    """The id of a distribution, zone or service, or the URL of a server without its last slash."""

    def __str__(self) -> str:
        return f"{self.kind}:{self.place}"


def read_target(text: str) -> Target:
    """`cloudfront:<distribution>`, `cloudflare:<zone>`, `fastly:<service>`, `ban:<url>`, ….

    Raises ValueError that says what there is.
    """
    name, _, place = text.partition(":")
    if name not in [*Kind]:
        raise ValueError(f"must be entries such as {Kind.FASTLY}:id, of {', '.join(Kind)}")
    kind = Kind(name)
    if kind in SERVERS:
        return Target(kind, _server(place, kind))
    if not _ID.fullmatch(place):
        raise ValueError(f"{kind}: must be followed by an id")
    return Target(kind, place)


def _server(url: str, kind: Kind) -> str:
    try:
        parts = urlsplit(url)
        named = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # a port that is no number
        named = None
    if not named or not (url.isascii() and url.isprintable()):
        raise ValueError(f"{kind}: must be followed by an http:// or https:// URL")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError(f"{kind}: takes a URL without a password, a query or a fragment")
    return url.rstrip("/")
