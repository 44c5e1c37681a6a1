"""What the product writes, held against the tables that were measured: `bench/encoders.md`."""

import re

import pytest

from bench.curves import Curve, Point, against
from bench.encoder_settings import TRIED, is_default
from resizer.model.formats import Format
from resizer.model.transform import Quality, Transform
from resizer.render.write.encode import encoder_quality
from tests.support.root import ROOT

TABLES = (ROOT / "bench" / "encoders.md").read_text()
NOISE = 0.02


def rows(name: str) -> list[list[str]]:
    """The cells of a table, without its head."""
    (table,) = re.findall(f"<!-- {name} -->\n(.*?)<!-- end -->", TABLES, re.DOTALL)
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]
    ]


@pytest.mark.parametrize("format_", TRIED)
def test_the_default_is_what_the_table_calls_so(format_: Format) -> None:
    written = [setting.name for setting in TRIED[format_] if is_default(format_, setting)]
    assert written == [row[0] for row in rows(format_) if "**default**" in row]


@pytest.mark.parametrize("format_", TRIED)
def test_nothing_is_both_faster_and_smaller_than_the_default(format_: Format) -> None:
    (default,) = (row for row in rows(format_) if "**default**" in row)
    time, size = map(float, default[1:3])
    assert not [
        row[0]
        for row in rows(format_)
        if float(row[1]) < time - NOISE and float(row[2]) < size - NOISE
    ]


@pytest.mark.parametrize("level", Quality)
def test_a_level_scores_alike_in_every_format(level: Quality) -> None:
    measured = {
        row[0]: re.fullmatch(r"(\d+): ([\d.]+), [\d.]+ kB", row[1 + list(Quality).index(level)])
        for row in rows("levels")
    }
    scores = []
    for format_, cell in measured.items():
        assert cell
        assert int(cell[1]) == encoder_quality(Format(format_), Transform(quality=level))
        scores.append(float(cell[2]))
    assert len(scores) == 3
    assert max(scores) - min(scores) <= 1


def curve(*points: tuple[float, int, float]) -> Curve:
    return [Point(score, size, ms) for score, size, ms in points]


def test_bytes_are_compared_at_equal_score() -> None:
    base = curve((50, 1000, 10), (60, 2000, 10), (70, 4000, 10))
    half = curve((45, 250, 20), (55, 750, 20), (65, 1500, 20), (75, 3500, 20))
    share = against([base], [half])
    assert share.time == pytest.approx(2)
    assert 0.4 < share.size < 0.6
    assert against([base], [base]).size == pytest.approx(1)
    assert against([base, base], [base, half]).size == pytest.approx(share.size**0.5)


def test_scores_that_one_of_them_does_not_reach_are_not_compared() -> None:
    base = curve((50, 1000, 10), (60, 2000, 10), (90, 9000, 10))
    lower = curve((40, 500, 10), (62, 2000, 10), (70, 3000, 10))
    assert against([base], [lower]).size < 1
