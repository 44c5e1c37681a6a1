"""`resizer demo`: a gateway and a gallery over sample pictures, on loopback, gone when it ends."""

import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from socket import socket

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from resizer.ops.demo.gallery import CONTENT_SECURITY_POLICY, page
from resizer.ops.demo.samples import write_samples
from resizer.server.app import create_app
from resizer.server.uvicorn import listen, run
from resizer.settings.settings import Settings
from resizer.urls.access import Urls
from resizer.urls.dialects import DIALECTS

_HOST = "127.0.0.1"
_PORTS_TRIED = 20
_PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".avif", ".gif", ".tif", ".tiff", ".svg"}


def run_demo(images: Path | None, port: int, say: Callable[[str], object]) -> None:
    """Serve until interrupted.

    Raises OSError when no port is free, LookupError when `images` holds no picture.
    """
    with (
        _first_free(port) as bound,
        tempfile.TemporaryDirectory(prefix="resizer-demo-") as samples,
    ):
        keys = pictures(images) if images else write_samples(Path(samples))
        if not keys:
            raise LookupError(f"there are no pictures in {images}")
        settings = _settings(str(images or samples), bound.getsockname()[1])
        origin = f"http://{_HOST}:{settings.port}"
        say(welcome(origin, keys))
        run(partial(_make_app, settings, keys, origin), settings, bound, log_level="ERROR")


def pictures(images: Path) -> list[str]:
    """The keys of a directory's pictures, by name, in order."""
    found = (path for path in images.rglob("*") if path.suffix.lower() in _PICTURES)
    return sorted(path.relative_to(images).as_posix() for path in found if path.is_file())


def welcome(origin: str, keys: Sequence[str]) -> str:
    """What a newcomer reads first: the page, and URLs to try."""
    lines = ["", f"  The gallery    {origin}/", ""]
    tried = (["width=400", "format=auto"], ["w=300", "h=300", "fit=cover"], ["format=json"])
    lines += [
        f"  {origin}{DIALECTS.default.path(options, key)}"
        for options, key in zip(tried, keys, strict=False)
    ]
    return "\n".join([*lines, "", "  Ctrl-C ends it.", ""])


def _settings(source: str, port: int) -> Settings:
    """Embedded: nothing of the environment's settings but the machine's cores is used."""
    defaults = {name: field.get_default() for name, field in Settings.model_fields.items()}
    chosen = {"source": source, "urls": Urls.OPEN, "port": port, "access_log": False}
    return Settings.model_construct(**defaults | chosen)


def _make_app(settings: Settings, keys: Sequence[str], origin: str) -> ASGIApp:
    html = page(keys, DIALECTS.default.path, origin)
    headers = {"content-security-policy": CONTENT_SECURITY_POLICY, "cache-control": "no-store"}

    async def gallery(_: Request) -> Response:
        return HTMLResponse(html, headers=headers)

    return create_app(settings, [Route("/", gallery)])


def _first_free(port: int) -> socket:
    """The port asked for, or one soon after it."""
    for candidate in range(port, min(port + _PORTS_TRIED, 65_536)):
        try:
            return listen(_HOST, candidate)
        except OSError as error:
            taken = error
    raise taken
