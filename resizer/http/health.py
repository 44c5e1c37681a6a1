"""`/healthz`, `/readyz` and `/metrics`: is the process alive, do its parts work, and the counts."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from resizer.errors import ResizerError
from resizer.gateway.gateway import Gateway
from resizer.telemetry.metrics import CONTENT_TYPE, Metrics

_NO_STORE = {"cache-control": "no-store"}
_KEPT_SECONDS = 2.0
"""How long a look at the parts is good for: an open `/readyz` is no lever against the bucket."""


class Readiness:
    """Whether the parts work, looked at anew every few seconds at the most."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._lock = asyncio.Lock()
        self._looked = float("-inf")
        self._parts: dict[str, str] = {}

    async def parts(self) -> dict[str, str]:
        """`source`, `workers` and `cache`, each `ok` or what is wrong with it."""
        async with self._lock:
            if time.monotonic() - self._looked > _KEPT_SECONDS:
                self._parts = await self._look()
                self._looked = time.monotonic()
            return self._parts

    async def _look(self) -> dict[str, str]:
        checks = self._gateway.checks()
        states = await asyncio.gather(*(_state(check) for check in checks.values()))
        return dict(zip(checks, states, strict=True))


async def _state(check: Callable[[], Awaitable[None]]) -> str:
    try:
        await check()
    except ResizerError as error:
        return str(error) or error.title
    return "ok"


def verdict(parts: dict[str, str]) -> str:
    """`ready`, `degraded` (a cache that is away costs misses, no replies) or `unready`."""
    if parts["source"] != "ok" or parts["workers"] != "ok":
        return "unready"
    caches = (parts.get("cache", "ok"), parts.get("results", "ok"))
    return "ready" if caches == ("ok", "ok") else "degraded"


def routes(gateway: Gateway, metrics: Metrics) -> list[Route]:
    """`/healthz`, `/readyz` and `/metrics`."""
    readiness = Readiness(gateway)

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "alive"}, headers=_NO_STORE)

    async def readyz(_: Request) -> Response:
        parts = await readiness.parts()
        status = verdict(parts)
        code = 503 if status == "unready" else 200
        return JSONResponse({"status": status, **parts}, code, headers=_NO_STORE)

    async def show_metrics(_: Request) -> Response:
        metrics.gather()
        text = await asyncio.to_thread(metrics.show)
        return Response(text, media_type=CONTENT_TYPE, headers=_NO_STORE)

    return [
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", show_metrics),
    ]
