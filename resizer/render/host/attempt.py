"""One attempt of a worker at a render, and what its outcome means for the original's quarantine."""

import itertools
import time
from collections.abc import Callable

from resizer.errors import RenderTimeout, ResizerError, UnprocessableSource
from resizer.model.image import Rendered
from resizer.model.limits import Limits
from resizer.render.host.pixel_cache import LentBuffers, PixelCache
from resizer.render.host.quarantine import Quarantine, SlowThreshold
from resizer.render.host.render_request import RenderRequest
from resizer.render.host.worker_process import RenderFailed, Worker, WorkerDied, WorkerEnd
from resizer.render.protocol.messages import Job, Resampling

_STRIKES_OF_A_CRASH = 2
"""It is no guest of the quick lane: an original that crashes in a thousand sizes costs two workers,
or one more for each that begins with it before anything is known."""


class Attempts:
    """Has workers answer requests, and keeps quarantine and slow threshold up to date."""

    def __init__(
        self,
        limits: Limits,
        resampling: Resampling,
        threshold: SlowThreshold,
        quarantine: Quarantine,
        pixels: PixelCache,
        on_warning: Callable[[str], None],
    ) -> None:
        self._limits = limits
        self._resampling = resampling
        self._threshold = threshold
        self._quarantine = quarantine
        self._pixels = pixels
        self._on_warning = on_warning
        self._sequence = itertools.count(1)

    async def make(self, worker: Worker, request: RenderRequest) -> bool:
        """Have `worker` answer `request`; whether it died, and another one should try.

        Never raises: whatever happens costs the request and not its lane.
        """
        if request.answer.done():
            # Its descriptors may be closed, and their numbers other files' by now.
            return False
        start, slow_after = time.monotonic(), self._threshold.seconds
        try:
            request.succeed(await self._ask(worker, request))
            self._threshold.add(time.monotonic() - start)
        except WorkerDied as death:
            return self._ended_by(request, death.end)
        except UnprocessableSource as error:
            if worker.end is WorkerEnd.TIMEOUT:
                # It said so itself, while its render went on.
                self._block(request, error)
                return False
            request.fail(error)
        except Exception as error:
            self._on_warning(f"a render could not be given to its worker: {error!r}")
            request.fail(ResizerError("The image could not be rendered."))
        self._judge(request, slow=time.monotonic() - start > slow_after)
        return False

    async def _ask(self, worker: Worker, request: RenderRequest) -> Rendered:
        try:
            with self._pixels.lend(request.originals[0]) as buffers:
                files = [original.fd for original in request.originals]
                return await worker.render(self._job(request, buffers), files, buffers)
        except RenderFailed as failure:
            self._on_warning(f"a render failed: {failure}")
            raise UnprocessableSource("The original cannot be rendered.") from None

    def _job(self, request: RenderRequest, buffers: LentBuffers) -> Job:
        return Job(
            next(self._sequence),
            request.transform,
            self._limits,
            self._resampling,
            len(request.originals),
            tuple(intermediate for intermediate, _ in buffers.inputs),
            tuple(buffers.outputs),
            buffers.max_bytes,
        )

    def _ended_by(self, request: RenderRequest, end: WorkerEnd) -> bool:
        """Learn from a worker's death; whether another worker should try."""
        if end in (WorkerEnd.STOPPED, WorkerEnd.CLOSED):
            return False
        if end is WorkerEnd.TIMEOUT:
            self._block(request, _timeout(self._limits.render_seconds))
        elif request.crashed:
            self._block(request, _crashed_twice(self._limits.render_memory_mb))
        else:
            request.crashed = request.alone = True
            self._quarantine.add(request.originals, request.transform, _STRIKES_OF_A_CRASH)
            return True
        return False

    def _block(self, request: RenderRequest, error: UnprocessableSource) -> None:
        self._quarantine.block(request.originals, request.transform, error)
        request.fail(error)

    def _judge(self, request: RenderRequest, *, slow: bool) -> None:
        if not slow:
            self._quarantine.absolve(request.originals, request.transform)
        elif not request.counted:
            self._quarantine.add(request.originals, request.transform)


def _timeout(seconds: float) -> RenderTimeout:
    return RenderTimeout(
        f"The original takes longer than {seconds:g} s to render.",
        reason=f"killed after {seconds:g} s",
    )


def _crashed_twice(memory_mb: int) -> UnprocessableSource:
    return UnprocessableSource(
        "Rendering the original crashed twice: it is corrupt, or needs more memory than"
        f" {memory_mb} MiB.",
        reason="its workers died",
    )
