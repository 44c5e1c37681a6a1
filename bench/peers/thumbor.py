"""thumbor (PyPI), a process for each core, in a virtual environment of its own."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.bucket import Bucket
from bench.peers import QUALITY, Ask, Peer
from bench.servers import await_answer, running

PORT = 18_404
_CONFIGURATION = f"""
QUALITY = {QUALITY["jpeg"]}
WEBP_QUALITY = {QUALITY["webp"]}
AVIF_QUALITY = {QUALITY["avif"]}
LOADER = "thumbor.loaders.http_loader"
STORAGE = "thumbor.storages.no_storage"
RESULT_STORAGE = None
ALLOW_UNSAFE_URL = True
"""
"""The method's qualities, and nothing kept: each of its own originals is fetched once anyway."""


@contextmanager
def thumbor(home: Path, bucket: Bucket, program: str) -> Iterator[Peer]:
    configuration = home / "thumbor.conf"
    configuration.write_text(_CONFIGURATION)
    command = [program, "-i", "127.0.0.1", "-p", str(PORT), "-c", str(configuration)]
    command += ["-l", "error", "--processes", str(len(os.sched_getaffinity(0)))]
    with (home / "thumbor.log").open("wb") as log, running(command, {}, log.fileno()) as process:
        origin = await_answer(f"http://127.0.0.1:{PORT}")
        yield Peer("thumbor", lambda ask: origin + path(bucket, ask), process)


def path(bucket: Bucket, ask: Ask) -> str:
    source = bucket.url(ask.key).removeprefix("http://")
    box = f"{ask.width}x{ask.height or 0}"
    return f"/unsafe/fit-in/{box}/filters:format({ask.format})/{source}"
