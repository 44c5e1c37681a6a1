"""The contract of results, over a directory and over a bucket."""

import asyncio
import os
import stat
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resizer.cache.results import ResultsTier
from resizer.cache.results.names import name_of
from resizer.cache.results.tier import _digest
from resizer.errors import CacheUnavailable
from resizer.model.flush import Flush, FlushResult
from resizer.model.image import pack
from resizer.storage.address import Servers
from resizer.storage.kinds import read_address
from tests.services.storage.test_contract import KEYS
from tests.support.caches import ONE as VARIANT
from tests.support.deadlines import stretched
from tests.support.misbehaving import SILENT, Answer, cut_short, error, good, misbehaving
from tests.support.servers import S3Bucket, free_port

Step = Callable[[ResultsTier], Awaitable[None]]
FIELD = "1:width=8"
ODD_KEYS = [
    *KEYS,
    "a",
    "a/b",
    "a/b/c",
    "a//b",
    "/a",
    "a/",
    "./a",
    "a/..",
    "tab\t",
    "=",
    "=2E",
    "#1",
]


def open_results(
    url: str, namespace: str, endpoint: str | None = None, seconds: float = 5.0
) -> ResultsTier:
    return ResultsTier(read_address(url, Servers(endpoint)), namespace, seconds)


@dataclass
class Place:
    """Where results are, and a way to spoil them."""

    open: Callable[[], ResultsTier]
    write: Callable[[str, bytes], None]
    names: Callable[[], list[str]]

    def run(self, steps: Step) -> None:
        async def whole() -> None:
            results = self.open()
            await steps(results)
            await results.close()

        asyncio.run(whole())


