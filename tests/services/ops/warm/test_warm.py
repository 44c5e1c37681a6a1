"""Warming, against a gateway's stand-in that answers as it is told."""

import asyncio
import io
import json
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from resizer.errors import InvalidRequest, SignatureMismatch, SourceUnavailable
from resizer.ops.warm import run as running
from resizer.ops.warm.client import WarmClient, WarmOutcome
from resizer.ops.warm.plan import WarmPlan, keys_in, written_keys
from resizer.ops.warm.report import WarmReport, failures_in_words, in_words
from resizer.ops.warm.resume import ResumeFile, ResumeMismatch
from resizer.ops.warm.run import WarmRun
from resizer.ops.warm.variants import VariantSpec, of_width, variant_specs
from resizer.urls.access import Access, Urls
from resizer.urls.links import Links
from tests.support.servers import free_port
from tests.support.urls import SETTINGS

OPEN = Links(SETTINGS, Access(Urls.OPEN))
ASKED = {"prefix": "photos/"}
Answer = tuple[int, dict[str, str], bytes]


class StandIn:
    """Answers a path by `answer`, and notes what it was asked."""

    def __init__(self, answer: Callable[[str], Answer]) -> None:
        self.asked: list[tuple[str, str]] = []
        self.at_once = self.most = 0
        self.hangs_up = False
        """Without having said so."""
        lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                with lock:
                    outer.at_once += 1
                    outer.most = max(outer.most, outer.at_once)
                    outer.asked.append((self.path, self.headers["Accept"]))
                status, headers, body = answer(self.path)
                with lock:
                    outer.at_once -= 1
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
                self.close_connection = outer.hangs_up

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def stand_in() -> Iterator[Callable[[Callable[[str], Answer]], StandIn]]:
    started: list[StandIn] = []

    def start(answer: Callable[[str], Answer]) -> StandIn:
        started.append(StandIn(answer))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "_FIRST_WAIT", 0.001)
    monkeypatch.setattr(running, "_LONGEST_WAIT", 0.01)


def image(path: str) -> Answer:
    return 200, {"Cache-Status": "resizer; fwd=miss; stored"}, b"x" * 10


def problem(status: int, kind: str, **headers: str) -> Answer:
    body = {"type": f"urn:resizer:problem:{kind}", "detail": f"About {kind}."}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, named, json.dumps(body).encode()


async def these(*keys: str) -> AsyncIterator[str]:
    for key in keys:
        yield key


def plan(url: str, concurrency: int = 2, *options: str) -> WarmPlan:
    lists = [option.split(",") for option in options or ("width=9",)]
    return WarmPlan(url, OPEN, variant_specs(OPEN, lists, ["avif", "jpeg"]), concurrency)


def warmed(
    asking: WarmPlan, keys: AsyncIterator[str], resume: ResumeFile | None = None
) -> tuple[WarmRun, WarmReport]:
    async def go() -> WarmRun:
        run = WarmRun(asking, WarmReport(), resume)
        await run.warm(keys)
        return run

    run = asyncio.run(go())
    return run, run.report


def test_a_negotiated_format_is_asked_for_as_each_client_would() -> None:
    found = variant_specs(OPEN, [("hero",), ("w=9", "f=webp"), ("hero",)], ["avif", "webp", "jpeg"])
    assert found == (
        VariantSpec(("hero",), "image/avif"),
        VariantSpec(("hero",), "image/webp"),
        VariantSpec(("hero",), "image/jpeg"),
        VariantSpec(("w=9", "f=webp"), None),
    )


def test_what_the_gateway_would_refuse_is_refused_before() -> None:
    with pytest.raises(InvalidRequest):
        variant_specs(OPEN, [("widht=9",)], ["avif"])
    with pytest.raises(SignatureMismatch):
        variant_specs(Links(SETTINGS, Access(Urls.PRESETS)), [("width=9",)], ["avif"])


def test_a_width_is_asked_for_as_it_is_let_in() -> None:
    assert of_width(OPEN, 320) == ("width=320", "format=auto")
    listed = Links(SETTINGS, Access(Urls.PRESETS, widths=frozenset({320})))
    assert of_width(listed, 320) == ("width=320",)


