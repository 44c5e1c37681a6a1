"""What a pool decides: every rule, without a process."""

from dataclasses import replace

import pytest

from resizer.errors import Overloaded, UnprocessableSource
from resizer.model.transform import Transform
from resizer.render.host.decisions import Kill, Refuse, Render, RenderAlone, SlowDown, Start
from resizer.render.host.render_request import RenderRequest
from resizer.render.host.worker_process import WorkerEnd
from tests.support.schedules import LIGHT, SECONDS, NoProcess, Play, playing

BROKEN = UnprocessableSource("It crashed twice.")


def given_up(request: RenderRequest) -> bool:
    return isinstance(request.answer.exception(), Overloaded)


def offend(play: Play, request: RenderRequest, strikes: int = 2) -> None:
    play.quarantine.add(request.originals, request.transform, strikes)


def test_a_request_is_given_to_an_idle_worker() -> None:
    with playing() as play:
        (slot,), request = play.schedule.slots, play.request()
        assert slot.worker
        assert play.come(request) == [Render(slot, slot.worker, request)]
        assert (play.schedule.busy, slot.request) == (1, request)


def test_what_is_decided_is_decided_once() -> None:
    with playing(2) as play:
        play.come(*(play.request(str(number)) for number in range(5)))
        assert play.decide() == []


def test_who_waits_longest_is_served_first() -> None:
    with playing() as play:
        requests = [play.request(str(number)) for number in range(4)]
        play.come(*requests)
        served = []
        while play.rendering:
            (request,) = play.rendering
            served.append(request)
            play.end(request)
        assert served == requests


def test_pixels_in_the_making_are_waited_for_while_there_is_other_work() -> None:
    with playing(2) as play:
        first = play.request()
        low, lower = (play.request("a", replace(LIGHT, quality=n)) for n in (20, 10))
        busy, other = play.request("b"), play.request("c")
        play.come(first, busy, low, lower, other)
        play.end(busy)
        assert [*play.rendering] == [first, other]
        play.end(other)
        assert [*play.rendering] == [first, low], "there is no other work"


def test_what_is_blocked_is_refused() -> None:
    with playing() as play:
        request = play.request()
        play.quarantine.block(request.originals, LIGHT, BROKEN)
        (refusal,) = play.come(request)
        assert isinstance(refusal, Refuse)
        assert str(refusal.error) == str(BROKEN)


def test_what_is_blocked_while_it_waits_is_refused_and_costs_nobody_a_turn() -> None:
    with playing() as play:
        first, blocked, next_ = (play.request(name) for name in "abc")
        play.come(first, blocked, next_)
        play.quarantine.block(blocked.originals, LIGHT, BROKEN)
        play.end(first)
        assert (play.refused, [*play.rendering]) == ([blocked], [next_])


def test_what_is_quarantined_while_it_waits_holds_up_nobody() -> None:
    with playing() as play:
        first, offender, next_ = (play.request(name) for name in "abc")
        play.come(first, offender, next_)
        offend(play, offender)
        play.end(first)
        assert play.rendering[next_]
        assert play.rendering[offender] is None


def test_who_leaves_the_queue_is_neither_rendered_nor_refused() -> None:
    with playing() as play:
        first, leaver, other = (play.request(name) for name in "abc")
        play.come(first, leaver, other)
        play.schedule.cancel(leaver)
        play.end(first)
        assert [*play.rendering] == [other]
        assert not leaver.answer.done()


def test_a_slow_render_stays_while_nobody_waits() -> None:
    with playing() as play:
        request = play.request()
        play.come(request)
        assert play.overdue(request) == []
        assert not play.quarantine.holds(request.originals, LIGHT)


def test_a_slow_render_goes_on_in_the_slow_lane_when_somebody_waits() -> None:
    with playing() as play:
        slow, other = play.request("a"), play.request("b")
        play.come(slow)
        worker = play.rendering[slow]
        assert worker
        play.overdue(slow)
        assert SlowDown(worker) in play.come(other)
        assert play.schedule.slow == {slow}
        assert play.slowed == [slow]
        assert play.quarantine.strikes(slow.originals) == 1
        assert slow.counted
        play.start()
        assert play.rendering[other] is not worker


def test_a_quick_render_gives_way_to_nobody() -> None:
    with playing() as play:
        first, other = play.request("a"), play.request("b")
        play.come(first)
        assert play.come(other) == []


def test_one_who_waits_drives_out_one_and_no_more() -> None:
    with playing(4) as play:
        requests = [play.request(str(number)) for number in range(4)]
        play.come(*requests)
        for request in requests:
            play.overdue(request)
        play.come(play.request("x"))
        assert len(play.schedule.slow) == 1
        play.come(play.request("y"))
        assert len(play.schedule.slow) == 2


