"""ResultsTier: variants as objects in a bucket or a directory, through obstore."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError

from resizer.aio.circuit_breaker import CircuitBreaker
from resizer.aio.tasks import offload
from resizer.cache.results.names import directory_of, enclosing, name_of, read_name
from resizer.errors import CacheUnavailable
from resizer.model.flush import Flush, FlushResult
from resizer.model.image import Variant, pack, unpack
from resizer.storage.address import Address, CannotOpen, Timeouts

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_LISTED = 1000
"""Objects: what S3 lists, and deletes, at a time."""
_SECONDS = 5.0
_ATTEMPTS = 3
_DIGEST_SIZE = 16
_NO_SUCH_KEY = re.compile(r'^\s+code: "NoSuchKey",$', re.MULTILINE)
"""What obstore tells of a server that misses an object in a list to delete. S3 does not."""


class ResultsTier:
    """Variants, each an object: a checksum, then the variant as the shared cache has it."""

    def __init__(self, address: Address, namespace: str, seconds: float = _SECONDS) -> None:
        """Sources that share the address are told apart by `namespace`.

        A call that takes longer than `seconds` has failed; a flush takes as long as it takes.
        Nothing is contacted yet.
        """
        self._address = address
        self._root = address.object_of(namespace).lstrip("/")
        self._seconds = seconds
        self._breaker = CircuitBreaker()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="results")
        self._store: ObjectStore | None = None
        self._opening = asyncio.Lock()

    async def get(self, key: str, field: str) -> Variant | None:
        """The variant; None when there is none, or a broken one, which is removed."""
        name = name_of(self._root, key, field)
        if name is None:
            return None
        async with self._bounded():
            store = await self._opened()
            try:
                found = await obstore.get_async(store, name)
                value = memoryview(await found.bytes_async())
            except FileNotFoundError:
                return None
        variant = await offload(len(value), _read, value)
        if variant is None:
            await self.forget(key, field)
        return variant

    async def put(self, key: str, field: str, variant: Variant) -> None:
        """Store it, whole or not at all, unless its name would be too long for any store."""
        name = name_of(self._root, key, field)
        if name is None:
            return
        value = await offload(variant.size, _written, variant)
        async with self._bounded():
            store = await self._opened()
            await obstore.put_async(store, name, value, use_multipart=False)

    async def forget(self, key: str, field: str) -> None:
        """Remove one variant, there or not."""
        name = name_of(self._root, key, field)
        if name is None:
            return
        async with self._bounded():
            await _delete(await self._opened(), [name])

    async def flush(self, flush: Flush, dry_run: bool = False) -> FlushResult:
        """Remove what `flush` names. What is put meanwhile may stay."""
        keys: set[str] = set()
        variants = 0
        with _failures():
            store = await self._opened()
            async for names in self._listed(store, flush):
                meant = dict(self._meant(flush, names))
                keys.update(meant.values())
                variants += len(meant)
                if meant and not dry_run:
                    await _delete(store, list(meant))
        return FlushResult(len(keys), variants)

    async def check(self) -> None:
        """Whether they can be listed, which a flush needs. Raises CacheUnavailable."""
        async with self._bounded():
            async for _ in obstore.list(await self._opened(), self._root, chunk_size=1):
                break

    async def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _listed(self, store: "ObjectStore", flush: Flush) -> AsyncIterator[list[str]]:
        """Names that a flush may mean. Stores list by whole segments, so there are more."""
        if flush.key is not None:
            # Only what lies in it: below it are the originals whose keys begin with this one.
            place = directory_of(self._root, flush.key)
            found = await obstore.list_with_delimiter_async(store, place)
            yield [meta["path"] for meta in found["objects"]]
            return
        place = enclosing(self._root, "" if flush.tag is not None else flush.prefix)
        async for metas in obstore.list(store, place, chunk_size=_LISTED):
            yield [meta["path"] for meta in metas]

    def _meant(self, flush: Flush, names: list[str]) -> Iterator[tuple[str, str]]:
        """Those of the names that are to go, and their keys."""
        for name in names:
            place = read_name(self._root, name)
            if place and flush.matches(*place):
                yield name, place[0]

    @asynccontextmanager
    async def _bounded(self) -> AsyncIterator[None]:
        """Around one call. A store that keeps failing is left alone for a while."""
        if not self._breaker.admits():
            raise CacheUnavailable("The results failed repeatedly and are left alone for a while.")
        try:
            with _failures():
                async with asyncio.timeout(self._seconds):
                    yield
        except CacheUnavailable:
            self._breaker.failed()
            raise
        self._breaker.succeeded()

    async def _opened(self) -> "ObjectStore":
        """The store, opened at first use: imports and credentials take time and may fail."""
        async with self._opening:
            if self._store is None:
                loop = asyncio.get_running_loop()
                self._store = await loop.run_in_executor(self._thread, self._open)
            return self._store

    def _open(self) -> "ObjectStore":
        try:
            return self._address.open_store(Timeouts(self._seconds, self._seconds, _ATTEMPTS))
        except CannotOpen as error:
            raise CacheUnavailable(f"The results failed: {error}.") from error


async def _delete(store: "ObjectStore", names: list[str]) -> None:
    """Remove objects, there or not: at the first that is not, others may have been left out."""
    try:
        await obstore.delete_async(store, names)
    except (FileNotFoundError, BaseError) as error:
        if not isinstance(error, FileNotFoundError) and not _NO_SUCH_KEY.search(str(error)):
            raise
        for name in names if len(names) > 1 else ():
            await _delete(store, [name])


def _written(variant: Variant) -> bytes:
    packed = pack(variant)
    return _digest(packed) + packed


def _read(value: memoryview) -> Variant | None:
    packed = bytes(value[_DIGEST_SIZE:])
    if value[:_DIGEST_SIZE] != _digest(packed):
        return None
    try:
        return unpack(packed)
    except ValueError:
        return None


def _digest(packed: bytes) -> bytes:
    """A machine that stops may leave a file of the right size and the wrong bytes."""
    return hashlib.blake2b(packed, digest_size=_DIGEST_SIZE).digest()


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except (BaseError, OSError, ValueError) as error:
        raise CacheUnavailable(f"The results failed: {type(error).__name__}.") from error
