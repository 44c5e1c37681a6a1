"""Numbers as people read them: counts, bytes, ratios, ages."""

from datetime import UTC, datetime

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def counted(count: int, noun: str) -> str:
    """`1 original`, `2,000 originals`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def bytes_in_words(size: float) -> str:
    """`512 B`, `1.2 GiB`."""
    for unit in _UNITS[:-1]:
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} {_UNITS[-1]}"


def ratio_in_words(ratio: float | None) -> str:
    """`93.4 %`; a dash where nobody asked."""
    return "–" if ratio is None else f"{100 * ratio:.1f} %"


def since_in_words(since: float | None) -> str:
    """`since` in Unix seconds."""
    if since is None:
        return "nothing was counted yet"
    return f"counted since {datetime.fromtimestamp(since, UTC):%Y-%m-%d %H:%M} UTC"
