"""An address: where originals or results lie, and what can be done there. One class a kind."""

import asyncio
import hashlib
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol, Self

from resizer.model.image import Original, Unchanged

if TYPE_CHECKING:
    from obstore.store import ObjectStore

PROBE = ".resizer-probe"
"""The key of an object that need not exist."""
_PAGE = 1000
"""Keys listed at a time: the most that S3 lists in one answer."""


class CannotOpen(Exception):
    """A store cannot be opened: credentials or an address that cannot be used. Says which error."""


class Source(Protocol):
    """What reads the originals below one address."""

    async def fetch(self, key: str) -> Original:
        """The original, whole and sealed.

        Raises SourceNotFound, SourceUnavailable, SourceTimeout, UnprocessableSource, Overloaded.
        """

    async def refetch(self, key: str, etag: str) -> Original | Unchanged:
        """Unchanged if its entity tag is still `etag`, else the original. Raises as `fetch`."""

    async def check(self) -> None:
        """Raises SourceUnavailable or SourceTimeout when originals cannot be read at the moment."""

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long a client waits for a store, and how often it asks."""

    read: float
    """Seconds without a byte, after which an attempt has failed."""
    total: float
    """Seconds for one attempt."""
    attempts: int = 1
    """Of one request, as the clients count: 5xx, 429 and broken connections are asked again."""


@dataclass(frozen=True, slots=True)
class Servers:
    """What the text of an address leaves open."""

    s3_endpoint: str | None = None
    """URL of an S3 server; else what boto3 reads from the environment, else AWS."""
    s3_region: str | None = None
    """Else `AWS_REGION`, else what boto3 finds in its files."""


FROM_ENVIRONMENT = Servers()


class Address(ABC):
    """Where originals or results lie, as a setting names it. Made without contacting anything."""

    __slots__ = ()

    form: ClassVar[str]
    """How the text of this kind looks, for messages."""
    sends_events: ClassVar[bool] = False
    """Whether it can tell a queue of what changes in it."""

    @classmethod
    @abstractmethod
    def read(cls, text: str, servers: Servers = FROM_ENVIRONMENT) -> Self | None:
        """The address that `text` names; None for a text of another kind."""

    @property
    @abstractmethod
    def identity(self) -> str:
        """All that decides where it leads. What differs in it has other originals."""

    @property
    @abstractmethod
    def path(self) -> str:
        """Where it lies among others of its kind, by whichever server they are reached."""

    @property
    def namespace(self) -> str:
        """What keeps the variants of two sources apart in one cache, without telling their names.

        12 hexadecimal digits.
        """
        return hashlib.sha256(self.identity.encode()).hexdigest()[:12]

    @abstractmethod
    def contains(self, other: "Address") -> bool:
        """Whether all that lies at `other` can be read from here, too."""

    @abstractmethod
    def open_source(self, *, max_bytes: int, fetch_seconds: float) -> Source:
        """A source of originals of at most `max_bytes`, each to arrive within `fetch_seconds`."""

    @abstractmethod
    def open_store(self, timeouts: Timeouts) -> "ObjectStore":
        """A store to keep objects in. Blocks. Raises CannotOpen or OSError."""

    @abstractmethod
    def list_pages(self, prefix: str, size: int) -> Iterator[list[str]]:
        """Every key that starts with `prefix`, at most `size` at a time. Blocks.

        What consoles put in a store for a folder, a name that ends with a slash, is no key. Raises
        SourceUnavailable.
        """

    async def keys(self, prefix: str) -> AsyncIterator[str]:
        """Every key that starts with `prefix`, as they come. Raises SourceUnavailable."""
        pages = self.list_pages(prefix, _PAGE)
        while (page := await asyncio.to_thread(next, pages, None)) is not None:
            for key in page:
                yield key

    def exists(self) -> bool:
        """False for what can be looked for on this machine, and is not there."""
        return True

    def try_writing(self) -> bool:
        """Whether it is there, after trying to write where that leaves nothing behind.

        False for what would be made. Raises OSError.
        """
        return True

    def object_of(self, key: str) -> str:
        """The name, in the store, of the object that `key` leads to."""
        return key

    def key_of(self, bucket: str, name: str) -> str | None:
        """The key of an object that an event tells of; None for one that lies elsewhere."""
        return None
