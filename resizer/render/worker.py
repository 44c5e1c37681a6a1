"""The process in which hostile bytes are decoded: one job after the other, locked in.

It is started by the pool with an empty environment and one socket, whose number is its last
argument, and ends when the gateway closes the other end.
"""

import mmap
import os
import socket
import sys
import time
from collections.abc import Callable, Sequence

from resizer.errors import UnprocessableSource
from resizer.model.formats import BY_MEDIA_TYPE
from resizer.model.image import Rendered
from resizer.model.limits import Limits
from resizer.model.transform import Transform
from resizer.render.pipeline.intermediates import Intermediates
from resizer.render.pipeline.watchdog import bounded_svg
from resizer.render.protocol.messages import (
    MAX_ORDER_BYTES,
    MAX_PROBLEMS,
    Done,
    Failed,
    Hello,
    Job,
    Refused,
    Resampling,
    WorkerReply,
    decode_order,
    encode_reply,
    printable,
)
from resizer.render.sandbox import lock, self_test
from resizer.render.sandbox.memory import trim_heap

_MUCH_CPU_SECONDS = 0.1
"""No less goes by while a render fills memory that is worth giving back."""

_MOST_DESCRIPTORS = 32

RenderFunction = Callable[
    [Sequence[memoryview], Transform, Limits, Resampling, Intermediates], Rendered
]
"""The first of the sources is the picture; others are laid over it, in order."""

SAMPLE = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16">'
    b'<circle cx="8" cy="8" r="6" fill="#c33"/></svg>'
)


def main() -> None:
    """Serve the renderer of this project, until the gateway hangs up."""
    # Imported here so that a test can serve a render of its own without libvips.
    from resizer.render.pipeline.pipeline import render

    serve_jobs(render, warm_up)


def serve_jobs(
    render: RenderFunction, prepare: Callable[[RenderFunction, Limits], list[str]]
) -> None:
    """Lock in, prepare, say hello and answer jobs until the other end is closed.

    Nothing that starts a thread may run before the lock, and none before it was tried; `prepare`
    runs after it, so that what would later need a file says so at the start.
    """
    with socket.socket(fileno=int(sys.argv[-1])) as gateway:
        limits = decode_order(gateway.recv(MAX_ORDER_BYTES), Limits)
        problems = lock.lock(memory_mb=limits.render_memory_mb, file_bytes=limits.max_variant_bytes)
        problems += self_test.run_self_test()
        problems += prepare(render, limits)
        gateway.send(encode_reply(Hello([*map(printable, problems[:MAX_PROBLEMS])])))
        before = time.process_time()
        while reply := _next_reply(gateway, render):
            _say(gateway, reply)
            if time.process_time() - before > _MUCH_CPU_SECONDS:
                trim_heap()
            before = time.process_time()


def warm_up(render: RenderFunction, limits: Limits) -> list[str]:
    """Write and read one small picture of each format, so that no user waits for a first time."""
    problems = []
    for written in BY_MEDIA_TYPE.values():
        try:
            asked = (limits, Resampling.LINEAR, Intermediates())
            small = render([memoryview(SAMPLE)], Transform(format=written), *asked)
            render([memoryview(small.body)], Transform(width=8), *asked)
        except Exception as error:
            problems.append(f"{written} does not render: {error}")
    return problems


def _next_reply(gateway: socket.socket, render: RenderFunction) -> WorkerReply | None:
    message, descriptors, _, _ = socket.recv_fds(gateway, MAX_ORDER_BYTES, _MOST_DESCRIPTORS)
    if not message:
        return None
    try:
        job = decode_order(message, Job)
        with bounded_svg(job, descriptors[: job.originals], lambda reply: _say(gateway, reply)):
            return reply_to(job, descriptors, render)
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def _say(gateway: socket.socket, reply: WorkerReply) -> None:
    gateway.send(encode_reply(reply))


def reply_to(job: Job, descriptors: list[int], render: RenderFunction) -> WorkerReply:
    """Do one job. Whatever goes wrong is a reply, and only a refusal's message is for clients."""
    try:
        return _do(job, descriptors, render)
    except UnprocessableSource as error:
        return Refused(job.sequence, printable(str(error)))
    except MemoryError:
        return Refused(job.sequence, "The original needs more memory than a render may take.")
    except Exception as error:
        return Failed(job.sequence, printable(f"{type(error).__name__}: {error}"))


def _do(job: Job, descriptors: Sequence[int], render: RenderFunction) -> Done:
    originals, (variant, *files) = descriptors[: job.originals], descriptors[job.originals :]
    start, intermediates = time.perf_counter(), _intermediates(job, files)
    sources = [_mapped(original, number) for number, original in enumerate(originals)]
    rendered = render(sources, job.transform, job.limits, job.resampling, intermediates)
    size, most = len(rendered.body), job.limits.max_variant_bytes
    if size > most:
        raise UnprocessableSource(f"The rendered image has {size:,} bytes, more than {most:,}.")
    with open(variant, "wb", closefd=False) as file:
        file.write(rendered.body)
    return Done(
        sequence=job.sequence,
        size=size,
        content_type=rendered.content_type,
        width=rendered.width,
        height=rendered.height,
        seconds=time.perf_counter() - start,
        partial=rendered.partial,
        outputs=tuple(intermediates.written),
        began=intermediates.began or "",
    )


def _intermediates(job: Job, files: Sequence[int]) -> Intermediates:
    outputs = dict(zip(job.outputs, files, strict=False))
    inputs = zip(job.inputs, files[len(outputs) :], strict=True)
    return Intermediates(list(inputs), outputs, job.max_output_bytes)


def _mapped(source: int, number: int) -> memoryview:
    """An original's bytes, unmapped when nothing refers to them any more; 0 is the picture."""
    if not os.fstat(source).st_size:
        which = f"Overlay {number}: " if number else ""
        raise UnprocessableSource(f"{which}The original is empty.")
    # Private, and yet no copy: before Linux 6.7 no sealed memfd could be mapped as shared.
    return memoryview(mmap.mmap(source, 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ))
