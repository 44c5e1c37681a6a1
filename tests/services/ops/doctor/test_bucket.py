"""Whether a bucket is private, readable and lent no more than needed: of real servers, and of what
AWS answers, by tables."""

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from resizer.ops.doctor.aws import credentials, privacy, reading
from resizer.ops.doctor.aws.client import AwsAnswer, BucketClients, ask, open_clients
from resizer.ops.doctor.aws.credentials import (
    judge_identity,
    judge_outside,
    judge_writing,
    principal,
)
from resizer.ops.doctor.aws.privacy import (
    judge_acl,
    judge_block,
    judge_list,
    judge_policy,
    judge_read,
)
from resizer.ops.doctor.aws.reading import find_sample, judge_listing, judge_reading
from resizer.ops.doctor.finding import READING, Finding, Verdict
from resizer.ops.doctor.source import judge_directory
from resizer.storage.address import Servers
from resizer.storage.s3.address import S3Address
from tests.support.servers import S3Bucket, free_port, versitygw

OK, WARN, FAIL = Verdict.OK, Verdict.WARN, Verdict.FAIL
DENIED = AwsAnswer("AccessDenied", 403)
DONE = AwsAnswer("", 200)
MISSING = AwsAnswer("NoSuchKey", 404)
UNKNOWN = AwsAnswer("NotImplemented", 501)
AWAY = AwsAnswer("EndpointConnectionError")
FLAGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
PUBLIC = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Everybody",
            "Effect": "Allow",
            "Principal": "*",
            "Action": ["s3:GetObject", "s3:ListBucket"],
            "Resource": [f"arn:aws:s3:::{S3Bucket.name}", f"arn:aws:s3:::{S3Bucket.name}/*"],
        }
    ],
}


@pytest.fixture
def private(tmp_path: Path, s3: S3Bucket) -> Iterator[S3Bucket]:
    """A bucket on a server that tells strangers nothing; moto lets them list."""
    if not shutil.which("versitygw"):
        pytest.skip("no versitygw on the PATH")
    with versitygw(tmp_path) as endpoint:
        import boto3

        client = boto3.client("s3", endpoint_url=endpoint)
        client.create_bucket(Bucket=S3Bucket.name)
        yield S3Bucket(endpoint, client)
        client.close()


@pytest.fixture
def public(s3: S3Bucket) -> Iterator[S3Bucket]:
    s3.client.put_bucket_policy(Bucket=s3.name, Policy=json.dumps(PUBLIC))
    yield s3
    s3.client.delete_bucket_policy(Bucket=s3.name)


def found(
    bucket: S3Bucket,
    look: Callable[[BucketClients, "asyncio.Future[reading.Sample]"], Awaitable[Any]],
    prefix: str = "",
    key: str | None = None,
    name: str | None = None,
) -> dict[str, Verdict]:
    async def run() -> list[Finding]:
        address = S3Address(name or bucket.name, prefix, Servers(bucket.endpoint))
        clients = open_clients(address, None)
        sample = asyncio.ensure_future(find_sample(clients, key))
        findings: list[Finding] = await look(clients, sample)
        await sample
        return findings

    return {finding.what: finding.verdict for finding in asyncio.run(run())}


def anonymous(bucket: S3Bucket, **given: str) -> dict[str, Verdict]:
    return found(bucket, privacy.check_anonymous, **given)


def test_a_public_bucket_is_red(public: S3Bucket) -> None:
    public.put("photos/cat.jpg", b"cat")
    assert anonymous(public) == {privacy.READ: FAIL, privacy.LIST: FAIL}
    setup = found(public, lambda clients, _: privacy.check_setup(clients))
    assert setup[privacy.POLICY] is FAIL


def test_a_private_bucket_is_green(private: S3Bucket) -> None:
    private.put("photos/cat.jpg", b"cat")
    assert anonymous(private) == {privacy.READ: OK, privacy.LIST: OK}
    setup = found(private, lambda clients, _: privacy.check_setup(clients))
    assert setup == {privacy.BLOCK: WARN, privacy.POLICY: OK, privacy.ACL: OK}


def test_without_an_object_a_refusal_proves_nothing(private: S3Bucket) -> None:
    assert anonymous(private) == {privacy.READ: WARN, privacy.LIST: OK}


def test_an_empty_object_can_be_read_like_any_other(public: S3Bucket) -> None:
    public.put("photos/empty.jpg", b"")
    assert anonymous(public)[privacy.READ] is FAIL
    assert found(public, reading.check_bucket)[READING] is OK


