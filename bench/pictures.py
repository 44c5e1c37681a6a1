"""What every server's pictures are worth: bytes, SSIMULACRA2 and SSIM against the reference."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import score
from bench.client import fetch
from bench.converted import FORMATS
from bench.misses import Field
from bench.peers import Ask, Peer
from bench.row import Reach, Row

NO_LARGER, NO_LOWER = Reach(1.0, at_most=True), Reach(1.0)


@dataclass(frozen=True, slots=True)
class Worth:
    """Means over the originals of one format."""

    server: str
    format: str
    bytes: float
    score: float
    ssim: float


def worth(peer: Peer, format_: str, folder: Path, keys: Sequence[str]) -> Worth:
    """Raises RuntimeError or OSError where the server makes none."""
    sizes, scores, ssims = [], [], []
    for key in keys:
        body = fetch(peer.url(Ask(key, format_)))
        seen = score.decoded(body)
        wanted = score.reference(
            score.decoded((folder / key).read_bytes()), seen.shape[1], seen.shape[0]
        )
        sizes.append(len(body))
        scores.append(score.score(wanted, seen))
        ssims.append(score.ssim(wanted, seen))
    return Worth(peer.name, format_, *map(statistics.mean, (sizes, scores, ssims)))


def judged(field: Field, folder: Path, keys: dict[str, list[str]]) -> list[Worth]:
    """Every server at every format that it makes."""
    found = []
    for format_ in keys:
        for peer in (*field.gateways.values(), *field.peers):
            try:
                found.append(worth(peer, format_, folder, keys[format_]))
            except (RuntimeError, OSError) as error:
                print(f"{peer.name} makes no {format_}: {str(error)[:200]}")
    return found


def rows(field: Field, found: Sequence[Worth]) -> list[Row]:
    """P4's conditions: against thumbor, SSIM no lower and bytes no larger."""
    by_place = {(one.server, one.format): one for one in found}
    rows = []
    for light, gateway in field.gateways.items():
        for format_ in FORMATS:
            ours, theirs = (by_place.get((name, format_)) for name in (gateway.name, "thumbor"))
            if ours and theirs:
                what = f"{format_.upper()}, {light} light, against thumbor"
                ssim = round(ours.ssim / theirs.ssim, 3)
                rows.append(Row("P4", f"SSIM of {what}", ssim, NO_LOWER))
                rows.append(Row("P4", f"bytes of {what}", ours.bytes / theirs.bytes, NO_LARGER))
    return rows
