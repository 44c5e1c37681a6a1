"""From a target and what was flushed to the calls that tell it. Nothing is sent here."""

import json
import string
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from urllib.parse import quote, urlsplit

from resizer.cdn.target import BY_URL, Kind, Target
from resizer.model.cache_tags import tags_for
from resizer.model.flush import Flush


@dataclass(frozen=True, slots=True)
class PurgePolicy:
    """Plain values that a purge goes by."""

    targets: tuple[Target, ...]
    public_url: str = ""
    """What clients put before a path; empty where nobody said."""
    cloudflare_token: str = field(default="", repr=False)
    fastly_token: str = field(default="", repr=False)
    cloudflare_api: str = "https://api.cloudflare.com"
    fastly_api: str = "https://api.fastly.com"

    @property
    def needs_paths(self) -> bool:
        """Whether one of them forgets by URL, so that URLs have to be noted."""
        return any(target.kind in BY_URL for target in self.targets)


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request."""

    method: str
    url: str
    headers: dict[str, str] = field(repr=False)
    body: bytes | None = None
    gone: frozenset[int] = frozenset()
    """Statuses beside 2xx that mean: it is not there."""


@dataclass(frozen=True, slots=True)
class Invalidation:
    """One CreateInvalidation of CloudFront."""

    distribution: str
    items: tuple[str, ...]
    """Paths, or tags that begin with `#`."""
    reference: str = field(default_factory=lambda: uuid.uuid4().hex)
    """CallerReference: the same for every attempt, so that a repeated one does nothing twice."""


Call = Request | Invalidation

EVERY_IMAGE = ("/img/*", "/cdn-cgi/image/*")
"""All paths of images. Other things may be behind the same distribution."""
_MOST_PATHS = 200
"""Paths invalidated one by one, each of which CloudFront charges for; more are `EVERY_IMAGE`."""
_CLOUDFRONT_ITEMS = 1000
"""Of the 3,000 that may be in progress at a time."""
_CLOUDFLARE_ITEMS = 100
"""Operations a request, on every plan."""
_FASTLY_ITEMS = 256
_BAN_LENGTH = 2000
"""Characters of a ban's header, which becomes one regular expression."""
_NOT_CACHED = frozenset({404, 412})
"""What ngx_cache_purge says, by its version, of a reply that nginx does not hold."""


def plan(
    target: Target, policy: PurgePolicy, flushes: Sequence[Flush], paths: Iterable[str]
) -> list[Call]:
    """The calls after which `target` has forgotten `flushes`.

    `paths` are those that were answered with what was flushed. A target that is told by URL and
    has none of them gets no call.
    """
    if target.kind not in BY_URL:
        tags = dict.fromkeys(tag for flush in flushes for tag in tags_for(flush))
        return [*_by_tag(target, policy, list(tags))]
    known = sorted(_sendable(path) for path in paths)
    of_keys = all(flush.key is not None for flush in flushes)
    if target.kind is Kind.CLOUDFRONT_PATH and not (of_keys and len(known) <= _MOST_PATHS):
        known = [*EVERY_IMAGE]
    return [*_by_url(target, policy, known)]


def _by_tag(target: Target, policy: PurgePolicy, tags: list[str]) -> Iterator[Call]:
    match target.kind:
        case Kind.CLOUDFRONT:
            return _invalidations(target.place, [f"#{tag}" for tag in tags])
        case Kind.CLOUDFLARE:
            return _zone_purges(target.place, policy, "tags", tags)
        case Kind.FASTLY:
            return _key_purges(target.place, policy, tags)
    return _bans(target.place, policy, tags)


def _by_url(target: Target, policy: PurgePolicy, paths: list[str]) -> Iterator[Call]:
    match target.kind:
        case Kind.CLOUDFRONT_PATH:
            return _invalidations(target.place, paths)
        case Kind.CLOUDFLARE_URL:
            site = policy.public_url.rstrip("/")
            return _zone_purges(target.place, policy, "files", [site + path for path in paths])
    return _purges(target.place, policy, paths)


def _invalidations(distribution: str, items: list[str]) -> Iterator[Call]:
    for batch in _batches(items, _CLOUDFRONT_ITEMS):
        yield Invalidation(distribution, tuple(batch))


def _zone_purges(zone: str, policy: PurgePolicy, by: str, items: list[str]) -> Iterator[Call]:
    url = f"{policy.cloudflare_api}/client/v4/zones/{zone}/purge_cache"
    for batch in _batches(items, _CLOUDFLARE_ITEMS):
        yield _post(url, {"Authorization": f"Bearer {policy.cloudflare_token}"}, {by: batch})


def _key_purges(service: str, policy: PurgePolicy, tags: list[str]) -> Iterator[Call]:
    url = f"{policy.fastly_api}/service/{service}/purge"
    for batch in _batches(tags, _FASTLY_ITEMS):
        yield _post(url, {"Fastly-Key": policy.fastly_token}, {"surrogate_keys": batch})


def _post(url: str, headers: dict[str, str], content: dict[str, list[str]]) -> Request:
    of_json = {"Content-Type": "application/json", "Accept": "application/json"}
    return Request("POST", url, of_json | headers, json.dumps(content).encode())


def _bans(server: str, policy: PurgePolicy, tags: list[str]) -> Iterator[Call]:
    for batch in _lines(tags, _BAN_LENGTH):
        yield Request("BAN", f"{server}/", {**_host(policy), "Surrogate-Key": " ".join(batch)})


def _purges(server: str, policy: PurgePolicy, paths: list[str]) -> Iterator[Call]:
    for path in paths:
        yield Request("PURGE", server + path, _host(policy), gone=_NOT_CACHED)


def _host(policy: PurgePolicy) -> dict[str, str]:
    """The name under which clients ask: a server in front may keep several sites apart by it."""
    return {"Host": urlsplit(policy.public_url).netloc} if policy.public_url else {}


_AS_IT_IS = string.ascii_letters + string.digits + string.punctuation


def _sendable(path: str) -> str:
    """A path as it was asked for; what no request line can hold is percent-encoded."""
    return quote(path, safe=_AS_IT_IS, errors="surrogateescape")


def _batches(items: list[str], size: int) -> Iterator[list[str]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def _lines(items: list[str], length: int) -> Iterator[list[str]]:
    """Runs of items that, joined by one character each, are no longer than `length`."""
    line: list[str] = []
    left = length
    for item in items:
        if line and len(item) + 1 > left:
            yield line
            line, left = [], length
        line.append(item)
        left -= len(item) + 1
    if line:
        yield line
