"""Overlays: the further originals that a variant shows, and the versions that it is named by."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from resizer.aio.lru import Lru
from resizer.cache.coherence import Coherence
from resizer.errors import OverlayNotFound, SourceNotFound, SourceTimeout, SourceUnavailable
from resizer.gateway.negative_cache import WHOLE_ORIGINAL
from resizer.gateway.protocols import Originals
from resizer.gateway.singleflight import Call, SingleFlight
from resizer.gateway.tiers import Tiers
from resizer.model.field import Overlay, version_of
from resizer.model.flush import Flush
from resizer.model.freshness import FreshnessState
from resizer.model.image import Original

SOURCE_AWAY = (SourceUnavailable, SourceTimeout)
_MOST = 10_000
_RETRY_SECONDS = 5.0
"""Between two questions about a stale overlay, behind replies."""


@dataclass(slots=True)
class _Known:
    """A version, and when the source said last that it is the current one."""

    version: str
    checked_at: float
    asked_at: float
    """Unix times."""


class Overlays:
    """Versions grow old as variants do: fresh, stale and asked for behind the reply, then asked
    for first. None is used that may be older than a flush. Belongs to one event loop."""

    def __init__(self, originals: Originals, tiers: Tiers, coherence: Coherence) -> None:
        self._originals = originals
        self._tiers = tiers
        self._coherence = coherence
        self._known: Lru[str, _Known] = Lru(max_entries=_MOST)
        self._calls: SingleFlight[str, Call[str, str]] = SingleFlight(coherence, Flush.touches)
        coherence.subscribe(self.forget, self._known.clear)

    def peek(self, keys: Sequence[str]) -> tuple[Overlay, ...] | None:
        """Their versions, if each may be used unasked."""
        found = [(key, self._may_be_used(key)) for key in keys]
        if not all(version is not None for _, version in found):
            return None
        return tuple(Overlay(key, version) for key, version in found if version is not None)

    async def resolve(self, keys: Sequence[str]) -> tuple[Overlay, ...]:
        """Their versions, asked for where they must be.

        Raises OverlayNotFound, and what the source raises but for one that was known before.
        """
        return tuple([Overlay(key, await self._version(key)) for key in keys])

    async def fetch(self, key: str) -> Original:
        """The original. Raises OverlayNotFound, and what the source raises."""
        try:
            self._tiers.raise_if_known(key, WHOLE_ORIGINAL)
            return await self._originals.fetch(key)
        except SourceNotFound as error:
            if key in self._known:
                self._coherence.origin_deleted(key)
            self._tiers.refuse_original(key, error)
            raise OverlayNotFound(f"There is no overlay {key!r}.", reason=error.reason) from error

    def forget(self, flush: Flush) -> None:
        """Have what was flushed asked for again."""
        for key in filter(flush.touches, self._known):
            self._known.remove(key)

    async def drain(self, seconds: float) -> None:
        """Wait for questions under way, not longer than `seconds`, and cancel the rest."""
        await self._calls.drain(seconds)

    def _may_be_used(self, key: str) -> str | None:
        known, now = self._known.get(key), time.time()
        if known is None or not self._coherence.trusted:
            return None
        state = self._tiers.state(known.checked_at)
        if state not in (FreshnessState.FRESH, FreshnessState.STALE):
            return None
        if state is FreshnessState.STALE and now - known.asked_at > _RETRY_SECONDS:
            known.asked_at = now
            self._call(key)
        self._known.touch(key)
        return known.version

    async def _version(self, key: str) -> str:
        if (version := self._may_be_used(key)) is not None:
            return version
        try:
            return await self._call(key).wait()
        except SOURCE_AWAY:
            known = self._known.get(key) if self._coherence.trusted else None
            if known is None or self._tiers.state(known.checked_at) is FreshnessState.OVER:
                raise
            return known.version

    def _call(self, key: str) -> Call[str, str]:
        return self._calls.find(key) or self._calls.start(Call(key), self._ask)

    async def _ask(self, call: Call[str, str]) -> str:
        with await self.fetch(call.id) as original:
            version = version_of(original)
            if not call.flushed and self._coherence.trusted:
                known = _Known(version, original.checked_at, original.checked_at)
                self._known.put(call.id, known)
            return version
