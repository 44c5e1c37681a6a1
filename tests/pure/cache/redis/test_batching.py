"""Batcher: what is sent together, and who gets which answer."""

import asyncio

import pytest

from resizer.cache.redis.batching import Batcher
from resizer.errors import CacheUnavailable
from tests.support.deadlines import MAX_WAIT


class Server:
    """Doubles numbers, once it is let go; refuses 13."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.go = asyncio.Event()
        self.go.set()

    async def ask(self, numbers: list[int]) -> list[int | CacheUnavailable]:
        self.asked.append(numbers)
        await self.go.wait()
        return [CacheUnavailable("no") if number == 13 else 2 * number for number in numbers]


def test_questions_of_one_turn_go_together_in_order() -> None:
    async def whole() -> None:
        server = Server()
        gather = Batcher(server.ask)
        assert await asyncio.gather(*map(gather, range(5))) == [0, 2, 4, 6, 8]
        assert await gather(5) == 10
        assert server.asked == [[0, 1, 2, 3, 4], [5]]

    asyncio.run(asyncio.wait_for(whole(), MAX_WAIT))


def test_very_many_questions_go_in_several_round_trips() -> None:
    async def whole() -> None:
        server = Server()
        assert sum(await asyncio.gather(*map(Batcher(server.ask), [1] * 150))) == 300
        assert [len(numbers) for numbers in server.asked] == [64, 64, 22]

    asyncio.run(asyncio.wait_for(whole(), MAX_WAIT))


def test_one_refused_question_spoils_no_other() -> None:
    async def whole() -> None:
        gather = Batcher(Server().ask)
        answers = await asyncio.gather(gather(1), gather(13), gather(2), return_exceptions=True)
        assert (answers[0], answers[2]) == (2, 4)
        assert type(answers[1]) is CacheUnavailable

    asyncio.run(asyncio.wait_for(whole(), MAX_WAIT))


def test_callers_cancelled_before_and_after_sending_disturb_no_other() -> None:
    async def whole() -> None:
        server = Server()
        server.go.clear()
        gather = Batcher(server.ask)
        early, late, staying = (asyncio.create_task(gather(number)) for number in range(3))
        await asyncio.sleep(0)
        early.cancel()
        while not server.asked:
            await asyncio.sleep(0)
        late.cancel()
        server.go.set()
        assert await staying == 4
        assert server.asked == [[1, 2]], "a question that nobody waits for was sent"
        assert await gather(3) == 6

    asyncio.run(asyncio.wait_for(whole(), MAX_WAIT))


def test_closing_gives_up_what_is_under_way() -> None:
    async def whole() -> None:
        server = Server()
        server.go.clear()
        gather = Batcher(server.ask)
        waiting = asyncio.create_task(gather(1))
        while not server.asked:
            await asyncio.sleep(0)
        await gather.close()
        with pytest.raises(CacheUnavailable):
            await waiting

    asyncio.run(asyncio.wait_for(whole(), MAX_WAIT))