@pytest.fixture(params=["directory", "bucket", "bucket below a prefix"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "directory":
        return in_directory(tmp_path / "results")
    bucket: S3Bucket = request.getfixturevalue("s3")
    prefix = "deep/er/" if "prefix" in request.param else ""

    def names() -> list[str]:
        listed = bucket.client.list_objects_v2(Bucket=bucket.name).get("Contents", [])
        return [one["Key"].removeprefix(prefix) for one in listed]

    def write(name: str, value: bytes) -> None:
        bucket.put(prefix + name, value)

    return Place(lambda: open_results(f"{bucket.url}/{prefix}", "ns"), write, names)


def in_directory(root: Path) -> Place:
    def write(name: str, value: bytes) -> None:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(value)

    def names() -> list[str]:
        return [str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()]

    return Place(lambda: open_results(str(root), "ns"), write, names)


def test_a_variant_comes_back_as_it_was(place: Place) -> None:
    async def steps(results: ResultsTier) -> None:
        variant = replace(VARIANT, body=os.urandom(7 * 1024 * 1024))
        await results.put("photos/cat.jpg", FIELD, variant)
        assert await results.get("photos/cat.jpg", FIELD) == variant
        assert await results.get("photos/cat.jpg", "1:width=9") is None
        assert await results.get("photos/dog.jpg", FIELD) is None

    place.run(steps)


def test_every_spelling_of_a_key_is_held_beside_the_others(place: Place) -> None:
    async def steps(results: ResultsTier) -> None:
        for key in ODD_KEYS:
            await results.put(key, FIELD, replace(VARIANT, body=key.encode()))
        for key in ODD_KEYS:
            found = await results.get(key, FIELD)
            assert found is not None, key
            assert found.body == key.encode()
        assert await results.flush(Flush()) == FlushResult(len(ODD_KEYS), len(ODD_KEYS))

    place.run(steps)
    assert place.names() == []


@given(
    keys=st.sets(
        st.text(
            alphabet=st.one_of(st.sampled_from("ab/.=%#\\ "), st.characters(codec="utf-8")),
            max_size=12,
        ),
        max_size=5,
    )
)
@settings(
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_directory_holds_any_keys_together(
    tmp_path_factory: pytest.TempPathFactory, keys: set[str]
) -> None:
    place = in_directory(tmp_path_factory.mktemp("any"))

    async def steps(results: ResultsTier) -> None:
        for key in keys:
            await results.put(key, FIELD, replace(VARIANT, body=key.encode()))
        for key in keys:
            found = await results.get(key, FIELD)
            assert found is not None
            assert found.body == key.encode()
        assert await results.flush(Flush()) == FlushResult(len(keys), len(keys))

    place.run(steps)
    assert place.names() == []


def test_a_later_variant_replaces_the_earlier(place: Place) -> None:
    async def steps(results: ResultsTier) -> None:
        await results.put("cat", FIELD, VARIANT)
        await results.put("cat", FIELD, replace(VARIANT, body=b"later"))
        found = await results.get("cat", FIELD)
        assert found is not None
        assert found.body == b"later"

    place.run(steps)


def test_forgetting_removes_one_and_is_done_twice_without_harm(place: Place) -> None:
    async def steps(results: ResultsTier) -> None:
        await results.put("cat", FIELD, VARIANT)
        await results.put("cat", "1:width=9", VARIANT)
        await results.forget("cat", FIELD)
        await results.forget("cat", FIELD)
        assert await results.get("cat", FIELD) is None
        assert await results.get("cat", "1:width=9") == VARIANT

    place.run(steps)


STORED = [
    ("photos", FIELD),
    ("photos/cat", FIELD),
    ("photos/cat", f"{FIELD}@thumb"),
    ("photos/cat/1", f"{FIELD}@thumb"),
    ("photos/2019/dog", f"{FIELD}@my.thumb"),
    ("photos-beside/cat", FIELD),
    ("=odd/x", f"{FIELD}@thumb"),
    ("photos/cat", f"{FIELD},shows=v1@overlay:logos%2Fa%40b.png@thumb"),
]


@pytest.mark.parametrize(
    "flush",
    [
        Flush(),
        Flush(key="photos/cat"),
        Flush(key="photos"),
        Flush(key="none"),
        Flush(prefix="photos"),
        Flush(prefix="photos/"),
        Flush(prefix="photos/c"),
        Flush(prefix="photos/2019/dog"),
        Flush(prefix="=o"),
        Flush(prefix="none/at/all"),
        Flush(tag="thumb"),
        Flush(tag="none"),
        Flush(tag="overlay:logos%2Fa%40b.png"),
    ],
)
def test_a_flush_removes_what_it_names_and_nothing_else(place: Place, flush: Flush) -> None:
    meant = [stored for stored in STORED if flush.matches(*stored)]

    async def steps(results: ResultsTier) -> None:
        for key, field in STORED:
            await results.put(key, field, VARIANT)
        expected = FlushResult(len({key for key, _ in meant}), len(meant))
        assert await results.flush(flush, dry_run=True) == expected
        assert len(place.names()) == len(STORED)
        assert await results.flush(flush) == expected
        left = [stored for stored in STORED if await results.get(*stored)]
        assert left == [stored for stored in STORED if stored not in meant]
        assert await results.flush(flush) == FlushResult()

    place.run(steps)


def test_a_flush_of_many_takes_them_all(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resizer.cache.results.tier._LISTED", 10)
    for number in range(35):
        name = name_of("ns", f"many/{number}", FIELD)
        assert name
        place.write(name, b"")

    async def steps(results: ResultsTier) -> None:
        assert await results.flush(Flush(prefix="many/")) == FlushResult(35, 35)

    place.run(steps)
    assert place.names() == []


def test_two_flushes_at_once_do_not_disturb_each_other(place: Place) -> None:
    async def steps(results: ResultsTier) -> None:
        for number in range(40):
            await results.put(f"{number}", FIELD, VARIANT)
        await asyncio.gather(*(results.flush(Flush()) for _ in range(4)))

    place.run(steps)
    assert place.names() == []


def test_sources_that_share_a_place_do_not_see_each_other(tmp_path: Path) -> None:
    async def run() -> None:
        one, other = (open_results(str(tmp_path), namespace) for namespace in ("one", "other"))
        await one.put("cat", FIELD, VARIANT)
        assert await other.get("cat", FIELD) is None
        assert await other.flush(Flush()) == FlushResult()
        assert await one.get("cat", FIELD) == VARIANT

    asyncio.run(run())


def test_a_stranger_is_left_alone(place: Place) -> None:
    strangers = ["ns/notes.txt", "ns/cat/notes.txt", "elsewhere/cat/=v0"]
    for name in strangers:
        place.write(name, b"mine")

    async def steps(results: ResultsTier) -> None:
        assert await results.flush(Flush()) == FlushResult()

    place.run(steps)
    assert sorted(place.names()) == sorted(strangers)


def broken_values() -> list[bytes]:
    packed = pack(VARIANT)
    value = _digest(packed) + packed
    return [
        *(b"", value[:10], value[:-1], value + b"x", packed),
        value[:-1] + bytes([value[-1] ^ 1]),
        _digest(b"not a variant") + b"not a variant",
        bytes(len(value)),
    ]


def test_a_broken_value_is_a_miss_and_is_removed(place: Place) -> None:
    name = name_of("ns", "cat", FIELD)
    assert name

    async def steps(results: ResultsTier) -> None:
        for value in broken_values():
            place.write(name, value)
            assert await results.get("cat", FIELD) is None
            assert place.names() == []

    place.run(steps)


def test_a_name_too_long_is_not_stored(place: Place) -> None:
    async def steps(results: ResultsTier) -> None:
        await results.put("k" * 1000, FIELD, VARIANT)
        assert await results.get("k" * 1000, FIELD) is None
        await results.forget("k" * 1000, FIELD)

    place.run(steps)
    assert place.names() == []


def test_what_was_half_written_is_never_read(tmp_path: Path) -> None:
    """obstore writes beside the name, and gives the file its name when it is whole."""
    place = in_directory(tmp_path)
    name = name_of("ns", "cat", FIELD)
    assert name
    place.write(f"{name}#1", b"half")

    async def steps(results: ResultsTier) -> None:
        assert await results.get("cat", FIELD) is None
        assert await results.flush(Flush()) == FlushResult()
        await results.put("cat", FIELD, VARIANT)
        assert await results.get("cat", FIELD) == VARIANT

    place.run(steps)


def test_readers_see_a_whole_variant_while_it_is_replaced(tmp_path: Path) -> None:
    bodies = [bytes([letter]) * 500_000 for letter in b"ab"]

    async def steps(results: ResultsTier) -> None:
        await results.put("cat", FIELD, replace(VARIANT, body=bodies[0]))

        async def replaced() -> None:
            for number in range(30):
                await results.put("cat", FIELD, replace(VARIANT, body=bodies[number % 2]))

        async def read() -> None:
            for _ in range(30):
                found = await results.get("cat", FIELD)
                assert found is not None
                assert found.body in bodies

        await asyncio.gather(replaced(), read(), read())

    in_directory(tmp_path).run(steps)


def test_a_directory_is_made_for_this_user_alone(tmp_path: Path) -> None:
    root = tmp_path / "new" / "results"

    async def steps(results: ResultsTier) -> None:
        await results.check()

    in_directory(root).run(steps)
    assert stat.S_IMODE(root.stat().st_mode) == 0o700


def test_an_empty_place_passes_its_check(place: Place) -> None:
    async def steps(results: ResultsTier) -> None:
        await results.check()

    place.run(steps)


async def _every_call_fails(results: ResultsTier) -> None:
    for call in (
        results.get("cat", FIELD),
        results.put("cat", FIELD, VARIANT),
        results.forget("cat", FIELD),
        results.flush(Flush()),
        results.flush(Flush(key="cat")),
        results.check(),
    ):
        with pytest.raises(CacheUnavailable) as caught:
            await call
        assert "127.0.0.1" not in str(caught.value)


def test_a_directory_that_cannot_be_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    in_directory(tmp_path / "file" / "below").run(_every_call_fails)


def test_in_a_bucket_that_is_not_there_nothing_is_found_and_nothing_kept(s3: S3Bucket) -> None:
    async def run() -> None:
        results = open_results("s3://no-such-bucket/x", "ns")
        assert await results.get("cat", FIELD) is None
        for call in (results.put("cat", FIELD, VARIANT), results.flush(Flush()), results.check()):
            with pytest.raises(CacheUnavailable):
                await call

    asyncio.run(run())


def test_a_server_that_refuses_connections_is_unavailable(s3: S3Bucket) -> None:
    async def run() -> None:
        endpoint = f"http://127.0.0.1:{free_port()}"
        await _every_call_fails(open_results("s3://bucket/x", "ns", endpoint=endpoint))

    asyncio.run(run())


def test_a_place_without_credentials_is_unavailable(
    s3: S3Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    async def run() -> None:
        with pytest.raises(CacheUnavailable):
            await open_results(s3.url, "ns").get("cat", FIELD)

    asyncio.run(run())


@pytest.mark.parametrize(
    "trouble",
    [SILENT, error("503 Slow Down", "SlowDown"), error("403 Forbidden", "AccessDenied")],
    ids=["silent", "slow down", "forbidden"],
)
def test_a_bucket_in_trouble_is_unavailable_in_time(s3: S3Bucket, trouble: Answer) -> None:
    async def run() -> None:
        port = free_port()
        async with misbehaving(port, trouble):
            endpoint = f"http://127.0.0.1:{port}"
            results = open_results("s3://bucket", "ns", endpoint=endpoint, seconds=1.0)
            with pytest.raises(CacheUnavailable):
                await asyncio.wait_for(results.get("cat", FIELD), stretched(10.0))

    asyncio.run(run())


def test_trouble_that_passes_is_not_noticed(s3: S3Bucket) -> None:
    packed = pack(VARIANT)
    value = _digest(packed) + packed

    async def run() -> None:
        port = free_port()
        async with misbehaving(port, error("503 Slow Down", "SlowDown"), good(value)):
            results = open_results("s3://bucket", "ns", endpoint=f"http://127.0.0.1:{port}")
            assert await results.get("cat", FIELD) == VARIANT

    asyncio.run(run())


def test_a_body_cut_short_is_never_a_variant(s3: S3Bucket) -> None:
    packed = pack(VARIANT)
    value = _digest(packed) + packed

    async def run() -> None:
        port = free_port()
        async with misbehaving(port, cut_short(value[:40], len(value))):
            results = open_results("s3://bucket", "ns", endpoint=f"http://127.0.0.1:{port}")
            with pytest.raises(CacheUnavailable):
                await results.get("cat", FIELD)

    asyncio.run(run())


def test_a_store_that_keeps_failing_is_left_alone(s3: S3Bucket) -> None:
    """A silent one costs its time a few times, not with every miss."""
    port = free_port()
    results = open_results(
        f"s3://{s3.name}", "ns", endpoint=f"http://127.0.0.1:{port}", seconds=0.1
    )

    async def scene() -> float:
        async with misbehaving(port, SILENT):
            started = time.monotonic()
            for _ in range(100):
                with pytest.raises(CacheUnavailable):
                    await results.get("a", FIELD)
            await results.close()
            return time.monotonic() - started

    assert asyncio.run(scene()) < stretched(5)
