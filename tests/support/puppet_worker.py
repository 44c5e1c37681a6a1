"""A render worker whose every original is an order: what the pool's tests have it do.

It is the real worker, locked in like any other, around a render that needs no libvips.
"""

import mmap
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace

from resizer.errors import UnprocessableSource
from resizer.model.image import Rendered
from resizer.model.limits import Limits
from resizer.model.transform import Transform
from resizer.render.pipeline.intermediates import Intermediates
from resizer.render.protocol.intermediate import Intermediate, IntermediateKind
from resizer.render.protocol.messages import (
    MAX_REPLY_BYTES,
    Done,
    Hello,
    Refused,
    Resampling,
    encode_reply,
)
from resizer.render.sandbox.memory import KEPT_BYTES
from resizer.render.worker import serve_jobs
from tests.support.root import ROOT

PNG = b"\x89PNG\r\n\x1a\n"
COMMAND = (
    sys.executable,
    "-I",
    "-c",
    "import sys; sys.path.insert(0, sys.argv[1]);"
    "from tests.support.puppet_worker import main; main()",
    str(ROOT),
)


def main() -> None:
    serve_jobs(obey, lambda render, limits: [])


def complain() -> None:
    serve_jobs(obey, lambda render, limits: ["nothing is locked"])


CHILDREN: list[int] = []


def with_child() -> None:
    """As on a kernel without seccomp, where a worker can start another process."""
    CHILDREN.append(os.fork())
    if not CHILDREN[0]:
        os.close(int(sys.argv[-1]))
        time.sleep(60)
    main()


def ignore() -> None:
    """Say hello, and read nothing ever after."""
    gateway = int(sys.argv[-1])
    os.write(gateway, encode_reply(Hello([])))
    time.sleep(60)


def obey(
    sources: Sequence[memoryview],
    transform: Transform,
    limits: Limits,
    resampling: Resampling,
    intermediates: Intermediates,
) -> Rendered:
    source, *others = sources
    order, _, text = bytes(source).decode().partition(" ")
    if order == "together":
        return as_picture(" ".join([text, *(bytes(other).decode() for other in others)]))
    if order in WITH_INTERMEDIATES:
        return as_picture(WITH_INTERMEDIATES[order](intermediates, text.strip()))
    picture = as_picture(ORDERS[order](source, text))
    return replace(picture, content_type=text) if order == "claim" else picture


def as_picture(text: str) -> Rendered:
    """What passes for a PNG at the gateway, which looks no further than its first bytes."""
    return Rendered(PNG + text.encode(), "image/png", 1, 1, 0.0)


def echo(source: memoryview, text: str) -> str:
    return text


def pid(source: memoryview, text: str) -> str:
    return str(os.getpid())


def environment(source: memoryview, text: str) -> str:
    return " ".join(sorted(os.environ))


def free_descriptor(source: memoryview, text: str) -> str:
    """The lowest free descriptor: it rises when others stay open."""
    free = os.dup(0)
    os.close(free)
    return str(free)


def wait(source: memoryview, text: str) -> str:
    """Until whoever holds the original writes another word over the order; in a thread, as libvips
    does what takes long."""

    def look() -> None:
        while bytes(source[:4]) == b"wait":
            time.sleep(0.002)

    looking = threading.Thread(target=look)
    looking.start()
    looking.join()
    return str(os.getpid())


def spin(source: memoryview, text: str) -> str:
    while True:
        pass


def spin_on(source: memoryview, text: str) -> str:
    """Reply, and compute while nobody asks for anything."""
    threading.Thread(target=spin, args=(source, text), daemon=True).start()
    return str(os.getpid())


def crash(source: memoryview, text: str) -> str:
    signal.raise_signal(signal.SIGSEGV)
    return ""


def leave(source: memoryview, text: str) -> str:
    os._exit(3)


def refuse(source: memoryview, text: str) -> str:
    raise UnprocessableSource(text)


def fail(source: memoryview, text: str) -> str:
    raise RuntimeError(text)


