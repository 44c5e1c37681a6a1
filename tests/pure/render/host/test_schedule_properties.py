"""Whatever happens to a pool, in whatever order: nobody is lost, and nobody is served twice."""

import random
from collections import Counter
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from resizer.errors import RenderTimeout
from resizer.model.image import Rendered
from resizer.model.transform import Transform
from resizer.render.host.decisions import Decision, Render
from resizer.render.host.render_request import RenderRequest
from tests.support.schedules import Play, playing

TRANSFORMS = (Transform(width=10), Transform(width=10, quality=30), Transform(width=11))
PICTURE = Rendered(b"", "image/png", 1, 1, 0.0)


class Chance:
    """What may happen to a pool: each step to one of those to whom it may happen."""

    def __init__(self, play: Play, seed: int) -> None:
        self.play = play
        self.random = random.Random(seed)
        self.asked: list[RenderRequest] = []
        self.answers: Counter[RenderRequest] = Counter()

    def some_come(self) -> None:
        some = [
            self.play.request(self.random.choice("abcde"), self.random.choice(TRANSFORMS))
            for _ in range(self.random.randint(1, 4))
        ]
        self.asked += some
        self.check(self.play.come(*some))

    def one_leaves(self) -> None:
        if waiting := [request for request in self.asked if not request.answer.done()]:
            request = self.random.choice(waiting)
            request.answer.cancel()
            self.play.schedule.cancel(request)

    def one_ends(self) -> None:
        if self.play.rendering:
            request = self.random.choice([*self.play.rendering])
            self.answer(request)
            self.check(self.play.end(request))

    def one_crashes(self) -> None:
        some = [r for r, worker in self.play.rendering.items() if worker and not r.crashed]
        some = [r for r in some if r not in self.play.schedule.slow]
        if some:
            request = self.random.choice(some)
            self.play.quarantine.add(request.originals, request.transform, 2)
            self.check(self.play.crash(request))

    def one_takes_all_its_time(self) -> None:
        if self.play.rendering:
            request = self.random.choice([*self.play.rendering])
            self.play.quarantine.block(
                request.originals, request.transform, RenderTimeout("It takes too long.")
            )
            if worker := self.play.rendering[request]:
                self.play.schedule.died(worker)
            self.answer(request)
            self.check(self.play.end(request))

    def one_is_overdue(self) -> None:
        if self.play.rendering:
            self.check(self.play.overdue(self.random.choice([*self.play.rendering])))

    def a_worker_dies_idle(self) -> None:
        if idle := [slot.worker for slot in self.play.schedule.slots if slot.is_idle]:
            worker = self.random.choice(idle)
            assert worker
            self.play.schedule.died(worker)
            self.check(self.play.decide())

    def workers_are_up(self) -> None:
        self.play.start()

    def no_worker_starts(self) -> None:
        for slot in self.play.starting:
            slot.failing = self.random.random() < 0.5
        self.check(self.play.decide())

    def time_goes_by(self) -> None:
        self.play.clock.now += self.random.choice((1, 20, 120))
        self.check(self.play.decide())

    def answer(self, request: RenderRequest) -> None:
        if not request.answer.done():
            request.succeed(PICTURE)
            self.answers[request] += 1

    def check(self, decisions: list[Decision]) -> None:
        schedule, rendering = self.play.schedule, self.play.rendering
        places = Counter(schedule.requests)
        assert set(places.values()) <= {1}, "each is in one place"
        for request in self.asked:
            assert request.answer.done() or request in places, "nobody is lost"
        in_slots = [slot.request for slot in schedule.slots if slot.request]
        assert {*in_slots, *schedule.slow} == rendering.keys()
        assert len(schedule.slow) <= schedule.slow_capacity
        free = [slot for slot in schedule.slots if not slot.request]
        idle = [slot for slot in free if slot.worker or slot.successor]
        assert not (idle and schedule.waiting), "nobody waits while a worker is idle"
        self.check_order(decisions)

    def check_order(self, decisions: list[Decision]) -> None:
        """Who comes first goes first, but rather not for pixels that are in the making."""
        given = [d for d in decisions if isinstance(d, Render)]
        new = [decision.request for decision in given if not decision.slot.guest]
        made = {request.pixels for request in self.play.busy_before}
        queue = sorted([*self.play.schedule.waiting, *new], key=self.asked.index)
        for request in new:
            others = [one for one in queue if one.pixels not in made]
            assert request is (others or queue)[0]
            queue.remove(request)
            made.add(request.pixels)


STEPS: list[Callable[[Chance], None]] = [
    *(Chance.some_come, Chance.some_come, Chance.one_ends, Chance.one_ends),
    *(Chance.one_is_overdue, Chance.one_is_overdue, Chance.workers_are_up, Chance.workers_are_up),
    *(Chance.one_leaves, Chance.one_crashes, Chance.one_takes_all_its_time),
    *(Chance.a_worker_dies_idle, Chance.no_worker_starts, Chance.time_goes_by),
]


@given(
    count=st.integers(1, 4),
    max_queue=st.integers(1, 20),
    recycle_after=st.sampled_from((1, 2, 100)),
    steps=st.lists(st.sampled_from(STEPS), max_size=60),
    seed=st.integers(0, 2**32),
)
def test_nobody_is_lost_or_served_twice_and_no_worker_has_two_jobs(
    count: int,
    max_queue: int,
    recycle_after: int,
    steps: list[Callable[[Chance], None]],
    seed: int,
) -> None:
    with playing(count, max_queue, recycle_after) as play:
        chance = Chance(play, seed)
        for step in steps:
            step(chance)
        while play.rendering or play.starting:
            play.start()
            chance.one_ends()
        assert all(request.answer.done() for request in chance.asked)
        assert [*play.schedule.requests] == []
        for request in chance.asked:
            refused = play.refused.count(request)
            assert request.answer.cancelled() or chance.answers[request] + refused == 1
