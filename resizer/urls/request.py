"""ImageRequest: what a URL asks for."""

from dataclasses import dataclass

from resizer.model.transform import Transform
from resizer.urls.signing import SignatureScheme


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRequest:
    """What a URL asks for, in whichever dialect, and all that the gateway knows of it."""

    transform: Transform
    key: str
    """Percent-decoded, never empty."""
    preset: str | None
    explicit: frozenset[str]
    """What the URL itself says, beside its key and its preset: the names of the fields of
    Transform that it sets, and of `expires` and `redirect_on_error` here."""
    expires: int | None
    """Unix seconds."""
    redirect_on_error: bool
    overlays: tuple[str, ...] = ()
    """The keys of further originals, in the order in which the Transform shows them."""
    signed: bytes
    """What a signature covers, to the byte."""
    signature: str | None
    scheme: SignatureScheme
    """How `signature` is made of `signed`."""
