"""IPX (npm), which is sharp behind HTTP: one process of Node.js whose threads use every core."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.bucket import Bucket
from bench.peers import Ask, Peer
from bench.servers import await_answer, running

PORT = 18_405


@contextmanager
def ipx(home: Path, bucket: Bucket, folder: Path) -> Iterator[Peer]:
    """From the folder that `npm install ipx` was run in."""
    command = ["env", "-u", "VIPS_CONCURRENCY"]  # set for us alone: sharp counts its own threads
    command += ["node", str(folder / "node_modules/ipx/bin/ipx.mjs"), "serve"]
    command += ["--host", "127.0.0.1", "--port", str(PORT), "--domains", "127.0.0.1"]
    with (home / "ipx.log").open("wb") as log, running(command, {}, log.fileno()) as process:
        origin = await_answer(f"http://127.0.0.1:{PORT}")
        yield Peer("IPX (sharp)", lambda ask: origin + path(bucket, ask), process)


def path(bucket: Bucket, ask: Ask) -> str:
    size = f"s_{ask.width}x{ask.height}" if ask.height else f"w_{ask.width}"
    quality = f",q_{ask.quality}" if ask.quality else ""
    return f"/fit_inside,{size},f_{ask.format}{quality}/{bucket.url(ask.key)}"
