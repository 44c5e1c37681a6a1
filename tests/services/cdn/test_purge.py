"""Purging: real HTTP on loopback, moto's CloudFront, and everything that may come in between."""

import asyncio
import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from resizer.aio import http_client
from resizer.cdn.purge import PurgeOutcome, RetryPolicy, purge
from resizer.cdn.target import PurgePolicy, calls_for, read_target
from resizer.cdn.vendors import cloudflare, cloudfront, fastly
from resizer.model.flush import Flush
from tests.support.recorder import Recorder, ScriptedReply, recorder
from tests.support.servers import S3Bucket, free_port

CAT = Flush(key="photos/cat.jpg")
PATHS = {"/img/width=9/a%2cb//cat.jpg", "/img/hero/a%2cb//cat.jpg"}
QUICK = RetryPolicy(attempts=3, first_wait=0.001, longest_wait=0.01, total_wait=2.0)
TOKEN = "t" * 30


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    """What stands for every API."""
    with recorder() as running:
        monkeypatch.setattr(cloudflare, "API", running.url)
        monkeypatch.setattr(fastly, "API", running.url)
        yield running


def policy(*targets: str, token: str = TOKEN) -> PurgePolicy:
    return PurgePolicy(
        tuple(read_target(target) for target in targets),
        public_url="https://img.example.com",
        tokens={"cloudflare_token": token, "fastly_token": token},
    )


def purged(
    policy: PurgePolicy, *flushes: Flush, paths: set[str] | None = None, tries: RetryPolicy = QUICK
) -> list[PurgeOutcome]:
    return asyncio.run(purge(policy, flushes or [CAT], paths or set(), tries))


def test_cloudflare_is_told_by_tag(server: Recorder) -> None:
    server.replies = [ScriptedReply(body=b'{"success":true,"errors":[],"result":{"id":"z"}}')]
    assert purged(policy("cloudflare:z")) == [PurgeOutcome("cloudflare:z", 1)]
    (asked,) = server.asked
    assert (asked.method, asked.path) == ("POST", "/client/v4/zones/z/purge_cache")
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"
    assert asked.headers["content-type"] == "application/json"
    assert json.loads(asked.body) == {"tags": ["photos/cat.jpg"]}


def test_fastly_is_told_by_key(server: Recorder) -> None:
    server.replies = [ScriptedReply(body=b'{"photos/cat.jpg":"1-2-3"}')]
    assert purged(policy("fastly:s")) == [PurgeOutcome("fastly:s", 1)]
    (asked,) = server.asked
    assert (asked.method, asked.path) == ("POST", "/service/s/purge")
    assert asked.headers["fastly-key"] == TOKEN
    assert json.loads(asked.body) == {"surrogate_keys": ["photos/cat.jpg"]}


def test_a_path_is_purged_as_clients_wrote_it(server: Recorder) -> None:
    (outcome,) = purged(policy(f"purge:{server.url}"), paths=PATHS)
    assert outcome == PurgeOutcome(f"purge:{server.url}", 2)
    assert {(asked.method, asked.path) for asked in server.asked} == {("PURGE", p) for p in PATHS}
    assert {asked.headers["host"] for asked in server.asked} == {"img.example.com"}


def test_a_ban_names_the_tags(server: Recorder) -> None:
    purged(policy(f"ban:{server.url}"), CAT, Flush(tag="thumb"))
    (asked,) = server.asked
    assert (asked.method, asked.path) == ("BAN", "/")
    assert asked.headers["surrogate-key"] == "photos/cat.jpg preset-thumb"


@pytest.mark.parametrize("status", [404, 412])
def test_what_nginx_does_not_hold_is_purged(server: Recorder, status: int) -> None:
    server.replies = [ScriptedReply(status)]
    (outcome,) = purged(policy(f"purge:{server.url}"), paths=PATHS)
    assert outcome.failure is None


def test_a_missing_zone_is_a_failure_all_the_same(server: Recorder) -> None:
    server.replies = [ScriptedReply(404)]
    (outcome,) = purged(policy("cloudflare:z"))
    assert outcome.failure == "HTTP 404"


def test_all_targets_are_told_and_each_says_how_it_went(server: Recorder) -> None:
    away = f"ban:http://127.0.0.1:{free_port()}"
    there, gone = purged(policy("fastly:s", away))
    assert there == PurgeOutcome("fastly:s", 1)
    assert gone == PurgeOutcome(away, 0, "no answer: Connection refused")


def test_a_target_told_by_url_warns_when_no_url_is_known(server: Recorder) -> None:
    (outcome,) = purged(policy(f"purge:{server.url}"))
    assert outcome.failure is None
    assert outcome.warning == "no URL of it is known, so nothing was purged there"
    assert server.asked == []