def balloon(source: memoryview, text: str) -> str:
    hoard = []
    while True:
        hoard.append(bytearray(16 * 1024 * 1024))


_KEPT: list[bytes] = []


def gorge(source: memoryview, text: str) -> str:
    """Take more than a worker keeps in small pieces, again and again, and free all but one."""
    start, count = time.process_time(), int(1.1 * KEPT_BYTES / 100_000)
    while time.process_time() < start + 0.2:
        pieces = [b"x" * 100_000 for _ in range(count)]
        _KEPT[:] = pieces[-1:]
        del pieces
    return str(os.getpid())


def child(source: memoryview, text: str) -> str:
    """The process that `with_child` started, which would outlive its parent."""
    return str(CHILDREN[0])


def garbage(source: memoryview, text: str) -> str:
    return _say(text.encode())


def false_size(source: memoryview, text: str) -> str:
    return _say(encode_reply(Done(1, 10**9, "image/png", 1, 1, 0.0)))


def false_sequence(source: memoryview, text: str) -> str:
    return _say(encode_reply(Refused(10**9, "an answer to another job")))


def twice(source: memoryview, text: str) -> str:
    """One reply too many: the second is there before the next job is."""
    _say(encode_reply(Refused(int(text), "said twice")))
    return "said"


def stuck(source: memoryview, text: str) -> str:
    """As an SVG that takes too long: its render goes on, and the worker says so."""
    _say(encode_reply(Refused(int(text), "it takes too much", stuck=True)))
    threading.Event().wait()
    return ""


def flood(source: memoryview, text: str) -> str:
    """Longest messages, as fast as they are taken, for as long as anybody listens."""
    while True:
        os.write(int(sys.argv[-1]), bytes(MAX_REPLY_BYTES))


def intermediates_told(intermediates: Intermediates, text: str) -> str:
    """Inputs that there are, and kinds of outputs that are asked for; leaves those."""
    inputs = [f"{kind}:{name}" for kind, name in intermediates._inputs]
    outputs = sorted(intermediates._outputs)
    for kind in outputs:
        if intermediates.wants(kind, len(text)):
            intermediates.write(
                Intermediate(kind, text, len(text), 1, 1), memoryview(text.encode())
            )
    return f"inputs {' '.join(inputs)} outputs {' '.join(outputs)}"


def intermediate_read(intermediates: Intermediates, text: str) -> str:
    """The decoded pixels of that name."""
    found = intermediates.find(IntermediateKind.DECODED, text)
    return bytes(found[1]).decode() if found else "nothing"


def intermediate_of_another_size(intermediates: Intermediates, text: str) -> str:
    intermediates.written.append(Intermediate(IntermediateKind.SHAPED, "x", 10, 10, 3))
    return "said"


def intermediate_mapped(intermediates: Intermediates, text: str) -> str:
    """Leave one that could be written to for ever after."""
    file = intermediates._outputs[IntermediateKind.SHAPED]
    intermediates.write(Intermediate(IntermediateKind.SHAPED, "x", 4, 1, 1), memoryview(b"good"))
    _MAPPED.append(mmap.mmap(file, 4))
    return "said"


_MAPPED: list[mmap.mmap] = []
WITH_INTERMEDIATES = {
    "intermediates": intermediates_told,
    "intermediate-read": intermediate_read,
    "intermediate-of-another-size": intermediate_of_another_size,
    "intermediate-mapped": intermediate_mapped,
}


def _say(message: bytes) -> str:
    os.write(int(sys.argv[-1]), message)
    return ""


ORDERS = {
    "echo": echo,
    "claim": echo,
    "pid": pid,
    "environment": environment,
    "free-descriptor": free_descriptor,
    "wait": wait,
    "gone": pid,
    "spin": spin,
    "spin-on": spin_on,
    "crash": crash,
    "leave": leave,
    "refuse": refuse,
    "fail": fail,
    "balloon": balloon,
    "gorge": gorge,
    "child": child,
    "garbage": garbage,
    "false-size": false_size,
    "false-sequence": false_sequence,
    "twice": twice,
    "stuck": stuck,
    "flood": flood,
}
