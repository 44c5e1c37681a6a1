"""Several gateways on one Redis, each its own process."""

import os
import signal
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Self

from pydantic import SecretStr

from resizer.model.flush import Flush
from resizer.server.factories import open_flusher
from resizer.settings.settings import Settings
from tests.support.live import Gateway


class Fleet:
    """`count` gateways with the same settings; they start and stop together."""

    def __init__(
        self, count: int, environment: Mapping[str, str] | None = None, **settings: object
    ) -> None:
        given = {"renderers": 1, "urls": "open", "access_log": False, **settings}
        self.gateways = [Gateway(environment, **given) for _ in range(count)]

    def __enter__(self) -> Self:
        with ThreadPoolExecutor(len(self.gateways)) as starters:
            starting = [starters.submit(gateway.__enter__) for gateway in self.gateways]
        try:
            for gateway in starting:
                gateway.result()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        with ThreadPoolExecutor(len(self.gateways)) as stoppers:
            list(stoppers.map(Gateway.stop, self.gateways))

    @property
    def ports(self) -> list[int]:
        return [gateway.port for gateway in self.gateways]

    def sum(self, name: str) -> float:
        """One number of `/metrics`, of all gateways together; see `Gateway.sample`."""
        return sum(gateway.sample(name) for gateway in self.gateways)

    def kill(self, number: int) -> None:
        """End a gateway without warning, and return when it is gone."""
        self.gateways[number].stop(signal.SIGKILL)

    def restart(self, number: int) -> None:
        """Start one that was killed, on its port; return when it answers."""
        self.gateways[number].__enter__()

    def freeze(self, number: int) -> None:
        """Stop a gateway's clock: its connections stay open and nothing answers."""
        os.kill(self.gateways[number].pid, signal.SIGSTOP)

    def thaw(self, number: int) -> None:
        os.kill(self.gateways[number].pid, signal.SIGCONT)


def grown(fleet: Fleet, *names: str) -> Callable[[], list[float]]:
    """By how much these numbers have grown when it is called."""
    before = [fleet.sum(name) for name in names]
    return lambda: [fleet.sum(name) - past for name, past in zip(names, before, strict=True)]


async def flush(gateway: Gateway, what: Flush) -> None:
    """Flush as the command does, without the time it takes to start. Raises CacheUnavailable."""
    settings = Settings(
        source=gateway.environment["RESIZER_SOURCE"],
        s3_endpoint=gateway.environment.get("AWS_ENDPOINT_URL_S3"),
        cache=SecretStr(gateway.environment["RESIZER_CACHE"]),
    )
    async with open_flusher(settings, timeout=10) as flusher:
        await flusher.flush([what])
