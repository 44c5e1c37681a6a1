"""One worker process as the gateway sees it: started, given one job at a time, killed.

A job costs the gateway 0.3 ms of CPU beside its render. Starting a worker, warm-up included, takes
0.4 s of CPU, of which the event loop stands still for 0.2 ms, 9 at worst (vfork; in a gateway of
2 GiB too).
"""

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import StrEnum

from resizer.aio.tasks import offload
from resizer.errors import UnprocessableSource
from resizer.model.image import Rendered
from resizer.model.limits import Limits
from resizer.render.containers.output_formats import may_be
from resizer.render.host import cpu_limit
from resizer.render.host.pixel_cache import LentBuffers
from resizer.render.host.spawn import STDERR_BYTES, spawn
from resizer.render.protocol.memfd import reclaim, sealable
from resizer.render.protocol.messages import (
    MAX_REPLY_BYTES,
    Failed,
    Hello,
    Job,
    Order,
    ProtocolViolation,
    Refused,
    WorkerReply,
    decode_reply,
    encode_order,
)

_START_SECONDS = 30.0
_SAID = 1000
"""Characters of what it said on stderr that go into the log."""


class WorkerEnd(StrEnum):
    """Why a worker is no more."""

    CRASH = "crash"
    TIMEOUT = "timeout"
    """By the clock, or by the CPU time that it took."""
    BAD_REPLY = "bad-reply"
    STOPPED = "stopped"
    RECYCLED = "recycled"
    CLOSED = "closed"


class WorkerDied(Exception):
    """The worker is gone; `end` says why."""

    def __init__(self, end: WorkerEnd) -> None:
        super().__init__(f"a render worker ended: {end}")
        self.end = end


class RenderFailed(Exception):
    """The worker lives and could not render, for a reason that is for the log only."""


