"""What takes long for many bytes is done in a thread, and nothing else is."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from resizer.aio.tasks import LONG, offload
from resizer.cache.results import ResultsTier, tier
from resizer.gateway import producer
from resizer.model import response_head
from resizer.model.image import Original, Rendered
from resizer.model.transform import Transform
from resizer.render.host import worker_process
from resizer.storage.directory.address import DirectoryAddress
from tests.support.caches import ONE
from tests.support.harness import Harness
from tests.support.puppet_pool import order, running

SIZES = pytest.mark.parametrize(("size", "in_thread"), [(LONG // 2, False), (2 * LONG, True)])


class Watched:
    """A function that notes whether it was called beside the event loop's thread."""

    def __init__(self, work: Callable[..., Any]) -> None:
        self.calls: list[bool] = []
        self._work = work

    def __call__(self, *arguments: Any) -> Any:
        self.calls.append(threading.current_thread() is not threading.main_thread())
        return self._work(*arguments)


@pytest.mark.parametrize(("size", "in_thread"), [(LONG, False), (LONG + 1, True)])
def test_a_thread_is_for_more_than_a_mebibyte(size: int, in_thread: bool) -> None:
    watched = Watched(len)
    assert asyncio.run(offload(size, watched, "four")) == 4
    assert watched.calls == [in_thread]


@SIZES
def test_a_variant_is_read(size: int, in_thread: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = Watched(worker_process.read_variant)
    monkeypatch.setattr(worker_process, "read_variant", reads)

    async def scenario() -> None:
        async with running() as (pool, _):
            assert await order(pool, "echo " + "x" * size) == "x" * size

    asyncio.run(scenario())
    assert reads.calls == [in_thread]


@SIZES
def test_a_variant_is_digested(size: int, in_thread: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        harness = Harness()

        async def render(originals: Sequence[Original], transform: Transform) -> Rendered:
            return Rendered(bytes(size), "image/png", 1, 1, 0.0)

        harness.renderer.render = render  # type: ignore[method-assign]
        digests = Watched(response_head.make_variant)
        monkeypatch.setattr(producer, "make_variant", digests)
        assert (await harness.gateway.get("a", Transform())).variant.body == bytes(size)
        assert digests.calls == [in_thread]

    asyncio.run(scenario())


@SIZES
def test_a_result_is_packed_and_checked(
    size: int, in_thread: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, read = Watched(tier._written), Watched(tier._read)
    monkeypatch.setattr(tier, "_written", written)
    monkeypatch.setattr(tier, "_read", read)
    variant = replace(ONE, body=bytes(size))

    async def scenario() -> None:
        results = ResultsTier(DirectoryAddress(tmp_path), "ns")
        await results.put("a", "1:", variant)
        assert await results.get("a", "1:") == variant
        await results.close()

    asyncio.run(scenario())
    assert written.calls == read.calls == [in_thread]
