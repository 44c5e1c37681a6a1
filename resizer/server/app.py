"""The gateway as an ASGI application."""

from collections.abc import Sequence
from functools import partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from resizer.errors import MethodNotAllowed, ResizerError, RouteNotFound
from resizer.http.access_log import AccessLog
from resizer.http.health import routes as operations_routes
from resizer.http.images import is_image
from resizer.http.replies import problem
from resizer.http.trace import trace_of
from resizer.server.components import Components
from resizer.settings.settings import Settings


def create_app(settings: Settings, routes: Sequence[BaseRoute] = ()) -> ASGIApp:
    """The gateway as an ASGI application; `routes` are served beside the images."""
    parts = Components(settings)
    rest = Starlette(
        routes=[*operations_routes(parts.gateway, parts.metrics), *routes],
        exception_handlers={HTTPException: partial(_unrouted, settings.error_max_age)},
        lifespan=parts.lifespan,
    )
    return AccessLog(Front(parts.images, rest), parts.writer, parts.metrics)


class Front:
    """Images to the image endpoint, everything else to Starlette."""

    def __init__(self, images: ASGIApp, rest: ASGIApp) -> None:
        self._images = images
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (self._images if is_image(scope) else self._rest)(scope, receive, send)


def _unrouted(max_age: int, request: Request, error: Exception) -> Response:
    """Starlette's own 404 and 405 as problem replies."""
    method = isinstance(error, HTTPException) and error.status_code == 405
    reason: ResizerError = (
        MethodNotAllowed("This path is read with GET and HEAD.")
        if method
        else RouteNotFound("Images are under /img/<options>/<key>.")
    )
    reply = problem(reason, trace_of(request.scope).request_id, max_age)
    response = Response(reply.body, reply.status)
    response.raw_headers = list(reply.headers)
    return response
