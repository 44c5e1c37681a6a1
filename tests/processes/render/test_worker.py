"""The worker with the project's own renderer, and what it makes of failures."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import pyvips

from resizer.errors import UnprocessableSource
from resizer.model.formats import BY_MEDIA_TYPE, Format
from resizer.model.image import Rendered
from resizer.model.limits import Limits
from resizer.model.transform import Transform
from resizer.render.host.spawn import COMMAND, ENVIRONMENT
from resizer.render.protocol.messages import (
    Done,
    Failed,
    Hello,
    Job,
    Refused,
    Resampling,
    WorkerReply,
    decode_reply,
    encode_order,
)
from resizer.render.sandbox import lock
from resizer.render.worker import SAMPLE, RenderFunction, reply_to, warm_up
from tests.support.puppet_pool import original, running
from tests.support.root import ROOT

PICTURE = Rendered(b"a picture", "image/png", 4, 3, 0.0)


def answer(
    source: bytes,
    render: RenderFunction,
    limits: Limits | None = None,
    overlays: Sequence[bytes] = (),
) -> tuple[WorkerReply, bytes]:
    """The reply to a job on `source`, and what was written as its variant."""
    sources = [source, *overlays]
    files = [os.memfd_create("file") for _ in (*sources, "variant")]
    try:
        for file, data in zip(files, sources, strict=False):
            os.write(file, data)
        job = Job(5, Transform(width=8), limits or Limits(), originals=len(sources))
        return reply_to(job, files, render), os.pread(files[-1], 10**6, 0)
    finally:
        for file in files:
            os.close(file)


def raising(error: Exception) -> RenderFunction:
    def render(*_: object) -> Rendered:
        # a new one each time: its traceback holds the original open for as long as it lives
        raise type(error)(*error.args)

    return render


def test_a_variant_is_written_and_described() -> None:
    def render(sources: Sequence[memoryview], transform: Transform, *_: object) -> Rendered:
        assert ([*map(bytes, sources)], transform.width) == ([b"the original"], 8)
        return PICTURE

    reply, written = answer(b"the original", render)
    assert isinstance(reply, Done)
    assert (reply.sequence, reply.size, reply.content_type) == (5, 9, "image/png")
    assert (reply.width, reply.height, written) == (4, 3, b"a picture")


@pytest.mark.parametrize(
    ("error", "reply"),
    [
        (UnprocessableSource("too many pixels"), Refused(5, "too many pixels")),
        (UnprocessableSource("odd\ntext"), Refused(5, "odd text")),
        (
            MemoryError(),
            Refused(5, "The original needs more memory than a render may take."),
        ),
        (KeyError("where"), Failed(5, "KeyError: 'where'")),
        (RuntimeError("x" * 1000), Failed(5, "RuntimeError: " + "x" * 286)),
    ],
    ids=["refused", "control characters", "memory", "unforeseen", "long"],
)
def test_whatever_goes_wrong_is_a_reply(error: Exception, reply: WorkerReply) -> None:
    assert answer(b"x", raising(error)) == (reply, b"")


def test_an_empty_original_is_refused() -> None:
    assert answer(b"", raising(AssertionError()))[0] == Refused(5, "The original is empty.")
    reply, _ = answer(b"x", raising(AssertionError()), overlays=[b"y", b""])
    assert reply == Refused(5, "Overlay 2: The original is empty.")


def test_a_variant_beyond_its_bound_is_refused() -> None:
    huge = Rendered(b"x" * 1001, "image/png", 10, 10, 0.0)
    reply, written = answer(b"x", lambda *_: huge, Limits(max_variant_bytes=1000))
    assert reply == Refused(5, "The rendered image has 1,001 bytes, more than 1,000.")
    assert written == b""


def test_a_description_no_worker_may_give_is_not_given() -> None:
    reply, _ = answer(b"x", lambda *_: Rendered(b"x", "text/html", 1, 1, 0.0))
    assert isinstance(reply, Failed)


def test_jobs_sound_and_corrupt_leave_no_descriptor_open() -> None:
    from resizer.render.pipeline.pipeline import render

    png = render([SAMPLE], Transform(format=Format.PNG), Limits(), Resampling.LINEAR).body
    sources = (SAMPLE, png, png[:60], b"no picture")

    def open_files() -> int:
        for source in sources:
            answer(source, render)
        return len(os.listdir("/proc/self/fd"))

    before = open_files()
    for _ in range(50):
        assert open_files() == before


WARMED = [*BY_MEDIA_TYPE.values()]


def test_warming_up_says_which_format_does_not_render() -> None:
    problems = warm_up(raising(RuntimeError("no encoder")), Limits())
    assert len(problems) == len(WARMED)
    assert problems[0] == f"{WARMED[0]} does not render: no encoder"


@contextmanager
def worker() -> Iterator[tuple[socket.socket, "subprocess.Popen[bytes]"]]:
    """A real worker, told its limits, and the socket to talk to it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(20)
    with ours:
        with theirs:
            process = subprocess.Popen(
                [*COMMAND, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env=ENVIRONMENT,
                cwd="/",
            )
        ours.send(encode_order(Limits()))
        try:
            yield ours, process
        finally:
            process.kill()
            process.wait()


def test_a_worker_locks_itself_in_renders_every_format_and_ends_with_its_socket() -> None:
    with worker() as (gateway, process):
        hello = decode_reply(gateway.recv(100_000))
        assert isinstance(hello, Hello)
        if lock.landlock_abi() >= 6:
            assert hello.problems == []
        gateway.close()
        assert process.wait(10) == 0


def test_a_worker_whose_gateway_goes_before_it_is_ready_ends() -> None:
    with worker() as (gateway, process):
        gateway.close()
        assert process.wait(10) is not None


@pytest.mark.parametrize("written", WARMED)
def test_a_locked_worker_writes_and_reads_every_format(written: Format) -> None:
    async def scenario() -> None:
        async with running(command=COMMAND, limits=Limits()) as (pool, diary):
            with original(SAMPLE) as drawn:
                first = await pool.render([drawn], Transform(format=written))
            with original(first.body) as again:
                second = await pool.render([again], Transform(width=8, format=Format.PNG))
            assert (first.width, first.height) == (16, 16)
            assert (second.width, second.height, second.content_type) == (8, 8, "image/png")
            assert diary.warnings == []

    asyncio.run(scenario())


def test_text_in_an_svg_is_drawn_by_a_locked_worker() -> None:
    if not any(any(Path(directory).rglob("*.ttf")) for directory in lock.FONTS):
        pytest.skip("no fonts on this machine (Debian package: fonts-dejavu-core)")
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="60" height="20">'
        '<text x="2" y="15" font-family="DejaVu Sans">text</text></svg>'
    )

    async def scenario() -> None:
        async with running(command=COMMAND, limits=Limits()) as (pool, diary):
            for _ in range(2):
                with original(svg) as drawn:
                    rendered = await pool.render([drawn], Transform(format=Format.PNG))
                    assert rendered.width == 60
                    picture = pyvips.Image.new_from_buffer(rendered.body, "")
                    assert picture[picture.bands - 1].max() > 200, "nothing was drawn"
            assert diary.deaths == []

    asyncio.run(scenario())


def _modules_after(statement: str) -> set[str]:
    code = f"import sys; sys.path.insert(0, sys.argv[1]); {statement}; print(*sys.modules)"
    command = [sys.executable, "-I", "-c", code, str(ROOT)]
    return set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())


def test_the_gateways_side_never_loads_libvips() -> None:
    assert _modules_after("import resizer.render.host.pool").isdisjoint({"pyvips", "_libvips"})


def test_a_worker_loads_nothing_of_the_gateway() -> None:
    loaded = _modules_after("import resizer.render.worker, resizer.render.pipeline.pipeline")
    assert "pyvips" in loaded
    assert loaded.isdisjoint(
        {"asyncio", "ssl", "pydantic", "obstore", "redis", "resizer.gateway.gateway"}
    )
