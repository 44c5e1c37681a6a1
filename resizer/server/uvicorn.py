"""Running the application under uvicorn, in one process or several."""

import gc
import logging
import os
import resource
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from functools import partial

import uvicorn
from starlette.types import ASGIApp
from uvicorn.supervisors import Multiprocess

from resizer.http.hit_lane import HitLaneProtocol
from resizer.settings.settings import Settings
from resizer.telemetry.log import logging_config
from resizer.telemetry.metrics import MULTIPROCESS_DIRECTORY

_log = logging.getLogger("resizer")
_DESCRIPTORS = 65_536
_KEEP_ALIVE_SECONDS = 75
"""Longer than the 60 s for which load balancers and CDNs keep an idle connection to an origin."""


def listen(host: str, port: int) -> socket.socket:
    """A bound socket. Raises OSError, so that a port in use is told before anything starts."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    bound.set_inheritable(True)
    return bound


def run(
    make_app: Callable[[], ASGIApp],
    settings: Settings,
    bound: socket.socket,
    log_level: str = "INFO",
) -> None:
    """Serve until SIGTERM or SIGINT, then drain. `make_app` runs once in each process."""
    config = uvicorn.Config(
        partial(_made, make_app),
        factory=True,
        http=HitLaneProtocol,
        ws="none",
        lifespan="on",
        workers=settings.workers,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        log_config=logging_config(log_level),
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=settings.drain_seconds,
    )
    _allow_descriptors()
    host, port = bound.getsockname()[:2]
    _log.info("listening on http://%s:%s", f"[{host}]" if ":" in host else host, port)
    # uvicorn drains and then raises the signal again: an end that was asked for is a success.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if settings.workers == 1:
        uvicorn.Server(config).run(sockets=[bound])
        return
    with tempfile.TemporaryDirectory(prefix="resizer-metrics-") as directory:
        os.environ[MULTIPROCESS_DIRECTORY] = directory
        Multiprocess(config, sockets=[bound]).run()


def _made(make_app: Callable[[], ASGIApp]) -> ASGIApp:
    """What is there by now stays to the end: no collection walks through it again."""
    app = make_app()
    gc.freeze()
    gc.enable()
    return app


def _allow_descriptors() -> None:
    """Clients, workers, Redis and every kept original hold one; the usual 1,024 are soon gone."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, _DESCRIPTORS)), hard))
