"""The gateway as an ASGI application."""

from collections.abc import Sequence
from functools import partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from resizer.errors import MethodNotAllowed, ResizerError
from resizer.http.access_log import AccessLog
from resizer.http.health import routes as operations_routes
from resizer.http.replies import problem
from resizer.http.trace import trace_of
from resizer.server.components import Components
from resizer.settings.settings import Settings
from resizer.urls.dialect import DialectRegistry
from resizer.urls.dialects import DIALECTS


def create_app(
    settings: Settings, routes: Sequence[BaseRoute] = (), dialects: DialectRegistry = DIALECTS
) -> ASGIApp:
    """The gateway as an ASGI application; `routes` are served beside the images.

    `dialects` are those in which images may be asked for.
    """
    components = Components(settings, dialects)
    rest = Starlette(
        routes=[*operations_routes(components.gateway, components.metrics), *routes],
        exception_handlers={HTTPException: partial(_unrouted, settings.error_max_age, dialects)},
        lifespan=components.lifespan,
    )
    front = ImageRouter(components.images, rest, dialects)
    return AccessLog(front, components.writer, components.metrics)


class ImageRouter:
    """Images to the image endpoint, everything else to Starlette."""

    def __init__(self, images: ASGIApp, rest: ASGIApp, dialects: DialectRegistry) -> None:
        self._images = images
        self._rest = rest
        self._dialects = dialects

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_image = scope["type"] == "http" and self._dialects.claims(scope["raw_path"])
        await (self._images if is_image else self._rest)(scope, receive, send)


def _unrouted(
    max_age: int, dialects: DialectRegistry, request: Request, error: Exception
) -> Response:
    """Starlette's own 404 and 405 as problem replies."""
    method = isinstance(error, HTTPException) and error.status_code == 405
    reason: ResizerError = (
        MethodNotAllowed("This path is read with GET and HEAD.") if method else dialects.not_found()
    )
    reply = problem(reason, trace_of(request.scope).request_id, max_age)
    response = Response(reply.body, reply.status)
    response.raw_headers = list(reply.headers)
    return response
