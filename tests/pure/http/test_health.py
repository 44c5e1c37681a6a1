import asyncio
import re
from dataclasses import dataclass

import pytest

from resizer.errors import Overloaded, SourceUnavailable
from resizer.http.health import Readiness, verdict
from resizer.telemetry.metrics import Metrics
from tests.support.harness import Harness
from tests.support.root import ROOT

OPERATIONS = (ROOT / "docs/operations.md").read_text()


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"source": "ok", "workers": "ok"}, "ready"),
        ({"source": "ok", "workers": "ok", "cache": "ok"}, "ready"),
        ({"source": "ok", "workers": "ok", "cache": "away"}, "degraded"),
        ({"source": "away", "workers": "ok", "cache": "ok"}, "unready"),
        ({"source": "ok", "workers": "none", "cache": "ok"}, "unready"),
        ({"source": "away", "workers": "ok", "cache": "away"}, "unready"),
    ],
)
def test_a_cache_that_is_away_degrades_and_the_rest_is_needed(
    parts: dict[str, str], said: str
) -> None:
    assert verdict(parts) == said


@dataclass
class CheckedPart:
    error: Exception | None = None
    checks: int = 0

    async def check(self) -> None:
        self.checks += 1
        await asyncio.sleep(0)
        if self.error:
            raise self.error


def test_what_is_wrong_is_told_of_each_part() -> None:
    async def scene() -> None:
        harness = Harness()
        harness.source.check = CheckedPart(SourceUnavailable("The bucket is away.")).check  # type: ignore[method-assign]
        harness.renderer.check = CheckedPart(Overloaded("No worker.")).check  # type: ignore[method-assign]
        assert await Readiness(harness.gateway).parts() == {
            "source": "The bucket is away.",
            "workers": "No worker.",
            "cache": "ok",
        }

    asyncio.run(scene())


def test_a_memory_tier_that_stands_aside_is_a_degraded_cache() -> None:
    async def scene() -> None:
        harness = Harness()
        harness.coherence.distrust()
        parts = await Readiness(harness.gateway).parts()
        assert verdict(parts) == "degraded"
        assert "memory tier stands aside" in parts["cache"]

    asyncio.run(scene())


def test_many_who_ask_at_once_are_one_look() -> None:
    async def scene() -> None:
        harness, part = Harness(), CheckedPart()
        harness.source.check = part.check  # type: ignore[method-assign]
        readiness = Readiness(harness.gateway)
        await asyncio.gather(*(readiness.parts() for _ in range(50)))
        assert part.checks == 1

    asyncio.run(scene())


def test_every_metric_is_documented() -> None:
    names = re.findall(r"^# TYPE (\S+)", Metrics().show().decode(), re.M)
    assert len(names) > 10
    for name in names:
        assert f"`{name}" in OPERATIONS, name
