import asyncio
from pathlib import Path

import pytest

from resizer.ops.doctor.checkup import check_all
from resizer.ops.doctor.finding import Verdict
from resizer.ops.doctor.results import judge_place
from resizer.settings.settings import Settings
from resizer.storage.address import Address
from resizer.storage.directory.address import DirectoryAddress
from resizer.storage.s3.address import S3Address
from tests.support.servers import RedisServer, S3Bucket

OK, WARN, FAIL = Verdict.OK, Verdict.WARN, Verdict.FAIL


def found(results: str, source: str, cache: str, endpoint: str | None = None) -> dict[str, Verdict]:
    settings = Settings.model_validate(
        {"results": results, "source": source, "cache": cache, "s3_endpoint": endpoint}
    )

    async def run() -> dict[str, Verdict]:
        return {
            f.what: f.verdict async for f in check_all(settings) if f.what.startswith("results")
        }

    return asyncio.run(run())


def test_results_in_a_bucket_are_looked_at(
    s3: S3Bucket, redis_server: RedisServer, tmp_path: Path
) -> None:
    verdicts = found(f"{s3.url}/results", str(tmp_path), redis_server.url, s3.endpoint)
    assert verdicts["results"] is OK
    assert {"results anonymous read", "results anonymous list"} <= verdicts.keys()
    gone = found("s3://no-such-bucket/results", str(tmp_path), redis_server.url, s3.endpoint)
    assert gone["results"] is FAIL


def test_a_directory_of_results_is_not_made_by_looking(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    originals, results = tmp_path / "originals", tmp_path / "results"
    originals.mkdir()
    assert found(str(results), str(originals), redis_server.url) == {"results": OK}
    assert [*tmp_path.iterdir()] == [originals]


def test_a_directory_of_results_that_cannot_be_made_or_written_is_red(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    originals, file = tmp_path / "originals", tmp_path / "file"
    originals.mkdir()
    file.touch()
    for results in ("/proc/nope", "/proc/nope/deeper", "/proc", str(file), str(file / "deeper")):
        assert found(results, str(originals), redis_server.url) == {"results": FAIL}


def test_trying_a_directory_of_results_leaves_nothing_in_it(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    originals, results = tmp_path / "originals", tmp_path / "results"
    for place in (originals, results):
        place.mkdir()
    assert found(str(results), str(originals), redis_server.url) == {"results": OK}
    assert [*results.iterdir()] == []


@pytest.mark.parametrize(
    ("place", "source", "verdict"),
    [
        (S3Address("b", "results"), S3Address("b", "photos"), OK),
        (S3Address("b", "photos-results"), S3Address("b", "photos"), OK),
        (S3Address("b", "photos/results"), S3Address("b", "photos"), WARN),
        (S3Address("b", "photos"), S3Address("b", "photos"), WARN),
        (S3Address("b", "results"), S3Address("b", ""), WARN),
        (S3Address("c", "results"), S3Address("b", ""), OK),
        (
            DirectoryAddress(Path("/srv/photos/results")),
            DirectoryAddress(Path("/srv/photos")),
            WARN,
        ),
        (DirectoryAddress(Path("/srv/results")), DirectoryAddress(Path("/srv/photos")), OK),
        (DirectoryAddress(Path("/srv/results")), S3Address("b", ""), OK),
    ],
)
def test_results_are_to_lie_beside_the_source(
    place: Address, source: Address, verdict: Verdict
) -> None:
    assert judge_place(place, source).verdict is verdict
