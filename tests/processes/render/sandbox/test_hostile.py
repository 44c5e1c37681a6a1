"""Hostile code inside a real worker: every attack is tried before the lock, where it has to work,
and after it, where it must not."""

import asyncio
import ctypes
import json
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from resizer.errors import UnprocessableSource
from resizer.model.image import Original
from resizer.model.transform import Transform
from resizer.render.host import spawn
from resizer.render.sandbox import lock
from resizer.storage.download import DownloadBuffer
from tests.support.hostile import LANDLOCK, PROBES, SECCOMP
from tests.support.hostile_acts import FRESH, Targets
from tests.support.hostile_worker import (
    ABSENT,
    LONG,
    WORKED,
    attack,
    command,
    obey,
    with_landlock_alone,
    with_seccomp_alone,
)
from tests.support.processes import traceable
from tests.support.puppet_pool import order, original, running, said, until
from tests.support.servers import RedisServer, need_redis

SECRET = "what only the gateway knows"
ABI = lock.landlock_abi()
Outcomes = dict[str, str]

pytestmark = pytest.mark.skipif(ABI < 6, reason="this kernel's Landlock is older than ABI 6")


@pytest.fixture(scope="module")
def targets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Targets]:
    need_redis()
    directory = tmp_path_factory.mktemp("outside")
    for name in ("old", *map(str, range(FRESH))):
        (directory / name).write_text("x")
    secret = ctypes.create_string_buffer(SECRET.encode())
    abstract = f"resizer-test-{os.getpid()}"
    by_path = str(directory / "redis")
    with (
        traceable(),
        RedisServer(directory, "--unixsocket", by_path) as redis,
        socket.socket(socket.AF_UNIX) as listening,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
    ):
        listening.bind("\0" + abstract)
        listening.listen(10)
        udp.bind(("127.0.0.1", 0))
        yield Targets(
            directory=str(directory),
            redis=redis.port,
            redis_path=by_path,
            abstract=abstract,
            udp=udp.getsockname()[1],
            secret=SECRET,
            address=ctypes.addressof(secret),
            listening=listening.fileno(),
        )


def ask(at: Targets, *orders: str, begin: Callable[[], None] = obey) -> list[Any]:
    """What one real worker answers to one order after the other."""

    async def scenario() -> list[Any]:
        async with running(command=command(begin, at)) as (pool, diary):
            outcomes = [json.loads(await order(pool, text)) for text in orders]
            assert (diary.deaths, diary.warnings) == ([], [])
            return outcomes

    return asyncio.run(scenario())


@pytest.fixture(scope="module")
def outcomes(targets: Targets) -> dict[str, Outcomes]:
    moments = ("before", "after", "in a thread")
    return dict(zip(moments, ask(targets, *moments, begin=attack), strict=True))


def shown(name: str, before: Outcomes) -> None:
    """Skip what proves nothing here, because nobody may do it or there is no such call."""
    if before[name] == ABSENT or (PROBES[name].rare and before[name] != WORKED):
        pytest.skip(f"not within reach of anybody here: {before[name]}")


@pytest.mark.parametrize("name", PROBES)
def test_it_works_before_the_lock_and_is_denied_after_it(
    name: str, outcomes: dict[str, Outcomes]
) -> None:
    shown(name, outcomes["before"])
    assert outcomes["before"][name] == WORKED
    assert outcomes["after"][name] != WORKED
    assert outcomes["in a thread"][name] != WORKED


def denied(at: Targets, part: Any) -> set[str]:
    run = subprocess.run(command(part, at), capture_output=True, text=True, check=True)
    outcomes = json.loads(run.stdout)
    assert isinstance(outcomes, dict), outcomes
    return {name for name, outcome in outcomes.items() if outcome != WORKED}


@pytest.mark.parametrize(
    ("part", "name"),
    [(with_landlock_alone, LANDLOCK), (with_seccomp_alone, SECCOMP)],
    ids=[LANDLOCK, SECCOMP],
)
def test_each_part_alone_denies_what_it_is_said_to(
    part: Any, name: str, targets: Targets, outcomes: dict[str, Outcomes]
) -> None:
    found = denied(targets, part)
    for attack_, probe in PROBES.items():
        if outcomes["before"][attack_] != WORKED or not probe.denied_by:
            continue
        expected = name in probe.denied_by and (name == SECCOMP or probe.landlock_since <= ABI)
        assert (attack_ in found) == expected, attack_


def test_a_job_finds_no_descriptor_but_its_own(targets: Targets) -> None:
    first, second = ask(targets, "descriptors", "descriptors")
    assert list(first) == list(second)
    kept = {number for number in first if first[number] == second[number]}
    # its standard streams, the socket to the gateway, its own size; all else is the original and
    # the variant
    assert len(kept) == 5
    assert {"0", "1", "2"} < kept
    assert not {first[n] for n in first if n not in kept} & set(second.values())


def test_a_variant_that_is_kept_open_holds_no_memory_and_takes_none(targets: Targets) -> None:
    text, kept = ask(targets, "keep", "kept")
    assert len(text) == LONG
    (source, written), (variant, refused) = kept
    assert (source, written) == (len("keep"), WORKED)
    assert variant == 0
    assert "not permitted" in refused


@pytest.mark.parametrize("sealed", [False, True])
def test_an_original_cannot_be_changed_because_it_is_sealed(sealed: bool, targets: Targets) -> None:
    async def scenario() -> None:
        async with running(command=command(obey, targets)) as (pool, _):
            with _sealed(b"spoil") if sealed else original(b"spoil") as given:
                outcomes = json.loads(said(await pool.render([given], Transform())))
        assert {outcome == WORKED for outcome in outcomes.values()} == {not sealed}

    asyncio.run(scenario())


def _sealed(body: bytes) -> Original:
    """As what comes from a source."""
    with DownloadBuffer(len(body), len(body), 0.0) as buffer:
        buffer.write(body)
        return buffer.seal("etag", datetime.now(UTC))


def test_a_worker_finds_nothing_of_the_gateways_environment(
    targets: Targets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    (found,) = ask(targets, "environment")
    names = {text.partition("=")[0] for text in found}
    # LC_CTYPE is Python's own, set when it finds no locale
    assert names - {"LC_CTYPE"} == set(spawn.ENVIRONMENT)


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="x32 is a way into x86-64")
def test_a_call_of_another_architecture_ends_the_worker(targets: Targets) -> None:
    async def scenario() -> None:
        async with running(command=command(obey, targets)) as (pool, diary):
            with pytest.raises(UnprocessableSource):
                await order(pool, "change architecture")
            await until(lambda: diary.warnings)
            assert any("SIGSYS" in text for text in diary.warnings)

    asyncio.run(scenario())
