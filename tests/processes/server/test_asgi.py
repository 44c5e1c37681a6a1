"""Under another ASGI server everything works, only slower: Granian, as its own process."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.live import problem
from tests.support.pictures import jpeg
from tests.support.servers import free_port
from tests.support.waiting import eventually

URL = "/img/width=200,format=png/a.jpg"


class Granian:
    """`granian` as docs/operations.md starts it, over the images of a directory."""

    def __init__(self, images: Path, log: Path) -> None:
        port = free_port()
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30)
        self.log = log
        command = [sys.executable, "-m", "granian", "--interface", "asgi", "--factory"]
        command += ["--host", "127.0.0.1", "--port", str(port), "--no-log", "resizer.asgi:app"]
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("RESIZER_")},
            "RESIZER_SOURCE": str(images),
            "RESIZER_URLS": "open",
            "RESIZER_RENDERERS": "1",
        }
        with log.open("wb") as out:
            self.process = subprocess.Popen(command, env=environment, stdout=out, stderr=out)

    def is_up(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.client.get("/healthz").status_code == 200
        except httpx.TransportError:
            return False

    def end(self) -> int:
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


@pytest.fixture(scope="module")
def granian(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Granian]:
    images: Path = tmp_path_factory.mktemp("images")
    (images / "a.jpg").write_bytes(jpeg(400, 300))
    server = Granian(images, images.parent / "granian.log")
    try:
        eventually(server.is_up, seconds=30)
        yield server
    finally:
        server.end()


@pytest.fixture
def client(granian: Granian) -> httpx.Client:
    return granian.client


def test_a_miss_is_rendered_and_then_a_hit(client: httpx.Client) -> None:
    miss, hit = client.get(URL), client.get(URL)
    assert (miss.status_code, hit.status_code) == (200, 200)
    assert "fwd=uri-miss" in miss.headers["cache-status"]
    assert hit.headers["cache-status"] == "resizer; hit; detail=memory"
    assert hit.content == miss.content
    assert hit.content.startswith(b"\x89PNG")
    assert hit.headers["x-request-id"] != miss.headers["x-request-id"]


def test_a_condition_is_answered_304(client: httpx.Client) -> None:
    kept = client.get(URL, headers={"if-none-match": client.get(URL).headers["etag"]})
    assert (kept.status_code, kept.content) == (304, b"")


def test_a_head_has_the_same_head_and_no_body(client: httpx.Client) -> None:
    client.get(URL)
    whole, bare = client.get(URL), client.head(URL)
    assert bare.content == b""
    for name in ("content-type", "content-length", "etag", "cache-control", "cache-status"):
        assert bare.headers[name] == whole.headers[name]


def test_what_is_wrong_is_a_problem(client: httpx.Client) -> None:
    missing = client.get("/img/width=200/none.jpg", headers={"x-request-id": "mine"})
    assert missing.status_code == 404
    assert problem(missing)["instance"] == "urn:resizer:request:mine"
    assert client.get("/img/width=none/a.jpg").status_code == 400
    assert client.post(URL).status_code == 405
    assert client.get("/elsewhere").status_code == 404


def test_it_is_ready_and_counts(client: httpx.Client) -> None:
    assert client.get("/readyz").json()["status"] == "ready"
    before = memory_hits(client)
    client.get(URL)
    client.get(URL)
    assert memory_hits(client) >= before + 1


def memory_hits(client: httpx.Client) -> float:
    samples = dict(line.rsplit(" ", 1) for line in client.get("/metrics").text.splitlines())
    return float(samples.get('resizer_hits_total{tier="memory"}', 0))


def test_requests_are_logged_and_sigterm_ends_it_all(granian: Granian) -> None:
    request_id = granian.client.get(URL).headers["x-request-id"]
    children = Path(f"/proc/{granian.process.pid}/task/{granian.process.pid}/children")
    workers = children.read_text().split()
    assert workers
    assert granian.end() == 0
    assert not [pid for pid in workers if Path("/proc", pid).exists()]
    entries = [json.loads(line) for line in granian.log.read_text().splitlines() if line[0] == "{"]
    assert request_id in {entry.get("request_id") for entry in entries}
