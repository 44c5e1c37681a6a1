"""What a CDN vendor consists of: a name, the settings it needs, and the calls that purge it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from urllib.parse import urlsplit

from resizer.cdn.call import PurgeCall
from resizer.model.cache_tags import tags_for
from resizer.model.flush import Flush


@dataclass(frozen=True, slots=True)
class Purge:
    """What is to be purged at one target: as flushes, cache tags, paths and URLs."""

    address: str
    """The id of a distribution, zone or service, or the URL of a server without its last slash."""
    flushes: Sequence[Flush]
    paths: Sequence[str] = ()
    """Those that were answered with what is flushed, sorted, as a request line can hold them."""
    public_url: str = ""
    """What clients put before a path; empty where nobody said."""
    token: str = field(default="", repr=False)

    @property
    def tags(self) -> list[str]:
        """The cache tags of the flushes, each once."""
        return [*dict.fromkeys(tag for flush in self.flushes for tag in tags_for(flush))]

    @property
    def urls(self) -> list[str]:
        """The paths as clients ask for them."""
        return [self.public_url.rstrip("/") + path for path in self.paths]

    @property
    def host(self) -> dict[str, str]:
        """The name under which clients ask: a server may keep several sites apart by it."""
        return {"Host": urlsplit(self.public_url).netloc} if self.public_url else {}


@dataclass(frozen=True, slots=True)
class Vendor:
    """One way to purge a CDN; a vendor that purges by tag or by URL is two of these."""

    name: str
    """Before the colon in an entry of the setting `CDN`."""
    calls: Callable[[Purge], Iterator[PurgeCall]]
    """Those after which it has forgotten. Decides all, and sends nothing."""
    pause: float
    """Seconds between the starts of two calls."""
    token: str = ""
    """The setting that holds its secret."""
    by_url: bool = False
    """It knows no tags, and can forget only the URLs that were noted."""
    needs_public_url: bool = False
    """Its calls hold whole URLs."""
    is_server: bool = False
    """It is named by its URL, not by an id."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Settings without which it cannot be purged."""
        return tuple(filter(None, (self.token, "public_url" if self.needs_public_url else "")))


def batches(items: Sequence[str], size: int) -> Iterator[list[str]]:
    """Runs of at most `size` items."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
