"""Counters and timers, named by the glossary and shown in Prometheus' text format.

With `PROMETHEUS_MULTIPROC_DIR` in the environment before this module is imported, the processes of
one server share their numbers through files in that directory, and any of them shows the sums.
"""

import os
import re
from pathlib import Path

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from resizer.model.image import Rendered

MULTIPROCESS_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
CONTENT_TYPE = CONTENT_TYPE_LATEST
_DEATHS = ("crash", "timeout", "bad-reply", "stopped", "recycled")
_LANES = ("quick", "slow")
_TIERS = ("memory", "redis", "results")
disable_created_metrics()  # type: ignore[no-untyped-call]
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class LaneCounts:
    """Of the hit lane since they were last gathered: a Counter would cost it a lock each."""

    __slots__ = ("bytes", "hits", "replies")

    def __init__(self) -> None:
        self.hits = 0
        """In memory."""
        self.replies = 0
        self.bytes = 0


class Metrics:
    """Everything that is counted, one attribute each."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        self.requests = Counter(
            "resizer_requests", "Replies, by status.", ["status"], registry=registry
        )
        self.bytes = Counter("resizer_bytes", "Bytes of image bodies sent.", registry=registry)
        self.hits = Counter(
            "resizer_hits", "Variants found in a cache, by tier.", ["tier"], registry=registry
        )
        self.misses = Counter(
            "resizer_misses", "Variants that no cache tier held.", registry=registry
        )
        self.coalesced = Counter(
            "resizer_coalesced", "Requests that waited for another's answer.", registry=registry
        )
        self.followed = Counter(
            "resizer_followed", "Fills that waited for another gateway's.", registry=registry
        )
        self.stale = Counter(
            "resizer_stale", "Answers served past their freshness.", registry=registry
        )
        self.revalidations = Counter(
            "resizer_revalidations",
            "Times the source was asked whether an original changed, by its answer.",
            ["outcome"],
            registry=registry,
        )
        self.source_hits = Counter(
            "resizer_source_hits", "Originals found in the source tier.", registry=registry
        )
        self.fetched_bytes = Counter(
            "resizer_fetched_bytes", "Bytes of originals fetched.", registry=registry
        )
        self.fetch_seconds = Histogram(
            "resizer_fetch_seconds",
            "Time for an original to arrive.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.renders = Counter(
            "resizer_renders", "Variants rendered, by content type.", ["format"], registry=registry
        )
        self.begun = Counter(
            "resizer_renders_begun",
            "Renders that began with kept pixels, by how far those had come.",
            ["kind"],
            registry=registry,
        )
        self.partial = Counter(
            "resizer_partial",
            "Variants rendered from originals that are cut short or broken.",
            registry=registry,
        )
        self.render_seconds = Histogram(
            "resizer_render_seconds",
            "Time from an original to its variant, waiting for a worker included.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.busy_workers = Gauge(
            "resizer_busy_workers",
            "Render workers at work, by lane.",
            ["lane"],
            multiprocess_mode="livesum",
            registry=registry,
        )
        self.slow_renders = Counter(
            "resizer_slow_renders", "Renders that went to the slow lane.", registry=registry
        )
        self.queue = Gauge(
            "resizer_queue",
            "Fills (fetch and render) under way.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self.errors = Counter(
            "resizer_errors", "Problem replies, by kind.", ["kind"], registry=registry
        )
        self.worker_deaths = Counter(
            "resizer_worker_deaths",
            "Render workers that ended, by reason.",
            ["reason"],
            registry=registry,
        )
        self.redis_errors = Counter(
            "resizer_redis_errors", "Redis calls that failed, each a miss.", registry=registry
        )
        self.results_errors = Counter(
            "resizer_results_errors", "Calls to the results that failed.", registry=registry
        )
        self.hits_of = {tier: self.hits.labels(tier) for tier in _TIERS}
        self.memory_hits = self.hits_of["memory"]
        for reason in _DEATHS:
            self.worker_deaths.labels(reason)  # shown from the start, so that a rate sees the first
        for lane in _LANES:
            self.busy_workers.labels(lane)
        self.ok = self.requests.labels("200")
        self.lane = LaneCounts()

    def gather(self) -> None:
        """Add what the hit lane counted to the counters; only in the thread of the event loop."""
        lane = self.lane
        if not lane.replies:
            return
        self.memory_hits.inc(lane.hits)
        self.ok.inc(lane.replies)
        self.bytes.inc(lane.bytes)
        lane.hits = lane.replies = lane.bytes = 0

    def counts(self) -> dict[str, float]:
        """What this process counted, by the names that gateways share their counts under."""
        self.gather()
        return {
            **{tier: _total(child) for tier, child in self.hits_of.items()},
            "stale": _total(self.stale),
            "misses": _total(self.misses),
            "renders": _total(self.renders),
            "fetches": _total(self.fetch_seconds, "_count"),
        }

    def fetched(self, seconds: float, size: int) -> None:
        """An original of `size` bytes came from the source."""
        self.fetch_seconds.observe(seconds)
        self.fetched_bytes.inc(size)

    def rendered(self, seconds: float, what: Rendered) -> None:
        """A variant was made, `seconds` after its original was there."""
        self.render_seconds.observe(seconds)
        self.renders.labels(what.content_type).inc()
        self.partial.inc(what.partial)
        if what.began:
            self.begun.labels(what.began).inc()

    def show(self) -> bytes:
        """All numbers as Prometheus text; of all processes where they share a directory.

        Of the hit lane those that were gathered.
        """
        directory = os.environ.get(MULTIPROCESS_DIRECTORY)
        if not directory:
            return generate_latest(self.registry)
        _forget_the_dead(Path(directory))
        shared = CollectorRegistry()
        MultiProcessCollector(shared)  # type: ignore[no-untyped-call]
        return generate_latest(shared)


def _total(metric: Counter | Histogram, suffix: str = "_total") -> float:
    """Over all its labels, of this process alone."""
    samples = (sample for family in metric.collect() for sample in family.samples)
    return sum(sample.value for sample in samples if sample.name.endswith(suffix))


def _forget_the_dead(directory: Path) -> None:
    """Drop the gauges of processes that have ended; what they counted stays counted."""
    for file in directory.glob("gauge_live*.db"):
        if (match := re.search(r"_(\d+)\.db$", file.name)) and not Path("/proc", match[1]).exists():
            mark_process_dead(int(match[1]), str(directory))  # type: ignore[no-untyped-call]
