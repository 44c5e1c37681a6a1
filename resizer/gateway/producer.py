"""Producer: fetches and renders an original, or revalidates a variant that is known."""

import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import replace

from resizer.aio.tasks import offload
from resizer.errors import SourceNotFound
from resizer.gateway.answer import Answer
from resizer.gateway.overlays import Overlays
from resizer.gateway.protocols import Originals, Renderer
from resizer.gateway.variant_call import AnyCall
from resizer.model.field import version_of
from resizer.model.image import Original, Unchanged, Variant
from resizer.model.response_head import make_variant
from resizer.telemetry.metrics import Metrics


class Producer:
    """What a fill does once it has the right to. Counts what it does, and keeps nothing."""

    def __init__(
        self, originals: Originals, renderer: Renderer, overlays: Overlays, metrics: Metrics
    ) -> None:
        self._originals = originals
        self._renderer = renderer
        self._overlays = overlays
        self._metrics = metrics

    async def produce(self, call: AnyCall, known: Variant | None) -> Answer:
        """Ask the source, and render unless it says that `known` shows the current original.

        Raises what the source and the renderer raise, and OverlayNotFound.
        """
        start = time.perf_counter()
        got = await self._fetch(call.key, known)
        fetched = time.perf_counter()
        if isinstance(got, Unchanged):
            assert known is not None  # noqa: S101  (or nothing could be unchanged)
            variant = replace(known, checked_at=got.checked_at)
            return Answer(variant, unchanged=True, fetch_seconds=fetched - start)
        variant, outdated = await self._render(call, got, fetched)
        return Answer(
            variant,
            flushed=outdated,
            fetch_seconds=fetched - start,
            render_seconds=time.perf_counter() - fetched,
        )

    def checks(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """What raises when a part does not work: `source` and `workers`."""
        return {"source": self._originals.check, "workers": self._renderer.check}

    def drop_originals(self, call: AnyCall) -> None:
        """Let go of what could not be rendered: the next one who asks gets it anew."""
        for key in (call.key, *(overlay.key for overlay in call.overlays)):
            self._originals.drop(key)

    async def _render(
        self, call: AnyCall, original: Original, fetched: float
    ) -> tuple[Variant, bool]:
        """The variant, and whether an overlay is of another version than it is named by."""
        with ExitStack() as stack:
            originals = [stack.enter_context(original)]
            for overlay in call.overlays:
                originals.append(stack.enter_context(await self._overlays.fetch(overlay.key)))
            rendered = await self._renderer.render(originals, call.transform)
            about = call.key, call.preset, originals, rendered, [one.key for one in call.overlays]
            variant = await offload(len(rendered.body), make_variant, *about)
        self._metrics.rendered(time.perf_counter() - fetched, rendered)
        if rendered.partial:
            self.drop_originals(call)
        versions = zip(call.overlays, originals[1:], strict=True)
        return variant, any(named.version != version_of(found) for named, found in versions)

    async def _fetch(self, key: str, known: Variant | None) -> Original | Unchanged:
        if known is None:
            return await self._originals.fetch(key)
        outcome = "failed"
        if known.partial:
            self._originals.drop(key)
        try:
            got = await self._originals.refetch(key, known.original_etag)
            outcome = "unchanged" if isinstance(got, Unchanged) else "changed"
            return got
        except SourceNotFound:
            outcome = "deleted"
            raise
        finally:
            self._metrics.revalidations.labels(outcome).inc()
