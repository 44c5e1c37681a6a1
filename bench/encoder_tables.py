"""The tables of `bench/encoders.md`: each between two marks, renewed one by one."""

import re
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from statistics import fmean, geometric_mean

from bench.curves import Against, Curve, against
from bench.encoder_settings import Setting, is_default
from resizer.model.formats import Format
from resizer.model.transform import Quality

_FILE = Path(__file__).with_name("encoders.md")
_NOISE = 0.02
"""What is no more than this faster or smaller is neither."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a setting takes for a picture, or its share of what another takes."""

    size: float
    ms: float


@dataclass(frozen=True, slots=True)
class Level:
    """What one level of quality is in one format, mean of all photos."""

    format: Format
    level: Quality
    number: int
    score: float
    size: float


def lossy_table(format_: Format, settings: list[Setting], curves: list[list[Curve]]) -> str:
    """Time and bytes of each setting for the scores of the default."""
    base = next(number for number, setting in enumerate(settings) if is_default(format_, setting))
    shares = [against(curves[base], theirs) for theirs in curves]
    costs = [Cost(share.size, share.time) for share in shares]
    ms = fmean(point.ms for curve in curves[base] for point in curve)
    head = ["setting", f"time (1 = {ms:.1f} ms)", "bytes", "low scores", "high scores", ""]
    rows = [
        [setting.name, *_lossy_cells(share), _verdict(format_, settings, costs, number)]
        for number, (setting, share) in enumerate(zip(settings, shares, strict=True))
    ]
    return _table(head, rows)


def _lossy_cells(share: Against) -> list[str]:
    numbers = (share.time, share.size, share.size_low, share.size_high)
    return [f"{number:.2f}" for number in numbers[:1]] + [f"{n:.3f}" for n in numbers[1:]]


def lossless_table(
    format_: Format, settings: list[Setting], kinds: dict[str, list[list[Cost]]]
) -> str:
    """Time and bytes of each setting as shares of the default's, for each kind of picture."""
    base = next(number for number, setting in enumerate(settings) if is_default(format_, setting))
    shares = {kind: [_share(costs[base], cost) for cost in costs] for kind, costs in kinds.items()}
    head = ["setting", *(f"{kind}: {what}" for kind in kinds for what in ("time", "bytes", ""))]
    rows = [
        [
            setting.name,
            *(
                cell
                for costs in shares.values()
                for cell in (
                    f"{costs[number].ms:.2f}",
                    f"{costs[number].size:.3f}",
                    _verdict(format_, settings, costs, number),
                )
            ),
        ]
        for number, setting in enumerate(settings)
    ]
    return _table(head, rows)


def _share(base: list[Cost], costs: list[Cost]) -> Cost:
    """Of the bytes, picture by picture; of the time for all."""
    sizes = [cost.size / ours.size for ours, cost in zip(base, costs, strict=True)]
    ms = sum(cost.ms for cost in costs) / sum(cost.ms for cost in base)
    return Cost(size=geometric_mean(sizes), ms=ms)


def level_table(levels: list[Level]) -> str:
    """The numbers that stand for each level, and what they give."""
    head = ["format", *(level.value for level in Quality)]
    rows = [
        [format_.value, *(f"{one.number}: {one.score:.1f}, {one.size / 1000:.1f} kB" for one in of)]
        for format_, of in groupby(levels, lambda level: level.format)
    ]
    return _table(head, rows)


def _verdict(format_: Format, settings: list[Setting], costs: list[Cost], number: int) -> str:
    """Whether it is the default, and which setting is both faster and smaller, if any is."""
    better = (
        setting.name
        for setting, cost in zip(settings, costs, strict=True)
        if cost.ms < costs[number].ms * (1 - _NOISE)
        and cost.size < costs[number].size * (1 - _NOISE)
    )
    beaten = next(better, "")
    chosen = _chosen(format_, settings[number])
    return ", ".join(filter(None, [chosen, beaten and f"beaten by {beaten}"]))


def _chosen(format_: Format, setting: Setting) -> str:
    if is_default(format_, setting):
        return "**default**"
    if format_ is Format.JPEG and is_default(Format.BASELINE_JPEG, setting):
        return "**default** of `baseline-jpeg`"
    return ""


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def renew(name: str, table: str) -> None:
    """Put a table in the place of the one that stands under its name."""
    text = _FILE.read_text()
    begin, end = f"<!-- {name} -->\n", "\n<!-- end -->"
    pattern = re.escape(begin) + ".*?" + re.escape(end)
    _FILE.write_text(re.sub(pattern, lambda _: begin + table + end, text, flags=re.DOTALL))