def test_nobody_is_driven_out_while_a_worker_is_about_to_be_up() -> None:
    with playing(2) as play:
        slow, other = play.request("a"), play.request("b")
        play.come(slow)
        idle = next(slot for slot in play.schedule.slots if slot.is_idle)
        assert idle.worker
        play.schedule.died(idle.worker)
        play.overdue(slow)
        assert play.come(other) == []
        idle.failing = True
        play.decide()
        assert play.schedule.slow == {slow}


def test_without_room_a_slow_render_is_stopped_and_waits_for_the_slow_lane() -> None:
    with playing() as play:
        first, second, other = (play.request(name) for name in "abc")
        play.come(first)
        play.overdue(first)
        play.come(second)
        play.start()
        worker = play.rendering[second]
        assert worker
        play.overdue(second)
        assert Kill(worker, WorkerEnd.STOPPED) in play.come(other)
        play.start()
        assert [*play.schedule.slow_queue] == [second]
        assert play.end(first) == [RenderAlone(second)]


def test_who_was_slow_twice_has_a_worker_of_its_own_though_others_are_idle() -> None:
    with playing(2) as play:
        request = play.request()
        offend(play, request)
        assert RenderAlone(request) in play.come(request)
        assert play.schedule.busy == 0


def test_who_was_slow_once_is_a_guest_of_an_idle_worker() -> None:
    with playing() as play:
        request = play.request()
        offend(play, request, strikes=1)
        play.come(request)
        assert play.rendering[request]
        assert play.slowed == []


def test_there_are_no_guests_while_all_workers_are_needed() -> None:
    with playing() as play:
        first, second, guest = (play.request(name) for name in "abc")
        offend(play, guest, strikes=1)
        play.come(first, second, guest)
        assert play.rendering[guest] is None


def test_a_guest_gives_way_at_once_and_was_not_slow_for_that() -> None:
    with playing() as play:
        guest, other = play.request("a"), play.request("b")
        offend(play, guest, strikes=1)
        play.come(guest)
        worker = play.rendering[guest]
        assert worker
        assert SlowDown(worker) in play.come(other)
        assert play.quarantine.strikes(guest.originals) == 1
        assert not guest.counted


def test_a_guest_that_was_stopped_is_none_again() -> None:
    with playing() as play:
        slow, guest, other = (play.request(name) for name in "abc")
        offend(play, slow)
        play.come(slow)
        offend(play, guest, strikes=1)
        play.come(guest)
        play.come(other)
        play.start()
        play.end(other)
        assert [*play.rendering] == [slow]
        assert [*play.schedule.slow_queue] == [guest]


def test_who_waits_for_the_slow_lane_is_the_guest_of_a_worker_that_becomes_idle() -> None:
    with playing() as play:
        slow, busy, guest = (play.request(name) for name in "abc")
        offend(play, slow)
        offend(play, guest, strikes=1)
        play.come(slow)
        play.come(busy, guest)
        assert [*play.schedule.slow_queue] == [guest]
        play.end(busy)
        assert play.rendering[guest]


def test_who_has_cost_a_worker_has_one_of_its_own_though_others_are_idle() -> None:
    with playing(2) as play:
        request = play.request()
        play.come(request)
        assert RenderAlone(request) in play.crash(request)


def test_who_was_slow_least_often_goes_first() -> None:
    with playing() as play:
        requests = [play.request(name) for name in "abcd"]
        for strikes, request in zip((2, 9, 5, 3), requests, strict=True):
            offend(play, request, strikes)
        play.come(*requests)
        first, most, more, few = requests
        for ended, next_ in ((first, few), (few, more), (more, most)):
            assert play.end(ended) == [RenderAlone(next_)]


def test_where_too_many_wait_who_was_slow_most_often_is_refused() -> None:
    with playing(max_queue=8) as play:
        bad = [play.request("bad") for _ in range(3)]
        offend(play, bad[0], 9)
        play.come(*bad)
        honest = play.request("honest")
        offend(play, honest, 2)
        play.come(honest)
        assert (play.refused, given_up(bad[2])) == ([bad[2]], True)
        assert [*play.schedule.slow_queue] == [bad[1], honest]
        late = play.request("bad")
        play.come(late)
        assert play.refused == [bad[2], late]
        assert play.slowed == [*bad, honest], "who comes and is refused was never there"


def test_the_shortest_queue_has_room_for_one() -> None:
    with playing(max_queue=1) as play:
        one, other, third = (play.request() for _ in range(3))
        offend(play, one)
        play.come(one, other, third)
        assert [*play.schedule.slow_queue] == [other]
        assert play.refused == [third]


def test_who_has_waited_too_long_for_the_slow_lane_is_refused() -> None:
    with playing() as play:
        one, other = play.request(), play.request()
        offend(play, one)
        play.come(one, other)
        assert play.schedule.slow_queue.deadline == play.clock.now + SECONDS
        play.clock.now += SECONDS - 1
        assert play.decide() == []
        play.clock.now += 1
        play.decide()
        assert (play.refused, given_up(other)) == ([other], True)


