"""Memory (P8): does a gateway grow, and what does a worker need for an original of 100 MP?

Growth is the PSS (pages shared by two processes count half to each) of the gateway and its workers
after many mixed renders against that after the first 500, with caches so small that they are full
by then. The peak is a worker's highest RSS (`VmHWM`), the original's own bytes included.
"""

import itertools
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyvips

from bench.bucket import Bucket, bucket
from bench.client import fetch, seconds_of
from bench.converted import FORMATS, converted
from bench.peers import Ask, Peer
from bench.peers.gateway import gateway
from bench.row import Reach, Row
from bench.servers import CORES

FIRST = 500
LONG, USUAL, QUICK = 10_000, 2_000, 1_000
GROWTH = Reach(1.1, at_most=True, unit="×")
PEAK = Reach(400, at_most=True, unit=" MB")
_SMALL = {"memory_cache_mb": 8, "source_cache_mb": 8}
_SIDE = 800
"""Pixels of the originals for growth: renders small enough that ten thousand end."""
_HUGE = 10_000


def growth(photos: list[Path], renders: int) -> Row:
    """Renders of every format into every format at ever other sizes."""
    with _alone(**_SMALL) as (store, peer):
        asks = mixed(_small_originals(store, photos), renders)
        _made(peer, list(itertools.islice(asks, FIRST)))
        before = pss(peer.process)
        _made(peer, list(asks))
        after = pss(peer.process)
    what = f"memory after {renders:,} mixed renders against after {FIRST}"
    note = f"{before / 1e6:.0f} MB, then {after / 1e6:.0f} MB, {CORES} workers"
    return Row("P8", what, after / before, GROWTH, note=note)


def peaks() -> list[Row]:
    """One worker, one render of each format."""
    return [_peak("jpeg"), _peak("png")]


def mixed(keys: list[str], count: int) -> Iterator[Ask]:
    """As many different asks: originals, formats and widths in turn."""
    places = itertools.product(range(16, 10_000), FORMATS, keys)
    return (
        Ask(key, format_, width, None) for width, format_, key in itertools.islice(places, count)
    )


def _small_originals(store: Bucket, photos: list[Path]) -> list[str]:
    keys: list[str] = []
    for photo, format_ in zip(itertools.cycle(photos), FORMATS * 2, strict=False):
        small = pyvips.Image.thumbnail_buffer(photo.read_bytes(), _SIDE, size="down")
        name = f"small-{len(keys)}.{format_}"
        file = store.folder / f"small-{len(keys)}.source"
        file.write_bytes(small.jpegsave_buffer(keep="none"))
        (store.folder / name).write_bytes(converted(file, format_))
        keys.append(name)
    return keys


def _made(peer: Peer, asks: list[Ask]) -> None:
    seconds_of([peer.url(ask) for ask in asks], CORES)


def _peak(format_: str) -> Row:
    with _alone(renderers=1) as (store, peer):
        body = huge(format_)
        (store.folder / "huge").write_bytes(body)
        fetch(peer.url(Ask("huge", "jpeg")))
        most = max(map(high_water, descendants(peer.process)))
    what = f"peak of a worker on 100 MP of baseline {format_.upper()}"
    note = f"of which the original itself: {len(body) / 1e6:.0f} MB"
    return Row("P8", what, most / 1e6, PEAK, note=note)


def huge(format_: str) -> bytes:
    """100 MP that compress to what a gateway accepts."""
    waves = pyvips.Image.sines(_HUGE, _HUGE, hfreq=40, vfreq=25).linear(100, 128).cast("uchar")
    grain = pyvips.Image.gaussnoise(_HUGE, _HUGE // 10, sigma=4, mean=0).embed(0, 0, _HUGE, _HUGE)
    picture = (waves + grain).cast("uchar")
    coloured = picture.bandjoin([picture.rot180(), picture.fliphor()])
    save: dict[str, Callable[..., bytes]] = {
        "jpeg": coloured.copy(interpretation="srgb").jpegsave_buffer,
        "png": coloured.copy(interpretation="srgb").pngsave_buffer,
    }
    return save[format_]()


@contextmanager
def _alone(**settings: object) -> Iterator[tuple[Bucket, Peer]]:
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        home = Path(name)
        with bucket(home) as store, gateway(home, store, "linear", **settings) as peer:
            yield store, peer


def pss(process: int) -> int:
    """Bytes of a gateway and of its workers."""
    return sum(_pss(one) for one in (process, *descendants(process)))


def _pss(process: int) -> int:
    return _kib(Path(f"/proc/{process}/smaps_rollup"), "Pss:")


def high_water(process: int) -> int:
    """The most bytes that a process ever held."""
    return _kib(Path(f"/proc/{process}/status"), "VmHWM:")


def _kib(file: Path, field: str) -> int:
    for line in file.read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    return 0


def descendants(process: int) -> list[int]:
    children = [
        int(child)
        for task in Path(f"/proc/{process}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]
    return [*children, *itertools.chain.from_iterable(map(descendants, children))]
