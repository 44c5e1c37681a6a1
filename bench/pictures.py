"""What every server's pictures are worth: bytes, SSIMULACRA2 and SSIM against the reference."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bench import score
from bench.client import fetch
from bench.converted import FORMATS, NAMES
from bench.misses import Field
from bench.peers import Ask, Peer
from bench.row import Reach, Row

NO_LARGER, NO_LOWER = Reach(1.0, at_most=True), Reach(1.0)


@dataclass(frozen=True, slots=True)
class Worth:
    """Of one server's pictures in one format, means over the originals."""

    server: str
    format: str
    bytes: float
    score: float
    ssim: float


def judged(field: Field, folder: Path, keys: Mapping[str, Sequence[str]]) -> list[Worth]:
    """Every server at every format that it makes."""
    return [
        found
        for format_, names in keys.items()
        for peer in (*field.gateways.values(), *field.peers)
        if (found := _worth(peer, format_, folder, names))
    ]


def _worth(peer: Peer, format_: str, folder: Path, keys: Sequence[str]) -> Worth | None:
    try:
        bodies = [fetch(peer.url(Ask(key, format_))) for key in keys]
    except (RuntimeError, OSError) as error:
        print(f"{peer.name} makes no {format_}: {str(error)[:200]}")
        return None
    marks = [_marks(folder / key, body) for key, body in zip(keys, bodies, strict=True)]
    size = statistics.mean(map(len, bodies))
    scores, ssims = (statistics.mean(one) for one in zip(*marks, strict=True))
    return Worth(peer.name, format_, size, scores, ssims)


def _marks(original: Path, body: bytes) -> tuple[float, float]:
    seen = score.decoded(body)
    wanted = _reference(original, seen.shape[1], seen.shape[0])
    return score.score(wanted, seen), score.ssim(wanted, seen)


@cache
def _reference(original: Path, width: int, height: int) -> score.Pixels:
    return score.reference(score.decoded(original.read_bytes()), width, height)


def rows(field: Field, found: Sequence[Worth]) -> list[Row]:
    """P4's conditions: against thumbor, SSIM no lower and bytes no larger."""
    by_place = {(one.server, one.format): one for one in found}
    rows = []
    for light, gateway in field.gateways.items():
        for format_ in FORMATS:
            ours, theirs = (by_place.get((name, format_)) for name in (gateway.name, "thumbor"))
            if ours and theirs:
                what = f"{NAMES[format_]}, {light} light, against thumbor"
                ssim = round(ours.ssim / theirs.ssim, 3)
                rows.append(Row("P4", f"SSIM of {what}", ssim, NO_LOWER))
                rows.append(Row("P4", f"bytes of {what}", ours.bytes / theirs.bytes, NO_LARGER))
    return rows