class Worker:
    """A process that renders one job at a time.

    Its socket is watched all the time, so that a death is noticed when it happens, idle or not.
    """

    def __init__(self, command: Sequence[str]) -> None:
        """Start the process. Raises OSError when it cannot be.

        To be called in the main thread: the worker dies with the thread that started it.
        """
        self.jobs_started = 0
        """The one under way included."""
        self.end: WorkerEnd | None = None
        self.on_death: Callable[[], None] | None = None
        """Called when the worker is no more."""
        self._expected: asyncio.Future[bytes] | None = None
        spawned = spawn(command)
        self._process, self._socket, self._stderr = spawned.process, spawned.socket, spawned.stderr
        self._cpu = cpu_limit.CpuBudget(self._process.pid)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._readable)

    async def hello(self, limits: Limits) -> list[str]:
        """Wait until it is locked in; what of that did not work. Raises WorkerDied."""
        reply = await self._ask(limits, [], _START_SECONDS)
        if isinstance(reply, Hello):
            self._cpu.rest()
            return [*reply.problems, *self._cpu.bound(limits.render_seconds)]
        self.kill(WorkerEnd.BAD_REPLY)
        raise WorkerDied(WorkerEnd.BAD_REPLY)

    async def render(self, job: Job, sources: Sequence[int], buffers: LentBuffers) -> Rendered:
        """Have `job` done on the originals in the descriptors `sources`.

        What `buffers` lends is sent before this waits for anything.

        Raises UnprocessableSource and RenderFailed when the worker says so, and WorkerDied when it
        crashed, took longer than `job.limits.render_seconds` or sent something senseless.
        """
        variant = sealable("variant")
        self.jobs_started += 1
        self._forget_what_it_said()
        self._cpu.bound(job.limits.render_seconds)
        try:
            files = [*sources, variant, *buffers.descriptors]
            reply = await self._ask(job, files, job.limits.render_seconds)
            if isinstance(reply, Refused) and reply.stuck:
                self.kill(WorkerEnd.TIMEOUT)
            return await _rendered(job, reply, variant, buffers)
        except ProtocolViolation:
            self.kill(WorkerEnd.BAD_REPLY)
            raise WorkerDied(WorkerEnd.BAD_REPLY) from None
        finally:
            if not reclaim(variant):
                self.kill(WorkerEnd.BAD_REPLY)
            self._cpu.rest()

    def kill(self, end: WorkerEnd) -> None:
        """End it now, and all that it may have started."""
        if self.end:
            return
        self.end = end
        self._loop.remove_reader(self._socket)
        self._socket.close()
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        if self._expected and not self._expected.done():
            self._expected.set_exception(WorkerDied(end))
        if self.on_death:
            self.on_death()

    def check_idle(self) -> None:
        """To be called while it has no job: end it if it computes all the same."""
        if self._cpu.computed_at_rest():
            self.kill(WorkerEnd.BAD_REPLY)

    def slow_down(self) -> None:
        """Leave half of the cores to others from now on, so that quick renders always have some.

        Niceness means nothing to workers, which are SCHED_IDLE. Threads that it starts later
        inherit the cores.
        """
        if self.end:
            return
        cores = sorted(os.sched_getaffinity(0))
        with suppress(OSError):  # it has ended, or the machine forbids it
            for thread in os.listdir(f"/proc/{self._process.pid}/task"):
                with suppress(ProcessLookupError):  # that thread alone
                    os.sched_setaffinity(int(thread), cores[len(cores) // 2 :])

    async def reap(self) -> str:
        """Reap a killed worker; how it ended and the last it had to say, for the log."""
        status = await asyncio.to_thread(self._process.wait)
        said = os.pread(self._stderr, STDERR_BYTES, 0).rstrip(b"\0")
        os.close(self._stderr)
        how = signal.Signals(-status).name if status < 0 else f"exit status {status}"
        return f"{self.end} ({how}) {said.decode(errors='replace')[-_SAID:]}".strip()

    def _forget_what_it_said(self) -> None:
        """Start its stderr anew, so that the log of a death holds nothing of an earlier job."""
        os.pwrite(self._stderr, bytes(STDERR_BYTES), 0)
        os.lseek(self._stderr, 0, os.SEEK_SET)

    async def _ask(self, order: Order, descriptors: list[int], seconds: float) -> WorkerReply:
        if self.end:
            raise WorkerDied(self.end)
        self._expected = self._loop.create_future()
        try:
            socket.send_fds(self._socket, [encode_order(order)], descriptors)
            async with asyncio.timeout(seconds):
                return decode_reply(await self._expected)
        except (ConnectionError, BlockingIOError):
            self.kill(WorkerEnd.CRASH)
        except TimeoutError:
            self.kill(WorkerEnd.TIMEOUT)
        except ProtocolViolation:
            self.kill(WorkerEnd.BAD_REPLY)
        finally:
            self._expected = None
        raise WorkerDied(self.end or WorkerEnd.CRASH)

    def _readable(self) -> None:
        try:
            message = self._socket.recv(MAX_REPLY_BYTES + 1)
        except BlockingIOError:
            return
        except OSError:
            message = b""
        if message and self._expected and not self._expected.done():
            self._expected.set_result(message)
        elif message:
            self.kill(WorkerEnd.BAD_REPLY)
        else:
            self.kill(WorkerEnd.TIMEOUT if self._cpu.is_used_up() else WorkerEnd.CRASH)


async def _rendered(job: Job, reply: WorkerReply, variant: int, buffers: LentBuffers) -> Rendered:
    """What an untrusted reply to `job` amounts to. Raises ProtocolViolation when it is not one."""
    if isinstance(reply, Hello) or reply.sequence != job.sequence:
        raise ProtocolViolation("a reply to another order")
    if isinstance(reply, Refused):
        raise UnprocessableSource(reply.message)
    if isinstance(reply, Failed):
        raise RenderFailed(reply.detail)
    bound = job.limits.max_variant_bytes
    body = await offload(reply.size, read_variant, variant, reply.size, bound)
    if not may_be(body, reply.content_type, job.transform):
        raise ProtocolViolation("a variant that nobody asked for")
    for intermediate in reply.outputs:
        buffers.accept(intermediate)
    return Rendered(
        body,
        reply.content_type,
        reply.width,
        reply.height,
        reply.seconds,
        reply.partial,
        reply.began,
    )


def read_variant(variant: int, size: int, bound: int) -> bytes:
    """One copy of what the worker wrote, which it can change no more once it is looked at."""
    if size > bound or os.fstat(variant).st_size != size:
        raise ProtocolViolation("a variant of another size")
    body = os.pread(variant, size, 0)
    if len(body) != size:
        raise ProtocolViolation("a variant that shrinks")
    return body