@pytest.mark.parametrize("status", [429, 500, 502, 503, 408])
def test_what_may_pass_is_tried_again(server: Recorder, status: int) -> None:
    server.replies = [
        ScriptedReply(status, b"busy"),
        ScriptedReply(status, b"busy"),
        ScriptedReply(),
    ]
    assert purged(policy("fastly:s")) == [PurgeOutcome("fastly:s", 1)]
    assert len(server.asked) == 3


def test_retry_after_is_waited_for(server: Recorder) -> None:
    server.replies = [ScriptedReply(429, headers={"retry-after": "1"}), ScriptedReply()]
    loop_seconds: list[float] = []

    async def timed() -> list[PurgeOutcome]:
        start = asyncio.get_running_loop().time()
        outcomes = await purge(policy("fastly:s"), [CAT], [], QUICK)
        loop_seconds.append(asyncio.get_running_loop().time() - start)
        return outcomes

    assert asyncio.run(timed()) == [PurgeOutcome("fastly:s", 1)]
    assert loop_seconds[0] >= 1


def test_retry_after_beyond_all_patience_is_a_failure_at_once(server: Recorder) -> None:
    server.replies = [ScriptedReply(429, headers={"retry-after": "3600"})]
    (outcome,) = purged(policy("fastly:s"))
    assert outcome.failure == "HTTP 429"
    assert len(server.asked) == 1


def test_a_server_that_fails_for_ever_is_given_up(server: Recorder) -> None:
    server.replies = [ScriptedReply(500, b"<html>oh no</html>")]
    (outcome,) = purged(policy("fastly:s"))
    assert outcome.failure == "HTTP 500"
    assert len(server.asked) == QUICK.attempts


def test_a_refusal_is_not_repeated_and_says_why_in_the_apis_words(server: Recorder) -> None:
    body = {"success": False, "errors": [{"code": 10000, "message": f"Authentication {TOKEN}"}]}
    server.replies = [ScriptedReply(403, json.dumps(body).encode())]
    (outcome,) = purged(policy("cloudflare:z"))
    assert outcome.failure == "HTTP 403: Authentication … (10000)"
    server.replies = [ScriptedReply(401, b'{"msg":"Provided credentials are missing or invalid"}')]
    (outcome,) = purged(policy("fastly:s"))
    assert outcome.failure == "HTTP 401: Provided credentials are missing or invalid"
    assert len(server.asked) == 2


def test_a_success_that_says_it_is_none_is_a_failure(server: Recorder) -> None:
    server.replies = [
        ScriptedReply(200, b'{"success":false,"errors":[{"code":1,"message":"a\\nb"}]}')
    ]
    (outcome,) = purged(policy("cloudflare:z"))
    assert outcome.failure == "HTTP 200: a b (1)"


def test_a_failure_in_the_middle_says_how_far_it_came(server: Recorder) -> None:
    flushes = [Flush(key=f"{number}.jpg") for number in range(201)]
    server.replies = [ScriptedReply(), ScriptedReply(), ScriptedReply(403)]
    (outcome,) = purged(policy("cloudflare:z"), *flushes)
    assert outcome == PurgeOutcome("cloudflare:z", 2, "HTTP 403, after 2 of 3 calls")
    assert [len(json.loads(asked.body)["tags"]) for asked in server.asked] == [100, 100, 1]


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"\xff", b"[" * 60_000, b"{" * 70_000])
def test_a_strange_body_changes_nothing(server: Recorder, body: bytes) -> None:
    server.replies = [ScriptedReply(200, body)]
    assert purged(policy("fastly:s")) == [PurgeOutcome("fastly:s", 1)]


def test_a_connection_that_breaks_is_tried_again(server: Recorder) -> None:
    server.replies = [ScriptedReply(headers={"content-length": "nonsense"}), ScriptedReply()]
    assert purged(policy("fastly:s")) == [PurgeOutcome("fastly:s", 1)]


def test_a_token_that_no_header_can_hold_is_not_repeated(server: Recorder) -> None:
    (outcome,) = purged(policy("fastly:s", token="hush\nhush"))
    assert outcome.failure is not None
    assert "hush" not in outcome.failure


def test_a_redirect_is_a_failure_and_the_token_goes_nowhere_else(server: Recorder) -> None:
    server.replies = [ScriptedReply(302, headers={"location": f"{server.url}/elsewhere"})]
    (outcome,) = purged(policy("fastly:s"))
    assert outcome.failure == "HTTP 302"
    assert [asked.path for asked in server.asked] == ["/service/s/purge"]


