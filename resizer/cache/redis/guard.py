"""Guard: bounds every round trip, and turns what goes wrong in it into CacheUnavailable."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

from redis.exceptions import RedisClusterException, RedisError, ResponseError

from resizer.aio.circuit_breaker import CircuitBreaker
from resizer.aio.tasks import BackgroundTasks
from resizer.errors import CacheUnavailable

FAILURES = (RedisError, RedisClusterException, OSError)
_AT_ONCE = 32
"""Round trips under way, so connections to a server."""


class Guard:
    """One for each client: its failures open the breaker for all of its calls."""

    def __init__(
        self, timeout: float, breaker: CircuitBreaker, ping: Callable[[], Awaitable[object]]
    ) -> None:
        self.timeout = timeout
        self._ping = ping
        self._background = BackgroundTasks()
        self._breaker = breaker
        self._turns = asyncio.Semaphore(_AT_ONCE)

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[None]:
        """Around one round trip. Raises CacheUnavailable and nothing else."""
        if self._breaker.is_open:
            if self._breaker.admits():
                self._background.start(self._probe())
            raise CacheUnavailable("The cache failed repeatedly and is left alone for a while.")
        async with self._watched():
            yield

    async def close(self) -> None:
        await self._background.end()

    async def _probe(self) -> None:
        """Nobody's request is the one that tries whether the server is back."""
        with suppress(CacheUnavailable):
            async with self._watched():
                await self._ping()

    @asynccontextmanager
    async def _watched(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self.timeout), self._turns:
                yield
        except FAILURES as error:
            # A server that answers with an error (full, read-only) is not one to stay away from.
            if not isinstance(error, ResponseError):
                self._breaker.failed()
            raise _unavailable(error) from error
        self._breaker.succeeded()


@contextmanager
def failures() -> Iterator[None]:
    """Around what takes as long as it takes: its failures are CacheUnavailable too."""
    try:
        yield
    except FAILURES as error:
        raise _unavailable(error) from error


def _unavailable(error: Exception) -> CacheUnavailable:
    return CacheUnavailable(f"The cache failed: {type(error).__name__}.")


def is_foreign(answer: object) -> bool:
    """Whether Redis says that a name holds no hash: some other program's value."""
    return isinstance(answer, ResponseError) and str(answer).startswith("WRONGTYPE")


def raise_failure(answers: list[object]) -> None:
    """Raise the first error among `answers` that is not about a value of another type."""
    for answer in answers:
        if isinstance(answer, Exception) and not is_foreign(answer):
            raise answer