def test_every_original_is_asked_for_in_every_way(stand_in: Any) -> None:
    gateway = stand_in(image)
    _, report = warmed(plan(gateway.url, 3, "hero", "width=9"), these("a.jpg", "b/ä.jpg"))
    assert sorted(gateway.asked) == sorted(
        (f"/img/{path}", accept)
        for key in ("a.jpg", "b/%C3%A4.jpg")
        for path, accept in (
            (f"hero/{key}", "image/avif"),
            (f"hero/{key}", "image/jpeg"),
            (f"width=9/{key}", "*/*"),
        )
    )
    assert (report.originals, report.filled, report.bytes) == (2, 6, 60)


def test_hits_are_told_from_fills(stand_in: Any) -> None:
    gateway = stand_in(lambda path: (200, {"Cache-Status": "resizer; hit; detail=redis"}, b""))
    _, report = warmed(plan(gateway.url), these("a.jpg"))
    assert (report.filled, report.hits) == (0, 1)
    assert in_words(report) == "1 original: 0 variants filled, 1 there already, 0 failed"


def test_no_more_than_asked_are_under_way(stand_in: Any) -> None:
    together = threading.Barrier(3, timeout=10)

    def answer(path: str) -> Answer:
        together.wait()
        return image(path)

    gateway = stand_in(answer)
    warmed(plan(gateway.url, 3), these(*(f"{number}.jpg" for number in range(12))))
    assert gateway.most == 3


@pytest.mark.parametrize("after", ["1", "Sun, 01 Mar 2026 12:00:00 GMT", "²"])
def test_a_gateway_that_is_full_is_asked_again(stand_in: Any, after: str) -> None:
    refusals = iter([problem(503, "overloaded", Retry_After=after)] * 3)
    gateway = stand_in(lambda path: next(refusals, None) or image(path))
    _, report = warmed(plan(gateway.url, 1), these("a.jpg"))
    assert len(gateway.asked) == 4
    assert (report.filled, report.failed) == (1, {})


def test_a_gateway_that_stays_full_is_a_failure(stand_in: Any) -> None:
    gateway = stand_in(lambda path: problem(503, "overloaded", Retry_After="1"))
    _, report = warmed(plan(gateway.url, 1), these("a.jpg"))
    assert len(gateway.asked) == 6
    assert report.failed == {"overloaded": 1}


def test_other_problems_are_not_asked_again_and_told(stand_in: Any) -> None:
    def answer(path: str) -> Answer:
        return problem(404, "source-not-found") if "gone" in path else (502, {}, b"<html>")

    file = io.StringIO()
    gateway = stand_in(answer)

    async def go() -> WarmReport:
        run = WarmRun(plan(gateway.url, 1), WarmReport(file))
        await run.warm(these("gone.jpg", "b.jpg"))
        return run.report

    report = asyncio.run(go())
    assert len(gateway.asked) == 2
    assert report.failed == {"source-not-found": 1, "http-502": 1}
    assert "gone.jpg width=9: About source-not-found." in failures_in_words(report)
    first, _ = map(json.loads, file.getvalue().splitlines())
    assert first["key"] == "gone.jpg"
    assert first["status"] == 404


@pytest.mark.parametrize(
    ("file", "has"), [(None, "--failures FILE"), (io.StringIO(), "the file of --failures")]
)
def test_only_the_first_failures_are_shown(file: io.StringIO | None, has: str) -> None:
    report = WarmReport(file)
    for number in range(25):
        report.add(
            f"{number}.jpg",
            VariantSpec(("w=1",), None),
            WarmOutcome(404, "source-not-found", "No."),
        )
    lines = failures_in_words(report)
    assert lines[0] == "25 × source-not-found"
    assert lines[-1] == f"and 15 more: {has} has them all"
    assert len(lines) == 12


def test_of_one_original_one_failure_is_shown() -> None:
    report = WarmReport()
    for width in range(9):
        report.add(
            "a.txt", VariantSpec((f"w={width}",), None), WarmOutcome(422, "unprocessable-source")
        )
    assert len(report.first) == 1
    assert failures_in_words(report)[-1].startswith("and 8 more")


def test_a_key_that_no_url_can_hold_is_a_failure(stand_in: Any) -> None:
    gateway = stand_in(image)
    _, report = warmed(plan(gateway.url), these("a/../b.jpg", "b.jpg"))
    assert report.failed == {"invalid-request": 1}
    assert report.filled == 1


def test_a_gateway_that_went_away_ends_the_run() -> None:
    run, report = warmed(
        plan(f"http://127.0.0.1:{free_port()}"), these(*(f"{n}.jpg" for n in range(1000)))
    )
    assert run.lost
    assert report.originals <= 10