def test_a_proxy_of_the_environment_is_not_used(
    server: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{free_port()}")
    assert purged(policy("fastly:s")) == [PurgeOutcome("fastly:s", 1)]


def test_a_compressed_reply_is_not_inflated(server: Recorder) -> None:
    bomb = gzip.compress(b'{"msg":"' + b"x" * 10_000_000 + b'"}')
    server.replies = [ScriptedReply(403, bomb, {"content-encoding": "gzip"})]
    (outcome,) = purged(policy("fastly:s"))
    assert outcome.failure == "HTTP 403"
    assert server.asked[0].headers["accept-encoding"] == "identity"


def test_a_certificate_that_nobody_vouches_for_is_refused(certificate: Path) -> None:
    with recorder(certificate) as server:
        (outcome,) = purged(policy(f"ban:{server.url}"))
        assert outcome.failure == "its certificate is not trusted: self-signed certificate"
        assert server.asked == []


def test_a_certificate_of_the_systems_authorities_is_accepted(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}/cert.pem")
    http_client._verifying.cache_clear()
    with recorder(certificate) as server:
        assert purged(policy(f"ban:{server.url}"))[0].failure is None
    http_client._verifying.cache_clear()


@pytest.fixture
def _cloudfront(aws: S3Bucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """CloudFront of the moto server, through the variable that boto3 reads."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFRONT", aws.endpoint)
    cloudfront._client.cache_clear()
    yield
    cloudfront._client.cache_clear()


@pytest.fixture
def distribution(_cloudfront: None) -> str:
    origin = {
        "Id": "gateway",
        "DomainName": "gateway.example.com",
        "CustomOriginConfig": {
            "HTTPPort": 80,
            "HTTPSPort": 443,
            "OriginProtocolPolicy": "https-only",
        },
    }
    made = boto3.client("cloudfront", region_name="us-east-1").create_distribution(
        DistributionConfig={
            "CallerReference": "test",
            "Comment": "",
            "Enabled": True,
            "Origins": {"Quantity": 1, "Items": [origin]},
            "DefaultCacheBehavior": {
                "TargetOriginId": "gateway",
                "ViewerProtocolPolicy": "allow-all",
            },
        }
    )
    identifier: str = made["Distribution"]["Id"]
    return identifier


def invalidations(distribution: str) -> list[list[str]]:
    client = boto3.client("cloudfront", region_name="us-east-1")
    listed = client.list_invalidations(DistributionId=distribution)["InvalidationList"]
    found = [
        client.get_invalidation(DistributionId=distribution, Id=item["Id"])["Invalidation"]
        for item in listed.get("Items", [])
    ]
    return sorted(one["InvalidationBatch"]["Paths"]["Items"] for one in found)


def test_cloudfront_invalidates_tags_and_paths(distribution: str) -> None:
    targets = (f"cloudfront:{distribution}", f"cloudfront-path:{distribution}")
    both = PurgePolicy(tuple(read_target(target) for target in targets))
    outcomes = purged(both, CAT, Flush(key="b"), paths=PATHS)
    assert outcomes == [PurgeOutcome(target, 1) for target in targets]
    assert invalidations(distribution) == [["#photos/cat.jpg", "#b"], sorted(PATHS)]


@pytest.mark.usefixtures("_cloudfront")
def test_cloudfront_says_that_there_is_no_such_distribution() -> None:
    (outcome,) = purged(PurgePolicy((read_target("cloudfront:ENONE"),)))
    assert outcome.failure == "HTTP 404: NoSuchDistribution"


def test_cloudfront_is_asked_again_under_the_same_reference(
    server: Recorder, s3: S3Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFRONT", server.url)
    cloudfront._client.cache_clear()
    busy = (
        b"<ErrorResponse><Error><Code>TooManyInvalidationsInProgress</Code></Error></ErrorResponse>"
    )
    made = b"<Invalidation><Id>I1</Id><Status>InProgress</Status></Invalidation>"
    server.replies = [ScriptedReply(400, busy), ScriptedReply(503, b""), ScriptedReply(201, made)]
    outcomes = purged(policy("cloudfront:E1"))
    cloudfront._client.cache_clear()
    assert outcomes == [PurgeOutcome("cloudfront:E1", 1)]
    first, *others = [asked.body for asked in server.asked]
    assert b"#photos/cat.jpg" in first
    assert [first] * 2 == others


def test_every_call_has_a_reference_of_its_own(server: Recorder) -> None:
    told = policy("cloudfront:E1")
    calls = [calls_for(told.targets[0], told, [CAT], []) for _ in range(2)]
    assert calls[0] != calls[1]