def test_the_public_access_block_is_read(s3: S3Bucket) -> None:
    before = found(s3, lambda clients, _: privacy.check_setup(clients))
    if before[privacy.BLOCK] is WARN:
        pytest.skip("this server knows no public access block")
    assert before[privacy.BLOCK] is FAIL
    s3.client.put_public_access_block(
        Bucket=s3.name,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )
    after = found(s3, lambda clients, _: privacy.check_setup(clients))
    s3.client.delete_public_access_block(Bucket=s3.name)
    assert after[privacy.BLOCK] is OK


def test_a_source_that_can_be_read_and_listed_is_green(bucket: S3Bucket) -> None:
    assert found(bucket, reading.check_bucket) == {READING: OK, reading.LISTING: OK}
    named = found(bucket, reading.check_bucket, prefix="photos", key="cat.jpg")
    assert named[READING] is OK


def test_an_empty_source_is_green(s3: S3Bucket) -> None:
    assert found(s3, reading.check_bucket)[READING] is OK


def test_a_bucket_that_is_not_there_is_red(s3: S3Bucket) -> None:
    assert found(s3, reading.check_bucket, name="no-such-bucket")[READING] is FAIL


def test_a_server_that_is_away_is_red_and_no_traceback(s3: S3Bucket) -> None:
    away = S3Bucket(f"http://127.0.0.1:{free_port()}", s3.client)
    assert found(away, reading.check_bucket) == {READING: FAIL, reading.LISTING: WARN}
    assert anonymous(away) == {privacy.READ: WARN, privacy.LIST: WARN}
    wide = found(away, lambda clients, _: credentials.check_credentials(clients))
    assert set(wide.values()) == {WARN}


def test_a_look_at_the_credentials_changes_nothing(private: S3Bucket) -> None:
    private.put("photos/cat.jpg", b"cat")
    private.put("invoices/1.pdf", b"secret")
    wide = found(
        private, lambda clients, _: credentials.check_credentials(clients), prefix="photos"
    )
    assert wide == {
        credentials.OTHERS: WARN,
        credentials.SETUP: WARN,
        credentials.WRITING: WARN,
        credentials.OUTSIDE: WARN,
    }
    listed = private.client.list_objects_v2(Bucket=private.name)["Contents"]
    assert [one["Key"] for one in listed] == ["invoices/1.pdf", "photos/cat.jpg"]
    assert not private.client.list_multipart_uploads(Bucket=private.name).get("Uploads")


def test_the_clock_of_the_bucket_is_read_from_any_answer(s3: S3Bucket) -> None:
    async def run() -> AwsAnswer:
        clients = open_clients(S3Address(s3.name, "", Servers(s3.endpoint)), None)
        return await ask(clients.own.get_object, Bucket=s3.name, Key="none")

    answer = asyncio.run(run())
    assert answer.code == "NoSuchKey"
    assert answer.ahead_seconds == pytest.approx(0, abs=2)


@pytest.mark.parametrize(
    ("answer", "known", "verdict"),
    [
        (DONE, True, FAIL),
        (DONE, False, FAIL),
        (AwsAnswer("InvalidRange", 416), True, FAIL),
        (DENIED, True, OK),
        (AwsAnswer("403", 403), True, OK),
        (MISSING, True, OK),
        (DENIED, False, WARN),
        (MISSING, False, WARN),
        (AwsAnswer("PermanentRedirect", 301), True, WARN),
        (AWAY, True, WARN),
    ],
)
def test_an_anonymous_get_is_judged(answer: AwsAnswer, known: bool, verdict: Verdict) -> None:
    assert judge_read(answer, known).verdict is verdict


@pytest.mark.parametrize(
    ("answer", "verdict"), [(DONE, FAIL), (DENIED, OK), (MISSING, WARN), (AWAY, WARN)]
)
def test_an_anonymous_listing_is_judged(answer: AwsAnswer, verdict: Verdict) -> None:
    assert judge_list(answer).verdict is verdict


@pytest.mark.parametrize(
    ("answer", "verdict", "said"),
    [
        (
            AwsAnswer("", 200, {"PublicAccessBlockConfiguration": dict.fromkeys(FLAGS, True)}),
            OK,
            "On",
        ),
        (
            AwsAnswer("", 200, {"PublicAccessBlockConfiguration": {"BlockPublicAcls": True}}),
            FAIL,
            "RestrictPublicBuckets off",
        ),
        (AwsAnswer("NoSuchPublicAccessBlockConfiguration", 404), FAIL, "Off"),
        (DENIED, WARN, "s3:GetBucketPublicAccessBlock"),
        (UNKNOWN, WARN, "no such question"),
        (AWAY, WARN, "could not be asked"),
    ],
)
def test_a_public_access_block_is_judged(answer: AwsAnswer, verdict: Verdict, said: str) -> None:
    finding = judge_block(answer)
    assert finding.verdict is verdict
    assert said in finding.says


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (AwsAnswer("", 200, {"PolicyStatus": {"IsPublic": True}}), FAIL),
        (AwsAnswer("", 200, {"PolicyStatus": {"IsPublic": False}}), OK),
        (AwsAnswer("NoSuchBucketPolicy", 404), OK),
        (DENIED, WARN),
    ],
)
def test_a_policy_is_judged(answer: AwsAnswer, verdict: Verdict) -> None:
    assert judge_policy(answer).verdict is verdict


