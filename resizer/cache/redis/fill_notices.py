"""FillNotices: wait for the fill of another gateway without asking Redis again and again."""

import asyncio
import json
from collections import defaultdict

from resizer.errors import ResizerError, shared_error
from resizer.model.image import VariantId


class FillNotices:
    """Who in this process waits for the fill of which variant."""

    def __init__(self) -> None:
        self._waiting: defaultdict[VariantId, set[asyncio.Future[ResizerError | None]]] = (
            defaultdict(set)
        )

    def expect(self, variant_id: VariantId) -> "Waiter":
        """Whoever asks for the lease waits from before: the fill of another may end at once."""
        ended: asyncio.Future[ResizerError | None] = asyncio.get_running_loop().create_future()
        self._waiting[variant_id].add(ended)
        return Waiter(self, variant_id, ended)

    def notify(self, message: bytes) -> None:
        """A message came: some gateway's fill has ended. What makes no sense is passed over."""
        try:
            facts = json.loads(message)
            key, field, error = facts["key"], facts["field"], shared_error(facts["error"])
        except (ValueError, RecursionError, KeyError, TypeError):
            return
        for ended in self._waiting.get((str(key), str(field)), ()):
            _settle(ended, error)

    def wake_all(self) -> None:
        """No notice can be heard any more: everybody looks for himself."""
        for waiting in self._waiting.values():
            for ended in waiting:
                _settle(ended, None)

    def forget(self, waiter: "Waiter") -> None:
        waiting = self._waiting[waiter.variant_id]
        waiting.discard(waiter.ended)
        if not waiting:
            del self._waiting[waiter.variant_id]


class Waiter:
    """The end of another gateway's fill."""

    def __init__(
        self,
        notices: FillNotices,
        variant_id: VariantId,
        ended: "asyncio.Future[ResizerError | None]",
    ) -> None:
        self._notices = notices
        self.variant_id = variant_id
        self.ended = ended
        self.seconds = 0.0
        """How long its lease still lasts."""
        self.notified = False

    async def wait(self) -> ResizerError | None:
        """How it failed, or None: it is done, or its lease is over, or nobody knows."""
        try:
            async with asyncio.timeout(self.seconds):
                error = await self.ended
                self.notified = True
                return error
        except TimeoutError:
            return None
        finally:
            self.cancel()

    def cancel(self) -> None:
        self._notices.forget(self)


def encode_notice(variant_id: VariantId, error: ResizerError | None) -> str:
    """What `notify` understands."""
    kind = error and [type(error).__name__, str(error)]
    return json.dumps({"key": variant_id[0], "field": variant_id[1], "error": kind})


def _settle(ended: "asyncio.Future[ResizerError | None]", error: ResizerError | None) -> None:
    if not ended.done():
        ended.set_result(error)
