"""Misses on all cores: the gateway against the bare loop (P3) and against peers (P4).

The method of the public image-server benchmark: fit 512×512 over distinct originals, each format
into itself, JPEG at q80, WebP q75, AVIF q65, PNG. Every server makes every original once, in turn,
round by round.
"""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bench.client import seconds_of
from bench.converted import FORMATS, NAMES
from bench.loop import Loop
from bench.peers import Ask, Peer
from bench.row import Reach, Row, of_rounds
from bench.servers import CORES

LIGHTS = ("linear", "gamma")
OF_LOOP = Reach(0.95)
OF_THUMBOR = {"jpeg": Reach(1.3), "png": Reach(2.0), "webp": Reach(1.6), "avif": Reach(1.2)}
AIMED = {"jpeg": 1.6, "png": 3.8, "webp": 2.2, "avif": 1.3}
"""What the fastest peer published shows over thumbor."""


@dataclass(frozen=True, slots=True)
class Field:
    """All who take part."""

    gateways: Mapping[str, Peer]
    """By the light they average in."""
    loops: Mapping[str, Loop]
    peers: Sequence[Peer] = ()


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of all cores for one picture, round by round."""

    taken: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    """By server and format."""

    def add(self, server: str, format_: str, seconds: float, pictures: int) -> None:
        self.taken.setdefault((server, format_), []).append(seconds / pictures * 1000)

    def median(self, server: str, format_: str) -> float | None:
        found = self.taken.get((server, format_))
        return statistics.median(found) if found else None

    def ratios(self, slow: str, fast: str, format_: str) -> list[float]:
        """How many times as many pictures `fast` makes, round by round."""
        pair = (self.taken.get((one, format_), []) for one in (slow, fast))
        return [theirs / ours for theirs, ours in zip(*pair, strict=True)]


Keys = Callable[[str, int], list[str]]
"""Makes the originals of a format for a round, and names them."""


def against_loop(field: Field, keys: Keys, rounds: int, formats: Sequence[str] = FORMATS) -> Times:
    times = Times()
    for number in range(rounds):
        for format_ in formats:
            asks = [Ask(key, format_) for key in keys(format_, number)]
            for light, loop in field.loops.items():
                gateway = field.gateways[light]
                urls = [gateway.url(ask) for ask in asks]
                times.add(f"loop {light}", format_, loop.seconds_of(asks), len(asks))
                times.add(gateway.name, format_, seconds_of(urls, CORES), len(asks))
    return times


def against_peers(field: Field, keys: Keys, rounds: int, formats: Sequence[str] = FORMATS) -> Times:
    """A peer that fails at a format is left out of it."""
    times, failed = Times(), set[tuple[str, str]]()
    for number in range(rounds):
        for format_ in formats:
            asks = [Ask(key, format_) for key in keys(format_, number)]
            for peer in (*field.gateways.values(), *field.peers):
                if (peer.name, format_) in failed:
                    continue
                try:
                    seconds = seconds_of([peer.url(ask) for ask in asks], CORES, kept=False)
                    times.add(peer.name, format_, seconds, len(asks))
                except (RuntimeError, OSError) as error:
                    print(f"{peer.name} makes no {format_}: {str(error)[:200]}")
                    failed.add((peer.name, format_))
    return times


def loop_rows(field: Field, times: Times, formats: Sequence[str] = FORMATS) -> list[Row]:
    return [
        of_rounds(
            "P3",
            f"{NAMES[format_]} misses, {light} light, against the bare loop",
            times.ratios(f"loop {light}", gateway.name, format_),
            OF_LOOP,
        )
        for light, gateway in field.gateways.items()
        for format_ in formats
    ]


def peer_rows(field: Field, times: Times, formats: Sequence[str] = FORMATS) -> list[Row]:
    rows = []
    for peer in field.peers:
        for light, gateway in field.gateways.items():
            for format_ in formats:
                ratios = times.ratios(peer.name, gateway.name, format_)
                if ratios:
                    what = f"{NAMES[format_]} misses, {light} light, against {peer.name}"
                    reach, note = _of_thumbor(format_) if peer.name == "thumbor" else (None, "")
                    rows.append(of_rounds("P4", what, ratios, reach, note=note, peer=peer.name))
    return rows


def _of_thumbor(format_: str) -> tuple[Reach, str]:
    return OF_THUMBOR[format_], f"aim {AIMED[format_]}"