@pytest.mark.parametrize("group", ["AllUsers", "AuthenticatedUsers"])
def test_an_acl_for_everybody_is_red(group: str) -> None:
    grant = {"Grantee": {"URI": f"http://acs.amazonaws.com/groups/global/{group}"}}
    assert judge_acl(AwsAnswer("", 200, {"Grants": [grant]})).verdict is FAIL
    assert judge_acl(AwsAnswer("", 200, {"Grants": [{"Grantee": {"ID": "me"}}]})).verdict is OK


@pytest.mark.parametrize(
    ("arn", "verdict"),
    [
        ("arn:aws:iam::123456789012:root", FAIL),
        ("arn:aws:iam::123456789012:user/gateway", WARN),
        ("arn:aws:sts::123456789012:assumed-role/gateway/i-1", OK),
    ],
)
def test_whose_credentials_they_are_is_judged(arn: str, verdict: Verdict) -> None:
    assert judge_identity(AwsAnswer("", 200, {"Arn": arn})).verdict is verdict


def test_iam_is_asked_about_the_role_of_a_session() -> None:
    assert principal("arn:aws:sts::1:assumed-role/gateway/i-1") == "arn:aws:iam::1:role/gateway"
    assert principal("arn:aws:iam::1:user/gateway") == "arn:aws:iam::1:user/gateway"


def test_what_iam_allows_to_write_is_yellow() -> None:
    results = [
        {"EvalActionName": "s3:PutObject", "EvalDecision": "implicitDeny"},
        {"EvalActionName": "s3:DeleteObject", "EvalDecision": "allowed"},
    ]
    (finding,) = credentials.judge_simulation({"EvaluationResults": results})
    assert finding.verdict is WARN
    assert "s3:DeleteObject:" in finding.says
    assert not credentials.judge_simulation({"EvaluationResults": results[:1]})


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [(AwsAnswer("NoSuchUpload", 404), WARN), (DENIED, OK), (AwsAnswer("500", 500), WARN)],
)
def test_what_may_write_is_judged(answer: AwsAnswer, verdict: Verdict) -> None:
    assert judge_writing(answer).verdict is verdict


@pytest.mark.parametrize(
    ("listing", "probe", "verdict"),
    [
        (DENIED, DENIED, OK),
        (DONE, DENIED, WARN),
        (DENIED, MISSING, WARN),
        (DONE, DONE, WARN),
        (DENIED, AWAY, WARN),
    ],
)
def test_what_reaches_beyond_the_prefix_is_judged(
    listing: AwsAnswer, probe: AwsAnswer, verdict: Verdict
) -> None:
    assert judge_outside(listing, probe).verdict is verdict


@pytest.mark.parametrize(
    ("answer", "known", "verdict"),
    [
        (DONE, True, OK),
        (DENIED, True, FAIL),
        (DENIED, False, WARN),
        (AwsAnswer("InvalidAccessKeyId", 403), False, FAIL),
        (AwsAnswer("RequestTimeTooSkewed", 403), True, FAIL),
        (AwsAnswer("NoCredentialsError"), False, FAIL),
    ],
)
def test_reading_is_judged(answer: AwsAnswer, known: bool, verdict: Verdict) -> None:
    assert judge_reading(answer, known).verdict is verdict


def test_both_ways_of_listing_are_fine() -> None:
    assert judge_listing(DONE).verdict is judge_listing(DENIED).verdict is OK
    assert "--keys" in judge_listing(DENIED).says


def test_a_directory_for_everybody_is_yellow(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert judge_directory(tmp_path)[0].verdict is OK
    tmp_path.chmod(0o777)
    assert judge_directory(tmp_path)[0].verdict is WARN
    assert judge_directory(tmp_path / "gone")[0].verdict is FAIL


def test_a_key_that_was_named_has_to_be_there(s3: S3Bucket, tmp_path: Path) -> None:
    s3.put("photos/cat.jpg", b"cat")
    (tmp_path / "cat.jpg").write_bytes(b"cat")
    for key, verdict in (("cat.jpg", OK), ("nosuch.jpg", FAIL)):
        seen = found(s3, reading.check_bucket, prefix="photos", key=key)
        assert seen[READING] is verdict
        assert judge_directory(tmp_path, key)[0].verdict is verdict
