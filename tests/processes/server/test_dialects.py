"""A dialect that only the test registers is served by the gateway as any other."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from starlette.types import ASGIApp, Message

from resizer.server.app import create_app
from resizer.settings.settings import Settings
from resizer.urls.access import Urls
from tests.support.dialects import TOY, WITH_TOY
from tests.support.live import problem
from tests.support.pictures import jpeg, size

Get = Callable[[str], httpx.Response]
SECRET = "k" * 40


@asynccontextmanager
async def started(app: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    """A client of `app`, which is started and stopped as a server does."""
    commands: asyncio.Queue[Message] = asyncio.Queue()
    events: asyncio.Queue[Message] = asyncio.Queue()
    scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
    running = asyncio.ensure_future(app(scope, commands.get, events.put))
    await commands.put({"type": "lifespan.startup"})
    assert (await events.get())["type"] == "lifespan.startup.complete"
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield client
    await commands.put({"type": "lifespan.shutdown"})
    await running


@pytest.fixture(scope="module")
def get(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Get]:
    images: Path = tmp_path_factory.mktemp("images")
    (images / "a.jpg").write_bytes(jpeg(400, 300))
    settings = Settings(
        source=str(images),
        urls=Urls.PRESETS,
        signing_keys=[SecretStr(SECRET)],
        widths=[80],
        renderers=1,
        access_log=False,
    )
    gateway = started(create_app(settings, dialects=WITH_TOY))
    with asyncio.Runner() as runner:
        client = runner.run(gateway.__aenter__())
        yield lambda path: runner.run(client.get(path))
        runner.run(gateway.__aexit__(None, None, None))


def test_its_signed_urls_are_answered(get: Get) -> None:
    reply = get(TOY.path(["100"], "a.jpg", SECRET))
    assert (reply.status_code, size(reply.content)) == (200, (100, 75))


def test_its_variants_are_those_of_any_other_dialect(get: Get) -> None:
    toy = get(TOY.path(["80"], "a.jpg"))
    native = get(WITH_TOY.default.path(["w=80", "f=png"], "a.jpg", SECRET))
    assert native.headers["cache-status"] == "resizer; hit; detail=memory"
    assert native.headers["etag"] == toy.headers["etag"]


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        (TOY.path(["81"], "a.jpg"), "are accepted; anything else needs one after a ~."),
        (TOY.path(["81"], "a.jpg", "guessed"), "The signature does not match the toy."),
        (TOY.path(["80"], "a.jpg", SECRET).replace("80", "81"), "does not match the toy."),
    ],
)
def test_what_its_scheme_did_not_sign_is_refused(get: Get, path: str, detail: str) -> None:
    members = problem(get(path))
    assert members["type"] == "urn:resizer:problem:signature-mismatch"
    assert str(members["detail"]).endswith(detail)


def test_what_it_does_not_understand_is_refused_in_its_words(get: Get) -> None:
    members = problem(get("/toy/wide/a.jpg"))
    assert (members["status"], members["detail"]) == (400, "A toy has a width.")


def test_the_404_of_any_other_path_names_it(get: Get) -> None:
    detail = str(problem(get("/nothing"))["detail"])
    assert detail.startswith("Images are under /img/<options>/<key> or ")
    assert detail.endswith(" or /toy/<width>/<key>.")
