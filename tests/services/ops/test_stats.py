import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resizer.cache.redis.names import Names
from resizer.cache.redis.tally import Counts
from resizer.ops.stats import Stats, facts, read_stats
from resizer.settings.settings import Settings
from tests.support.commands import Run
from tests.support.servers import RedisServer, free_port

NAMES = Names(Settings(source="s3://photos").source_address.namespace)


@pytest.fixture
def filled(redis_server: RedisServer) -> RedisServer:
    for number in range(1, 6):
        redis_server.run("HSET", NAMES.of(f"{number}.jpg"), "1:w=1", "x" * number)
    redis_server.run("HSET", NAMES.of("[b]2[/b].jpg"), "1:w=1", "x" * 2000, "1:w=2", "y" * 100)
    counts = ("memory", "70", "redis", "20", "misses", "10", "stale", "3", "since", "1700000000")
    redis_server.run("HSET", f"resizer-stats:{NAMES.namespace}", *counts)
    return redis_server


def test_the_largest_come_first_and_no_more_than_asked(filled: RedisServer) -> None:
    stats = asyncio.run(read_stats(filled.url, NAMES.namespace, 3, 5))
    assert [held.key for held in stats.largest] == ["[b]2[/b].jpg", "5.jpg", "4.jpg"]
    assert (stats.originals, stats.variants, stats.bytes) == (6, 7, 2115)


def test_a_tier_is_measured_by_those_that_asked_it() -> None:
    stats = Stats(counts=Counts({"memory": 70, "redis": 20, "results": 5, "misses": 5}))
    assert [(s.tier, s.ratio) for s in stats.shares] == [
        ("memory", 0.7),
        ("redis", pytest.approx(2 / 3)),
        ("results", 0.5),
    ]
    assert stats.overall.ratio == 0.95


@given(st.dictionaries(st.sampled_from(["memory", "redis", "results", "misses"]), st.integers(0)))
def test_no_ratio_is_out_of_bounds(counted: dict[str, int]) -> None:
    stats = Stats(counts=Counts(counted))
    for share in (*stats.shares, stats.overall):
        assert share.ratio is None or 0 <= share.ratio <= 1


def test_a_ratio_of_nothing_is_none() -> None:
    assert facts(Stats())["tiers"]["all"] == {"hits": 0, "asked": 0, "ratio": None}


def test_the_command_shows_tables(run: Run, filled: RedisServer) -> None:
    shown = run("stats", source="s3://photos", cache=filled.url)
    assert shown.exit_code == 0
    lines = [line.split() for line in shown.output.splitlines()]
    assert lines[0] == ["7", "variants", "of", "6", "originals", "in", "Redis,", "2.1", "KiB"]
    assert "counted since 2023-11-14 22:13 UTC" in shown.output
    assert ["redis", "20", "30", "66.7", "%"] in lines
    assert ["all", "90", "100", "90.0", "%"] in lines
    assert ["[b]2[/b].jpg", "2", "2.1", "KiB"] in lines


def test_results_have_a_row_where_there_are_any(
    run: Run, filled: RedisServer, tmp_path: Path
) -> None:
    def rows(**settings: str) -> list[list[str]]:
        shown = run("stats", source="s3://photos", cache=filled.url, **settings)
        return [line.split() for line in shown.output.splitlines() if line.startswith("results")]

    assert rows() == []
    assert rows(results=str(tmp_path)) == [["results", "0", "10", "0.0", "%"]]
    filled.run("HSET", f"resizer-stats:{NAMES.namespace}", "results", "5")
    assert rows() == [["results", "5", "15", "33.3", "%"]]


def test_the_command_speaks_json(run: Run, filled: RedisServer) -> None:
    shown = run("stats", "--json", "--top", "1", source="s3://photos", cache=filled.url)
    output: dict[str, Any] = json.loads(shown.output)
    assert output["variants"] == 7
    assert output["tiers"]["memory"] == {"hits": 70, "asked": 100, "ratio": 0.7}
    assert output["largest"] == [{"key": "[b]2[/b].jpg", "variants": 2, "bytes": 2100}]


def test_memory_alone_has_no_stats(run: Run) -> None:
    refused = run("stats", source="s3://photos")
    assert refused.exit_code == 2
    assert "RESIZER_CACHE is memory:" in refused.stderr


def test_a_redis_that_is_away_is_one_line(run: Run) -> None:
    failed = run("stats", source="s3://photos", cache=f"redis://:hush@127.0.0.1:{free_port()}")
    assert failed.exit_code == 1
    assert failed.stderr.count("\n") == 1
    assert "hush" not in failed.stderr
