"""An SVG that takes too long or too much ends with a refusal, at once and in words."""

import asyncio
import os
import threading

import pytest

from resizer.errors import UnprocessableSource
from resizer.model.limits import Limits
from resizer.model.transform import Transform
from resizer.render.host.pool import Pool
from resizer.render.pipeline.watchdog import bounded_svg
from resizer.render.protocol.messages import Job
from tests.support.puppet_pool import original

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100">'
FILTERED = '<rect width="100" height="100" filter="url(#f)"/>'
NOISE = '<filter id="f"><feTurbulence baseFrequency=".01" numOctaves="9"/></filter>'
SLOW = f"{HEAD}{NOISE}{FILTERED * 3000}</svg>".encode()
WORD = "<tspan x='1'>a</tspan>"
LARGE = f"{HEAD}<text>{WORD * 90_000}</text></svg>".encode()
VALID = f'{HEAD}<rect width="50" height="50"/></svg>'.encode()


def refused(source: bytes, limits: Limits) -> tuple[str, list[str]]:
    """What the refusal of a real worker says, and the deaths it cost; the next render is fine."""
    deaths: list[str] = []

    async def scenario() -> str:
        pool = Pool(1, limits, on_death=deaths.append)
        await pool.start()
        try:
            with original(source) as given, pytest.raises(UnprocessableSource) as refusal:
                await pool.render([given], Transform(width=50))
            with original(VALID) as given:
                assert (await pool.render([given], Transform(width=50))).width == 50
        finally:
            await pool.close()
        return str(refusal.value)

    return asyncio.run(scenario()), deaths


def test_an_svg_that_takes_long_is_refused_before_the_limit_of_all_renders() -> None:
    limits = Limits(svg_seconds=0.5, render_seconds=30)
    message, deaths = refused(SLOW, limits)
    assert message == "The SVG takes longer than 0.5 s to draw."
    assert deaths == ["timeout"], "it is not tried again"


def test_an_svg_that_takes_much_memory_is_refused_in_words() -> None:
    large_gateway = b"x" * 600 * 1024**2
    message, deaths = refused(
        LARGE, Limits(render_memory_mb=1000, svg_seconds=60, render_seconds=60)
    )
    assert message == "The SVG needs more than 500 MiB to be drawn."
    assert large_gateway, "what it holds does not count"
    assert deaths == ["timeout"]


@pytest.mark.parametrize("source", [b"", b"\x89PNG\r\n\x1a\n", b"no picture"])
def test_only_an_svg_is_watched(source: bytes) -> None:
    memory = os.memfd_create("original")
    os.write(memory, source)
    threads = threading.active_count()
    with bounded_svg(Job(1, Transform(), Limits()), [memory], lambda refused: None):
        assert threading.active_count() == threads
    os.close(memory)
