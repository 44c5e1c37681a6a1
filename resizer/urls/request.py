"""ImageRequest: what a URL asks for."""

from dataclasses import dataclass

from resizer.model.transform import Transform


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRequest:
    """What a URL asks for, in whichever dialect, and all that the gateway knows of it."""

    transform: Transform
    key: str
    """Percent-decoded, never empty."""
    options: tuple[str, ...]
    """Each option as written but percent-decoded, `sig` left out: what a signature covers."""
    names: tuple[str, ...]
    """The canonical name of each of `options`, in their order; `preset` for a preset."""
    preset: str | None
    signature: str | None
    expires: int | None
    """Unix seconds."""
    redirect_on_error: bool
