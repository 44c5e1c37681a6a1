"""What a CDN does with copies that are no longer fresh, and with errors; nginx and Varnish at once.

Both keep a copy fresh for 1 s, may send it for 1 s more while they ask the gateway behind it, and
for 5 s if the gateway fails. nginx counts in whole seconds of the clock, and takes for a failure
only that the gateway is not reached; Varnish also its replies with a 5xx.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field

import httpx
import pytest

from tests.support.deadlines import MAX_WAIT, stretched
from tests.support.fronts import Front, Nginx, Requests, Varnish, need_fronts
from tests.support.live import SECRET, Gateway, problem
from tests.support.pictures import jpeg
from tests.support.servers import RedisServer, S3Bucket
from tests.support.waiting import eventually

FRESH, WHILE_REVALIDATE, IF_ERROR, TICK = 1, 1, 5, 1
NEVER = float("inf")


class OwnBucket(S3Bucket):
    """One that can be lost."""

    name = "test-brief"

    def create(self) -> None:
        self.client.create_bucket(Bucket=self.name)

    def delete(self, key: str) -> None:
        self.client.delete_object(Bucket=self.name, Key=key)

    def lose(self) -> None:
        self.empty()
        self.client.delete_bucket(Bucket=self.name)


@dataclass
class Copy:
    """An image that a CDN was asked for, and what it said since."""

    front: Front
    path: str
    first: httpx.Response
    expires: float
    began: float = field(default_factory=time.time)

    def again(self) -> httpx.Response:
        return self.front.ask(self.path)

    def is_first(self, reply: httpx.Response) -> bool:
        return reply.status_code == 200 and reply.content == self.first.content


@pytest.fixture(scope="module")
def originals(_s3_server: S3Bucket) -> Iterator[OwnBucket]:
    bucket = OwnBucket(_s3_server.endpoint, _s3_server.client)
    bucket.create()
    yield bucket
    bucket.lose()


@pytest.fixture(scope="module")
def brief(originals: OwnBucket, _redis_process: RedisServer) -> Iterator[Gateway]:
    """A gateway whose answers are soon stale."""
    with Gateway(
        originals.environment(),
        source=originals.url,
        s3_endpoint=originals.endpoint,
        cache=_redis_process.url,
        signing_keys=SECRET,
        missing_ttl=0,
        max_age=FRESH,
        s_maxage=FRESH,
        error_max_age=FRESH,
        stale_while_revalidate=WHILE_REVALIDATE,
        stale_if_error=IF_ERROR,
    ) as running:
        yield running


@pytest.fixture(scope="module")
def fronts(brief: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Front]]:
    need_fronts()
    with ExitStack() as stack:
        kinds = (Nginx, Varnish)
        yield [stack.enter_context(k(brief, tmp_path_factory.mktemp("front"))) for k in kinds]


@pytest.fixture
def fill(
    fronts: list[Front], brief: Gateway, originals: OwnBucket, redis_server: RedisServer
) -> Callable[..., list[Copy]]:
    """Put an original for each CDN and ask for it; the copies that they then have."""
    brief.flush_everything()

    def fill(name: str, lasts: int | None = None) -> list[Copy]:
        return [fill_one(front, name, lasts) for front in fronts]

    def fill_one(front: Front, name: str, lasts: int | None) -> Copy:
        key = key_of(front, name)
        originals.put(key, jpeg(64, 48))
        expires = int(time.time()) + lasts if lasts else NEVER
        options = () if expires is NEVER else (f"exp={expires}",)
        path = brief.signed(key, "width=32", *options).removeprefix(brief.url)
        first = front.ask(path)
        assert first.status_code == 200
        return Copy(front, path, first, expires)

    return fill


def key_of(front: Front, name: str) -> str:
    """Different for each CDN and test, so that the log tells whose a request is."""
    return f"{type(front).__name__}/{name}.jpg"


def too_old(copies: list[Copy]) -> float:
    """When none of them may be sent any more without a question."""
    return max(int(copy.began) for copy in copies) + FRESH + WHILE_REVALIDATE + TICK


def is_stale(reply: httpx.Response) -> bool:
    said = reply.headers["cache-status"].rpartition(", ")[2]
    return "; hit; detail=" in said or "; hit; ttl=-" in said


def asked(entries: list[dict[str, object]], copy: Copy) -> list[object]:
    """The statuses with which the gateway answered a CDN about a copy."""
    key = copy.path.rpartition("/")[2]
    kind = type(copy.front).__name__
    return [e["status"] for e in entries if str(e["path"]).endswith(f"{kind}/{key}")]


def test_a_stale_copy_is_sent_at_once_and_renewed_behind_it(
    fill: Callable[..., list[Copy]], brief: Gateway, originals: OwnBucket
) -> None:
    unchanged, changed = fill("renewed-unchanged"), fill("renewed-changed")
    for copy in changed:
        originals.put(key_of(copy.front, "renewed-changed"), jpeg(64, 48, (0, 0, 200)))
    requests = Requests(brief)
    replies = {copy.path: [copy.first] for copy in changed}
    with ThreadPoolExecutor() as meanwhile:
        flush = meanwhile.submit(brief.flush_everything)
        while waiting := [copy for copy in changed if copy.is_first(replies[copy.path][-1])]:
            assert time.time() < waiting[0].began + MAX_WAIT
            for copy in waiting:
                replies[copy.path].append(copy.again())
        flush.result()
    for copy in changed:
        assert is_stale(replies[copy.path][-2])
        assert replies[copy.path][-1].status_code == 200
    for copy in unchanged:
        eventually(lambda copy=copy: is_stale(copy.again()))  # type: ignore[misc]
        eventually(lambda copy=copy: not is_stale(copy.again()))  # type: ignore[misc]
        assert copy.is_first(copy.again())
    entries = requests.new()
    for copy in changed:
        assert asked(entries, copy)[-1] == 200
    for copy in unchanged:
        assert set(asked(entries, copy)) == {304}


def test_an_old_copy_is_asked_for_before_it_is_sent_and_outlives_a_failure(
    fill: Callable[..., list[Copy]], brief: Gateway, originals: OwnBucket
) -> None:
    unchanged, changed, deleted = fill("old-unchanged"), fill("old-changed"), fill("old-deleted")
    failing = fill("old-failing")
    for copy in changed:
        originals.put(key_of(copy.front, "old-changed"), jpeg(64, 48, (0, 0, 200)))
    for copy in deleted:
        originals.delete(key_of(copy.front, "old-deleted"))
    brief.flush_everything()
    requests = Requests(brief)
    eventually(lambda: time.time() > too_old(failing))

    for copy in unchanged:
        assert copy.is_first(reply := copy.again())
        assert not is_stale(reply)
    for copy in changed:
        assert not copy.is_first(reply := copy.again())
        assert reply.status_code == 200
    for copy in deleted:
        assert copy.again().status_code == 404
    entries = requests.new()
    assert [asked(entries, copy) for copy in unchanged] == [[304]] * 2
    assert [asked(entries, copy) for copy in changed] == [[200]] * 2

    in_nginx, in_varnish = failing
    originals.lose()
    try:
        brief.flush_everything()
        assert in_varnish.is_first(in_varnish.again())
        assert problem(in_nginx.again())["type"] == "urn:resizer:problem:source-unavailable"
    finally:
        originals.create()
    for copy in failing:
        originals.put(key_of(copy.front, "old-failing"), jpeg(64, 48))
    requests.new()
    for copy in failing:
        assert copy.is_first(copy.again())
        assert asked(requests.new(), copy)[-1] == 304


def test_a_stopped_gateway_is_stood_in_for_as_long_as_it_allowed(
    fill: Callable[..., list[Copy]], brief: Gateway
) -> None:
    lasting, ending = fill("lasting"), fill("ending", lasts=FRESH + IF_ERROR)
    eventually(lambda: time.time() > too_old(lasting))
    young = fill("young")
    brief.stop()
    try:
        last: dict[str, float] = {}
        standing = [*lasting, *ending]
        while standing:
            for copy in standing[:]:
                before = time.time()
                if copy.is_first(copy.again()):
                    last[copy.path] = before
                else:
                    standing.remove(copy)
            assert all(copy.is_first(copy.again()) for copy in young)
            assert before < lasting[0].began + MAX_WAIT
        for copy in lasting:
            kept = last[copy.path] - copy.began
            assert FRESH + IF_ERROR - TICK <= kept <= FRESH + IF_ERROR + TICK, copy
            assert copy.again().status_code in (502, 503)
        for copy in ending:
            assert copy.began + FRESH + WHILE_REVALIDATE < last[copy.path] < copy.expires, copy
            assert copy.again().status_code in (502, 503)
    finally:
        brief.__enter__()
        for copy in lasting:
            eventually(lambda copy=copy: copy.is_first(copy.again()))  # type: ignore[misc]
    for copy in ending:
        eventually(lambda copy=copy: copy.again().status_code == 410)  # type: ignore[misc]


def test_an_error_is_kept_for_its_time_and_no_longer(
    fill: Callable[..., list[Copy]], fronts: list[Front], brief: Gateway, originals: OwnBucket
) -> None:
    fill("before")
    paths = {}
    for front in fronts:
        originals.put(key_of(front, "broken"), b"no picture")
        for name, status in (("missing", 404), ("broken", 422), ("failing", 502)):
            url = brief.signed(key_of(front, name), "width=32")
            paths[front, name] = url.removeprefix(brief.url), status
    requests = Requests(brief)
    errors = {place: told for place, told in paths.items() if told[1] < 500}
    failures = {place: told for place, told in paths.items() if told[1] >= 500}
    assert_kept(errors)
    assert len(requests.new()) == len(errors)
    originals.lose()
    try:
        assert_kept(failures)
    finally:
        originals.create()
    assert len(requests.new()) == len(failures)
    for front, name in paths:
        originals.put(key_of(front, name), jpeg(64, 48))
    brief.flush_everything()
    mended = time.time()
    for (front, _), (path, _) in paths.items():
        eventually(lambda front=front, path=path: front.ask(path).status_code == 200)  # type: ignore[misc]
    assert time.time() - mended < stretched(FRESH + TICK + 5)


def assert_kept(errors: dict[tuple[Front, str], tuple[str, int]]) -> None:
    for (front, _), (path, status) in errors.items():
        first, second = front.ask(path), front.ask(path)
        assert first.status_code == second.status_code == status
        assert problem(first)["instance"] == problem(second)["instance"]
        assert first.headers["cache-control"] == f"public, max-age={FRESH}"
