"""A srcset, cold: 8 widths in 3 formats of one photo of 12 MP (P5).

Through the gateway, all asked for at once; against as many independent renders by the bare loop on
all cores, with the same encoder settings.
"""

from collections.abc import Callable, Mapping

from bench.client import seconds_of
from bench.loop import Loop
from bench.peers import Ask, Peer
from bench.row import Reach, Row, of_rounds

WIDTHS = (160, 320, 480, 640, 800, 960, 1120, 1280)
FORMATS = ("avif", "webp", "jpeg")
TOGETHER = Reach(1.8)
MEGAPIXELS = 12.0


def measure(
    gateways: Mapping[str, Peer],
    loops: Mapping[str, Loop],
    original: Callable[[int], str],
    rounds: int,
) -> list[Row]:
    """`original` makes one that nobody has seen, for a round, and names it."""
    ratios: dict[str, list[float]] = {light: [] for light in loops}
    for number in range(rounds):
        key = original(number)
        asks = [Ask(key, format_, width, None) for width in WIDTHS for format_ in FORMATS]
        for light, loop in loops.items():
            alone = loop.seconds_of(asks)
            gated = seconds_of([gateways[light].url(ask) for ask in asks], len(asks))
            ratios[light].append(alone / gated)
    return [
        of_rounds(
            "P5", f"a srcset of {len(asks)}, {light} light, against the bare loop", found, TOGETHER
        )
        for light, found in ratios.items()
    ]
