"""connect: which URLs there are, and that none is ever quoted."""

import asyncio
import traceback
from pathlib import Path

import pytest
from redis.asyncio import Redis, RedisCluster

from resizer.cache.redis import RedisCache, open_cache
from resizer.cache.redis.connect import client_options, connect
from tests.support.caches import every_call_fails, fails
from tests.support.caches import run as run_cache
from tests.support.commands import Run
from tests.support.servers import free_port


@pytest.mark.parametrize("scheme", ["redis", "rediss", "redis+cluster", "rediss+cluster"])
def test_a_server_that_is_not_there_fails_and_no_password_is_told(scheme: str) -> None:
    async def use(cache: RedisCache) -> None:
        await every_call_fails(cache)
        error = await fails(cache.get("cat.jpg", "width=1"))
        assert "hunter2" not in "".join(traceback.format_exception(error))

    run_cache(use, f"{scheme}://:hunter2@127.0.0.1:{free_port()}", timeout=2.0)


@pytest.mark.parametrize(
    "url",
    [
        "http://hunter2@host",
        "redis:hunter2",
        "unix:///hunter2",
        "redis://host?socket_timeout=hunter2",
        "",
    ],
)
def test_another_kind_of_url_is_refused_and_not_quoted(url: str) -> None:
    with pytest.raises(ValueError, match="must be memory:, redis://") as caught:
        open_cache(url, "test", 1.0)
    shown = "".join(traceback.format_exception(caught.value))
    assert "hunter2" not in shown.replace(repr(url), "")


@pytest.mark.parametrize(
    "url",
    [
        "redis://:hunter2@host:port",
        "rediss://:hunter2@host:99999/0",
        "redis://host:0?password=hunter2",
        "redis+cluster://host:hunter2",
        "redis://:hunter2@[::1",
    ],
)
def test_a_wrong_port_is_told_and_the_url_is_not(url: str) -> None:
    with pytest.raises(ValueError, match="a port is a number from 1 to 65535") as caught:
        open_cache(url, "test", 1.0)
    shown = "".join(traceback.format_exception(caught.value))
    assert "hunter2" not in shown.replace(repr(url), "")


@pytest.mark.parametrize("rest", ["", "/", ":7000", ":hunter2@", ":hunter2@:7000"])
@pytest.mark.parametrize("scheme", ["redis+cluster", "rediss+cluster"])
def test_a_cluster_without_a_host_is_refused(scheme: str, rest: str) -> None:
    with pytest.raises(ValueError, match="names no host") as caught:
        client_options(f"{scheme}://{rest}")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("command", [("serve",), ("flush", "--all"), ("stats",), ("doctor",)])
def test_every_command_refuses_a_cluster_without_a_host(
    run: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    received = run(*command, source=str(tmp_path), urls="open", cache="redis+cluster://")
    assert received.exit_code == 2
    assert received.stderr.startswith("resizer: RESIZER_CACHE: names no host")
    assert received.stderr.count("\n") == 1


def test_connect_makes_the_client_that_the_scheme_names() -> None:
    async def whole() -> None:
        for scheme, kind in (("redis", Redis), ("rediss+cluster", RedisCluster)):
            client, _ = connect(f"{scheme}://localhost", 1.0)
            assert type(client) is kind
            await client.aclose()

    asyncio.run(whole())
