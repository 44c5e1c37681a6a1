"""Quarantine: originals whose renders were slow or killed workers, known again under any key.

An original is known by its entity tag and size: the same bytes under a thousand keys cost what they
cost under one, and changed ones get a new chance at once. Where several make one picture, all of
them together are to blame, and what is known of each alone holds for them too.
"""

import statistics
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from functools import partial

from resizer.aio.lru import Lru
from resizer.errors import UnprocessableSource
from resizer.model.image import Original
from resizer.model.transform import Transform

QUARANTINE_SECONDS = 600.0
BLOCK_SECONDS = 60.0
_LIGHT_SIDE = 1024
"""Pixels: no sane original takes long to become that small, in any format."""

Name = tuple[tuple[str, int], ...]
"""Entity tag and size of each."""


class Quarantine:
    """Who goes to the slow lane straight away, and who is refused without a render.

    A light Transform that is slow or fatal speaks of its original, so all variants suffer. A heavy
    one may be at fault itself: it quarantines only heavy variants and blocks only itself, or else
    whoever asks for a blurred giant of somebody's photo would take its thumbnails away.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, max_entries: int = 10_000
    ) -> None:
        of_late = partial(Lru, max_entries=max_entries, clock=clock)
        self._slow: Lru[Hashable, None] = of_late(seconds=QUARANTINE_SECONDS)
        self._strikes: Lru[Name, int] = of_late(seconds=QUARANTINE_SECONDS)
        self._blocked: Lru[Hashable, UnprocessableSource] = of_late(seconds=BLOCK_SECONDS)

    def refusal(
        self, originals: Sequence[Original], transform: Transform
    ) -> UnprocessableSource | None:
        """What this is refused with, without a render."""
        for name in _names(originals):
            for variant in ("", str(transform)):
                if error := self._blocked.get((name, variant)):
                    return _again(error)
        return None

    def holds(self, originals: Sequence[Original], transform: Transform) -> bool:
        """Whether their render is likely slow."""
        weights = {True, is_light(transform)}
        return any((name, light) in self._slow for name in _names(originals) for light in weights)

    def add(self, originals: Sequence[Original], transform: Transform, strikes: int = 1) -> None:
        """A render was slow, or its worker died, which weighs more."""
        if name := _name(originals):
            self._slow.put((name, is_light(transform)), None)
            self._strikes.put(name, (self._strikes.get(name) or 0) + strikes)

    def strikes(self, originals: Sequence[Original]) -> int:
        """What they were added with lately, whatever was asked of them and however it went on."""
        return max(self._strikes.get(name) or 0 for name in _names(originals))

    def absolve(self, originals: Sequence[Original], transform: Transform) -> None:
        """A render was quick after all."""
        self._slow.remove((_name(originals), is_light(transform)))

    def block(
        self, originals: Sequence[Original], transform: Transform, error: UnprocessableSource
    ) -> None:
        """A render took all the time there is, or killed two workers: not again for a while."""
        self.add(originals, transform)
        light = is_light(transform)
        error.of_every_variant = light and len(originals) == 1
        if name := _name(originals):
            self._blocked.put((name, "" if light else str(transform)), error)


def is_light(transform: Transform) -> bool:
    """Whether the result is small and made without effects that look far around."""
    sides = [side for side in (transform.width, transform.height) if side is not None]
    return bool(sides) and max(sides) * transform.dpr <= _LIGHT_SIDE and not transform.blur


def _name(originals: Sequence[Original]) -> Name | None:
    """All of them together; nothing where one has no tag to be known again by."""
    return tuple((o.etag, o.size) for o in originals) if all(o.etag for o in originals) else None


def _names(originals: Sequence[Original]) -> set[Name]:
    """All under which something may be known of them: of each alone, and of them together."""
    tagged = tuple((o.etag, o.size) for o in originals)
    return {tagged, *((one,) for one in tagged)}


def _again(error: UnprocessableSource) -> UnprocessableSource:
    """The same words; an exception that is raised twice would keep growing its traceback."""
    again = type(error)(str(error), reason="it was so a moment ago")
    again.of_every_variant = error.of_every_variant
    return again


SLOW_SECONDS = 1.0
"""Seconds: of 24 MP, 500 px wide take 0.3 and an AVIF 2,000 px wide 1.0, on a busy core."""
_TIMES_THE_MEDIAN = 4
_REMEMBERED = 32


class SlowThreshold:
    """A site whose every render takes long is not slow: the threshold grows with the median.

    Only renders that succeed count. Slow ones are few among them, however many come: their lane
    lets few through.
    """

    def __init__(self, least: float, longest: float) -> None:
        """Its bounds, in seconds."""
        self._least = least
        self._longest = longest
        self._latest: deque[float] = deque(maxlen=_REMEMBERED)

    def add(self, seconds: float) -> None:
        """A render succeeded."""
        self._latest.append(seconds)

    @property
    def seconds(self) -> float:
        """Seconds after which a render is slow."""
        usual = statistics.median(self._latest) if self._latest else 0.0
        return min(self._longest, max(self._least, _TIMES_THE_MEDIAN * usual))
