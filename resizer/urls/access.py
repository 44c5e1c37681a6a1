"""Who may ask for what: signed URLs, presets only, or anything."""

from dataclasses import dataclass, field
from enum import StrEnum

from resizer.errors import SignatureMismatch
from resizer.urls import signing
from resizer.urls.request import ImageRequest


class Urls(StrEnum):
    """Which URLs are answered."""

    SIGNED = "signed"
    """Those that a signing key signed."""
    PRESETS = "presets"
    """Signed ones, and unsigned ones of configured presets and listed widths, nothing else."""
    OPEN = "open"
    """All. A signature, where there are keys to check it with, must still be right."""


@dataclass(frozen=True, slots=True)
class Access:
    """The rule, the keys that it accepts and the widths that need none."""

    urls: Urls
    secrets: tuple[str, ...] = field(default=(), repr=False)
    widths: frozenset[int] = frozenset()


def authorise(request: ImageRequest, access: Access) -> None:
    """Return if the request may be answered; else raise SignatureMismatch. Expiry is not judged.

    Depends on the URL and the settings alone, so that a URL once let in stays let in.
    """
    if request.signature is not None and (access.secrets or access.urls is not Urls.OPEN):
        signing.verify(request.scheme, access.secrets, request.signed, request.signature)
        return
    if access.urls is Urls.OPEN:
        return
    if access.urls is Urls.SIGNED:
        raise SignatureMismatch(f"This URL needs a signature: {request.scheme.where}.")
    if not _is_preset(request, access.widths):
        raise SignatureMismatch(
            "Without a signature only presets"
            + (f" and the widths {_listed(access.widths)}" if access.widths else "")
            + f" are accepted; anything else needs {request.scheme.where}."
        )


def _is_preset(request: ImageRequest, widths: frozenset[int]) -> bool:
    """Whether it is of a preset, at its own width or a listed one, or of a listed width alone."""
    if not request.explicit:
        return request.preset is not None
    return request.explicit == {"width"} and request.transform.width in widths


def _listed(widths: frozenset[int]) -> str:
    return ", ".join(str(width) for width in sorted(widths))
