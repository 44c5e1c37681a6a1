"""What one request may cost, in one value that is handed to whoever must refuse."""

from dataclasses import dataclass
from enum import StrEnum


class FailOn(StrEnum):
    """What is wrong with an original that is refused for it (libvips' VipsFailOn)."""

    NONE = "none"
    """Nothing: what is cut short or broken is shown as far as it goes."""
    TRUNCATED = "truncated"
    """That pixels are missing; wrong checksums are forgiven."""
    ERROR = "error"
    """Anything a decoder calls an error."""
    WARNING = "warning"
    """Anything that it has to say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Upper bounds; each is a setting of the same name."""

    max_source_bytes: int = 64 * 1024 * 1024
    """Size of an original, in bytes."""
    max_source_pixels: int = 100_000_000
    """Width × height of an original's frame, read from its header before any pixel is decoded."""
    max_output_side: int = 8192
    """Width and height of a variant, in pixels (dpr included). Larger results are scaled down."""
    max_variant_bytes: int = 64 * 1024 * 1024
    """Size of a variant, in bytes. A larger one is no variant: the original is refused."""
    max_frames: int = 256
    """Frames of an animation. More than that and the original is refused."""
    render_seconds: float = 20.0
    """Wall-clock time of one render, after which its worker is killed."""
    svg_seconds: float = 5.0
    """CPU time of the render of an SVG."""
    render_memory_mb: int = 2048
    """Address space of one worker, in MiB."""
    fetch_seconds: float = 10.0
    """Time for an original to arrive whole."""
    max_queue: int = 64
    """Fills (fetch and render) under way in one process; one more is refused with 503."""
    fail_on: FailOn = FailOn.NONE
    """How broken an original may be."""