def test_what_is_blocked_while_it_waits_for_the_slow_lane_is_refused() -> None:
    with playing() as play:
        one, other = play.request("a"), play.request("b")
        for request in (one, other):
            offend(play, request)
        play.come(one, other)
        play.quarantine.block(other.originals, LIGHT, BROKEN)
        play.end(one)
        assert play.refused == [other]


def test_a_worker_that_dies_is_replaced() -> None:
    with playing() as play:
        (slot,) = play.schedule.slots
        assert slot.worker
        slot.worker.jobs_started = 1
        play.schedule.died(slot.worker)
        assert play.decide() == [Start(slot, 0.0)]


def test_one_that_dies_before_its_first_job_is_replaced_after_a_pause() -> None:
    with playing() as play:
        (slot,) = play.schedule.slots
        assert slot.worker
        play.schedule.died(slot.worker)
        assert play.decide() == [Start(slot, 1.0)]
        play.start()
        assert slot.worker
        slot.worker.jobs_started = 1
        play.schedule.died(slot.worker)
        assert play.decide() == [Start(slot, 0.0)]


def test_a_worn_worker_goes_on_until_its_successor_is_up_and_it_has_no_job() -> None:
    with playing() as play:
        (slot,), first, second = play.schedule.slots, play.request("a"), play.request("b")
        worn = slot.worker = NoProcess(99)
        play.come(first)
        assert play.end(first) == [Start(slot, 0.0)]
        play.come(second)
        assert play.rendering[second] is worn
        play.start()
        assert slot.worker is worn
        assert play.end(second) == [Kill(worn, WorkerEnd.RECYCLED)]
        assert slot.worker is not worn
        assert slot.successor is None


def test_a_worn_worker_that_dies_at_its_last_job_has_a_successor_already() -> None:
    with playing() as play:
        (slot,), request = play.schedule.slots, play.request()
        worn = slot.worker = NoProcess(99)
        play.come(request)
        play.end(request)
        play.come(request)
        play.start()
        play.schedule.died(worn)
        assert play.decide() == []
        assert slot.successor
        assert play.crash(request)
        assert slot.is_idle


def test_where_a_worn_worker_is_driven_out_its_successor_serves_who_waits_at_once() -> None:
    with playing() as play:
        (slot,), slow, other = play.schedule.slots, play.request("a"), play.request("b")
        worn = slot.worker = NoProcess(99)
        play.come(slow)
        play.end(slow)
        slow = play.request("a")
        play.come(slow)
        play.start()
        play.overdue(slow)
        successor = slot.successor
        assert SlowDown(worn) in play.come(other)
        assert play.rendering[other] is successor


def test_a_successor_that_dies_before_its_first_job_is_no_successor() -> None:
    with playing() as play:
        (slot,), first, second = play.schedule.slots, play.request("a"), play.request("b")
        worn = slot.worker = NoProcess(99)
        play.come(first)
        play.end(first)
        play.come(second)
        play.start()
        assert slot.successor
        play.schedule.died(slot.successor)
        assert play.end(second) == [Start(slot, 0.0)]
        assert slot.worker is worn


def test_no_successor_is_started_for_a_worn_worker_before_it_has_no_job() -> None:
    with playing() as play:
        (slot,), request = play.schedule.slots, play.request()
        slot.worker = NoProcess(100)
        assert play.come(request) == [Render(slot, slot.worker, request)]
        assert play.end(request) == [Start(slot, 0.0)]


def test_a_pause_is_made_once() -> None:
    with playing() as play:
        (slot,), request = play.schedule.slots, play.request()
        assert slot.worker
        play.schedule.died(slot.worker)
        assert play.decide() == [Start(slot, 1.0)]
        play.start()
        slot.worker = NoProcess(99)
        play.come(request)
        assert play.end(request) == [Start(slot, 0.0)]


def test_what_nobody_waits_for_any_more_is_not_rendered() -> None:
    with playing() as play:
        request = play.request()
        request.answer.cancel()
        assert play.come(request) == []


def test_who_leaves_the_queue_of_the_slow_lane_is_not_rendered() -> None:
    with playing() as play:
        one, other = play.request("a"), play.request("b")
        for request in (one, other):
            offend(play, request)
        play.come(one, other)
        play.schedule.cancel(other)
        assert play.end(one) == []


@pytest.mark.parametrize(("count", "places"), [(1, 1), (2, 1), (3, 1), (4, 2), (9, 4)])
def test_the_slow_lane_has_half_as_many_places(count: int, places: int) -> None:
    with playing(count) as play:
        requests = [play.request(transform=Transform(width=w)) for w in range(1, 20)]
        offend(play, requests[0])
        play.come(*requests)
        assert len(play.schedule.slow) == len(play.rendering) == places
