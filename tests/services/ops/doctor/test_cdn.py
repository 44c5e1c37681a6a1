import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from resizer.ops.doctor import cdn
from resizer.ops.doctor.cdn import check_cdn
from resizer.ops.doctor.checkup import check_all
from resizer.ops.doctor.finding import Verdict
from resizer.settings.settings import Settings
from tests.support.servers import free_port

OK, WARN, FAIL = Verdict.OK, Verdict.WARN, Verdict.FAIL


def found(*targets: str, **settings: Any) -> list[tuple[str, Verdict]]:
    findings = asyncio.run(check_cdn(Settings(cdn=[*targets], **settings)))
    return [(finding.what, finding.verdict) for finding in findings]


@pytest.fixture
def server() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_servers_are_tried_one_by_one(server: str) -> None:
    away = f"http://127.0.0.1:{free_port()}/cache"
    assert found(f"ban:{server}", f"purge:{away}", f"purge:{server}/cache") == [
        ("cdn", OK),
        ("cdn ban", OK),
        ("cdn purge", FAIL),
        ("cdn purge", OK),
    ]


def test_a_server_whose_name_nobody_knows_is_red() -> None:
    assert found("ban:https://nobody.invalid") == [("cdn", OK), ("cdn ban", FAIL)]


def test_a_server_that_is_silent_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(cdn, "_SECONDS", 0.01)
    monkeypatch.setattr(asyncio, "open_connection", silent)
    assert found("ban:http://varnish:6081") == [("cdn", OK), ("cdn ban", FAIL)]


@pytest.mark.parametrize(
    ("target", "needed"),
    [
        ("cloudflare:zone", {"cloudflare_token": "t"}),
        ("cloudflare-url:zone", {"cloudflare_token": "t", "public_url": "https://i.test"}),
        ("fastly:id", {"fastly_token": "t"}),
    ],
)
def test_what_a_purge_lacks_is_yellow(target: str, needed: dict[str, str]) -> None:
    assert found(target) == [("cdn", WARN)] * len(needed)
    assert found(target, **needed) == [("cdn", OK)]


def test_a_token_is_not_told() -> None:
    """And without a CDN there is nothing to tell."""
    settings = Settings(cdn=["fastly:id"], fastly_token=SecretStr("hush"), source="/")

    async def run(asked: Settings) -> list[str]:
        return [f.says async for f in check_all(asked) if f.what == "cdn"]

    (finding,) = asyncio.run(run(settings))
    assert "hush" not in finding
    assert asyncio.run(run(Settings(source="/"))) == []
