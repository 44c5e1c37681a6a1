"""Every target by name: what measures it, as a function from a run's options to rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import (
    calm,
    herd,
    hits,
    memory,
    misses,
    originals,
    pictures,
    redis_hits,
    srcset,
    start,
)
from bench.converted import FORMATS
from bench.row import Reach, Row, of_rounds, skipped
from bench.stage import Rivals, stage

_JUDGED = 6
"""Photos whose variants are scored: half a second for each server and format."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a run was asked for."""

    photos: Sequence[Path]
    rivals: Rivals
    quick: bool = False
    long: bool = False

    @property
    def rounds(self) -> int:
        return 1 if self.quick else 3


@dataclass(frozen=True, slots=True)
class Server:
    """What one server did in one format: what was not measured is None."""

    name: str
    format: str
    ms: float | None = None
    """Of all cores, for one picture."""
    bytes: float | None = None
    score: float | None = None
    ssim: float | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What a target ended in."""

    rows: Sequence[Row]
    servers: Sequence[Server] = ()
    photos: Sequence[object] = ()
    """Figures of each photo, where they are told one by one."""


def memory_hits(run: Run) -> Found:
    rounds, body = hits.measure(2 if run.quick else 5, 2 if run.quick else 4)
    size = f"of {body / 1000:.0f} kB, one core"
    cached = [one.hits / one.cached for one in rounds]
    return Found(
        [
            of_rounds(
                "P1",
                f"memory hits {size}, against nginx' file",
                [one.ratio for one in rounds],
                Reach(1.0),
                peer="nginx, file",
            ),
            of_rounds(
                "P1", f"memory hits {size}, against nginx' cache", cached, peer="nginx proxy_cache"
            ),
        ]
    )


def hits_in_redis(run: Run) -> Found:
    rounds = redis_hits.measure(2 if run.quick else 5, 2 if run.quick else 4)
    what, ratios = "Redis hits, one core, against nginx' file", [one.ratio for one in rounds]
    return Found([of_rounds("P2", what, ratios, Reach(0.22))])


def hits_amid_misses(run: Run) -> Found:
    rounds = calm.measure(_usual(run), 2 if run.quick else 5)
    what = "p99 of hits while misses saturate every core, against idle"
    return Found([of_rounds("P6", what, [one.ratio for one in rounds], Reach(3, at_most=True))])


def of_herd(run: Run) -> Found:
    rounds = herd.measure(_usual(run), 2 if run.quick else 5)
    what = "1,000 for one cold URL, last reply against a cold one and twice 1,000 hits"
    ratios = [one.ratio for one in rounds]
    return Found([of_rounds("P7", what, ratios, Reach(1, at_most=True), note="1 fetch, 1 render")])


def starts(run: Run) -> Found:
    rounds = start.measure(_usual(run), 3 if run.quick else 7)
    ready = [one.start_ratio for one in rounds]
    first = [one.render_ratio for one in rounds]
    return Found(
        [
            of_rounds("P9", "start to ready, against the imports", ready, Reach(2, at_most=True)),
            of_rounds("P9", "first render, against a warm one", first, Reach(1.5, at_most=True)),
        ]
    )


def of_loop(run: Run) -> Found:
    with stage(run.photos, None, loops=True) as on:
        times = misses.against_loop(on.field, on.keys, run.rounds)
        return Found(misses.loop_rows(on.field, times))


def of_peers(run: Run) -> Found:
    with stage(run.photos, run.rivals) as on:
        times = misses.against_peers(on.field, on.keys, run.rounds)
        servers = [
            Server(name, format_, ms=times.median(name, format_)) for name, format_ in times.taken
        ]
        rows = misses.peer_rows(on.field, times)
    return Found(rows or [skipped("P4", "misses against peers", "no peer here")], servers)


def of_srcset(run: Run) -> Found:
    with stage(run.photos, None, loops=True) as on:
        photo = originals.nearest(run.photos, srcset.MEGAPIXELS)
        gateways, loops = on.field.gateways, on.field.loops
        return Found(
            srcset.measure(gateways, loops, lambda number: on.copy(photo, number), run.rounds)
        )


def of_memory(run: Run) -> Found:
    renders = memory.LONG if run.long else memory.QUICK if run.quick else memory.USUAL
    return Found([memory.growth(list(run.photos), renders), *memory.peaks()])


def of_pictures(run: Run) -> Found:
    with stage(originals.some(run.photos, _JUDGED), run.rivals) as on:
        keys = {format_: on.keys(format_, 0) for format_ in FORMATS}
        found = pictures.judged(on.field, on.bucket.folder, keys)
        servers = [
            Server(one.server, one.format, None, one.bytes, one.score, one.ssim) for one in found
        ]
        return Found(pictures.rows(on.field, found), servers)


def of_light(run: Run) -> Found:
    from bench import light

    seen = light.measure(run.photos, rounds=3 if run.quick else 5)
    return Found(light.rows(seen), photos=seen)


def _usual(run: Run) -> Path:
    return originals.nearest(run.photos, 6.0)


TARGETS: dict[str, Callable[[Run], Found]] = {
    "P1": memory_hits,
    "P2": hits_in_redis,
    "P3": of_loop,
    "P4": of_peers,
    "P5": of_srcset,
    "P6": hits_amid_misses,
    "P7": of_herd,
    "P8": of_memory,
    "P9": starts,
    "score": of_pictures,
    "light": of_light,
}
"""In the order of the table."""
