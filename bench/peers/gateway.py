"""This project's gateway as a peer: all cores, sandboxed workers, signed requests to its bucket."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.bucket import Bucket
from bench.peers import Ask, Peer
from bench.servers import await_answer, running

PORTS = {"linear": 18_402, "gamma": 18_403}


@contextmanager
def gateway(home: Path, bucket: Bucket, resampling: str, **settings: object) -> Iterator[Peer]:
    """Default settings but for open URLs and what is given."""
    port = PORTS[resampling]
    environment = {
        **bucket.settings(),
        "RESIZER_URLS": "open",
        "RESIZER_PORT": str(port),
        "RESIZER_RESAMPLING": resampling,
        **{f"RESIZER_{name.upper()}": str(value) for name, value in settings.items()},
    }
    command = [sys.executable, "-m", "resizer", "serve"]
    with (
        (home / f"{resampling}.log").open("wb") as log,
        running(command, environment, log.fileno()) as process,
    ):
        origin = await_answer(f"http://127.0.0.1:{port}")
        yield Peer(f"resizer, {resampling} light", lambda ask: origin + path(ask), process)


def path(ask: Ask) -> str:
    options = [f"width={ask.width}"]
    if ask.height:
        options.append(f"height={ask.height}")
    options.append(f"format={ask.format}")
    if ask.quality:
        options.append(f"quality={ask.quality}")
    return f"/img/{','.join(options)}/{ask.key}"
