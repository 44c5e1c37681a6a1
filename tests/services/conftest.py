"""Fixtures of the servers that tests ask, and of the command."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from resizer.settings.settings import Settings
from tests.support.commands import Run, invoke
from tests.support.fronts import Front, Nginx, Varnish, need_fronts
from tests.support.live import KEY, SECRET, Gateway
from tests.support.pictures import jpeg
from tests.support.queues import Line, MakeLine
from tests.support.servers import (
    RedisCluster,
    RedisServer,
    S3Bucket,
    any_redis,
    moto,
    need_redis,
    uses_fake,
    versitygw,
)

if TYPE_CHECKING:
    from mypy_boto3_sqs.literals import QueueAttributeNameType


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Where there is no redis-server, what fakeredis cannot do is skipped by name."""
    if (wants := item.get_closest_marker("real_redis")) and uses_fake():
        pytest.skip(f"fakeredis cannot {wants.args[0]} (Debian package: redis-server)")


@pytest.fixture(scope="session")
def _redis_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with any_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def redis_server(_redis_process: RedisServer) -> RedisServer:
    """Running, empty, with its default settings."""
    _redis_process.resume()
    _redis_process.start()
    _redis_process.run("FLUSHALL")
    return _redis_process


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    """One for a test that stops it: where the server is young a flush waits, and the tests after
    it would."""
    with any_redis(tmp_path) as server:
        yield server


@pytest.fixture(scope="session")
def _redis_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    need_redis()
    cluster = RedisCluster(tmp_path_factory.mktemp("cluster"))
    cluster.start()
    yield cluster
    cluster.stop()


@pytest.fixture
def redis_cluster(_redis_cluster: RedisCluster) -> RedisCluster:
    """A real Redis cluster of three nodes: running and empty."""
    _redis_cluster.empty()
    return _redis_cluster


@pytest.fixture(scope="session")
def _s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Bucket]:
    """A moto server; `S3_SERVER=versitygw` is an extra run against one that stores files."""
    import boto3
    from botocore.config import Config

    server = versitygw if os.environ.get("S3_SERVER") == "versitygw" else moto
    with server(tmp_path_factory.mktemp("s3")) as endpoint:
        client = boto3.client(
            "s3",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id=S3Bucket.access_key,
            aws_secret_access_key=S3Bucket.secret_key,
            config=Config(s3={"addressing_style": "path"}),
        )
        client.create_bucket(Bucket=S3Bucket.name)
        yield S3Bucket(endpoint, client)
        client.close()


@pytest.fixture
def s3(_s3_server: S3Bucket, monkeypatch: pytest.MonkeyPatch) -> S3Bucket:
    """A private S3 bucket: empty, with its credentials and endpoint in the environment."""
    for name, value in _s3_server.environment().items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    _s3_server.empty()
    return _s3_server


@pytest.fixture
def aws(s3: S3Bucket) -> S3Bucket:
    """The bucket of a server that is SQS, SNS, EventBridge and CloudFront as well."""
    if os.environ.get("S3_SERVER") == "versitygw":
        pytest.skip("needs the moto server")
    return s3


@pytest.fixture
def make_line(aws: S3Bucket) -> Iterator[MakeLine]:
    """Queues of that server, which go with the test."""
    import boto3

    client = boto3.client("sqs", region_name="us-east-1", endpoint_url=aws.endpoint)
    lines: list[Line] = []

    def make(**attributes: str) -> Line:
        lines.append(Line(client, cast("dict[QueueAttributeNameType, str]", attributes)))
        return lines[-1]

    yield make
    for line in lines:
        client.delete_queue(QueueUrl=line.url)
    client.close()


@pytest.fixture
def bucket(s3: S3Bucket) -> S3Bucket:
    s3.put(KEY, jpeg(640, 480))
    return s3


@pytest.fixture(scope="session")
def _signed(_s3_server: S3Bucket, _redis_process: RedisServer) -> Iterator[Gateway]:
    with Gateway(
        _s3_server.environment(),
        source=_s3_server.url,
        s3_endpoint=_s3_server.endpoint,
        cache=_redis_process.url,
        signing_keys=SECRET,
        missing_ttl=0,
    ) as running:
        yield running


@pytest.fixture(scope="session")
def _open(_s3_server: S3Bucket, _redis_process: RedisServer) -> Iterator[Gateway]:
    with Gateway(
        _s3_server.environment(), source=_s3_server.url, cache=_redis_process.url, urls="open"
    ) as running:
        yield running


@pytest.fixture
def gateway(_signed: Gateway, bucket: S3Bucket, redis_server: RedisServer) -> Gateway:
    """One that answers signed URLs, with nothing cached."""
    _signed.flush_everything()
    return _signed


@pytest.fixture
def open_gateway(_open: Gateway, bucket: S3Bucket, redis_server: RedisServer) -> Gateway:
    """One that answers any URL, with nothing cached."""
    _open.flush_everything()
    return _open


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command in an empty directory, under the given settings alone."""
    monkeypatch.chdir(tmp_path)
    for name in [*Settings.model_fields, "config"]:
        monkeypatch.delenv(f"RESIZER_{name.upper()}", raising=False)
    return invoke


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with `cert.pem`, signed by itself for 127.0.0.1, and `key.pem`."""
    if not shutil.which("openssl"):
        pytest.skip("no openssl on the PATH to make a certificate with")
    directory = tmp_path_factory.mktemp("tls")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run(command, cwd=directory, check=True, capture_output=True)
    return directory


@pytest.fixture(scope="session")
def _fronts(
    _signed: Gateway, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Front]]:
    need_fronts()
    directory = tmp_path_factory.mktemp
    with (
        Nginx(_signed, directory("nginx")) as nginx,
        Varnish(_signed, directory("varnish")) as varnish,
    ):
        yield {"nginx": nginx, "varnish": varnish}


@pytest.fixture
def nginx(_fronts: dict[str, Front], gateway: Gateway) -> Front:
    """nginx as the CDN of `gateway`, with nothing cached in either."""
    _fronts["nginx"].empty()
    return _fronts["nginx"]


@pytest.fixture
def varnish(_fronts: dict[str, Front], gateway: Gateway) -> Front:
    """Varnish as the CDN of `gateway`, with nothing cached in either."""
    _fronts["varnish"].empty()
    return _fronts["varnish"]
