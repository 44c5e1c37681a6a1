"""`rediss://`: a real redis-server that speaks TLS alone."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from resizer.cache.redis import open_cache
from resizer.errors import CacheUnavailable
from tests.support.caches import ONE, fill
from tests.support.servers import RedisServer, free_port, need_redis


@pytest.fixture(scope="module")
def tls_server(certificate: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a redis-server that answers TLS only."""
    need_redis()
    port = free_port()
    options = ["--tls-port", str(port), "--tls-auth-clients", "no"]
    options += ["--tls-cert-file", f"{certificate}/cert.pem"]
    options += ["--tls-key-file", f"{certificate}/key.pem"]
    server = RedisServer(tmp_path_factory.mktemp("redis-tls"), *options)
    server.start()
    yield f"rediss://127.0.0.1:{port}/0"
    server.stop()


def test_a_variant_travels_over_tls(tls_server: str, certificate: Path) -> None:
    async def scene() -> None:
        cache = open_cache(f"{tls_server}?ssl_ca_certs={certificate}/cert.pem", "test", 5.0)
        await fill(cache, "a", "width=1", ONE, 60)
        assert await cache.get("a", "width=1") == ONE
        await cache.close()

    asyncio.run(scene())


def test_a_certificate_that_nobody_vouches_for_is_refused(tls_server: str) -> None:
    async def scene() -> None:
        cache = open_cache(tls_server, "test", 5.0)
        with pytest.raises(CacheUnavailable):
            await cache.check()
        await cache.close()

    asyncio.run(scene())