def test_a_listing_that_breaks_ends_the_run_after_what_is_under_way(stand_in: Any) -> None:
    async def breaks() -> AsyncIterator[str]:
        yield "a.jpg"
        raise SourceUnavailable("The source does not list its keys.")

    gateway = stand_in(image)
    run = WarmRun(plan(gateway.url), WarmReport())
    with pytest.raises(SourceUnavailable):
        asyncio.run(run.warm(breaks()))
    assert run.report.filled == 1


def test_a_connection_that_was_dropped_is_made_anew(stand_in: Any) -> None:
    gateway = stand_in(image)
    gateway.hangs_up = True
    client = WarmClient(gateway.url)
    assert [client.get("/img/w=1/a.jpg", None).status for _ in range(3)] == [200] * 3
    client.close()


def test_a_path_goes_out_as_it_is_written(stand_in: Any) -> None:
    gateway = stand_in(image)
    client = WarmClient(f"{gateway.url}/images/")
    client.get("/img/w=1/%2Fa/./b%2b%2C//c.jpg", None)
    client.close()
    assert gateway.asked[0][0] == "/images/img/w=1/%2Fa/./b%2b%2C//c.jpg"


def test_a_run_goes_on_where_it_was(stand_in: Any, tmp_path: Path) -> None:
    gateway = stand_in(image)
    file = tmp_path / "state"
    with ResumeFile(file, ASKED) as resume:
        warmed(plan(gateway.url), these("a.jpg", "b\n.jpg"), resume)
        assert len(resume) == 1  # a line feed cannot be in a URL
    with ResumeFile(file, ASKED) as resume:
        _, report = warmed(plan(gateway.url), these("a.jpg", "c.jpg"), resume)
    assert (report.skipped, report.originals) == (1, 1)
    assert [path for path, _ in gateway.asked] == ["/img/width=9/a.jpg", "/img/width=9/c.jpg"]


def test_what_failed_is_tried_again_by_the_next_run(stand_in: Any, tmp_path: Path) -> None:
    gateway = stand_in(lambda path: problem(404, "source-not-found"))
    with ResumeFile(tmp_path / "state", ASKED) as resume:
        warmed(plan(gateway.url), these("a.jpg"), resume)
        assert "a.jpg" not in resume


def test_a_line_cut_by_a_kill_is_no_done_original(tmp_path: Path) -> None:
    file = tmp_path / "state"
    with ResumeFile(file, ASKED) as resume:
        resume.note("a.jpg")
        resume.note("b.jpg")
    file.write_bytes(file.read_bytes()[:-4])
    with ResumeFile(file, ASKED) as resume:
        assert "a.jpg" in resume
        assert "b.jpg" not in resume
        resume.note("c.jpg")
    with ResumeFile(file, ASKED) as resume:
        assert len(resume) == 2


@pytest.mark.parametrize("text", ['{"prefix": "other/"}\n', "# notes\n", "cut"])
def test_a_file_of_another_run_is_refused_and_left_alone(tmp_path: Path, text: str) -> None:
    file = tmp_path / "state"
    file.write_text(text)
    with pytest.raises(ResumeMismatch):
        ResumeFile(file, ASKED)
    assert file.read_text() == text


def test_a_stopped_run_finishes_what_is_under_way(stand_in: Any, tmp_path: Path) -> None:
    gateway = stand_in(image)

    async def go() -> WarmRun:
        run = WarmRun(plan(gateway.url, 1), WarmReport())
        run.on_original = run.stop
        await run.warm(these(*(f"{n}.jpg" for n in range(100))))
        return run

    run = asyncio.run(go())
    assert run.stopped
    assert run.report.originals == len(gateway.asked) == 1


def test_keys_are_read_line_by_line() -> None:
    async def read() -> list[str]:
        return [key async for key in written_keys(io.StringIO("a.jpg\n\n b .jpg\r\nc.jpg"))]

    assert asyncio.run(read()) == ["a.jpg", " b .jpg", "c.jpg"]


def test_a_file_of_keys_is_closed_however_far_it_was_read(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("a.jpg\nb.jpg\n")

    async def read() -> None:
        whole, left = keys_in(file), keys_in(file)
        assert [key async for key in whole] == ["a.jpg", "b.jpg"]
        assert await anext(left) == "a.jpg"

    asyncio.run(read())
    assert str(file) not in map(os.path.realpath, Path("/proc/self/fd").iterdir())
