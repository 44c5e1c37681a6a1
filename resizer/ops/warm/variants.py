"""Which variants `resizer warm` asks for of each original."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from resizer.errors import SignatureMismatch
from resizer.http.negotiation import varies
from resizer.model.formats import NEGOTIATED, OUTPUT_FORMATS
from resizer.urls.links import Links

FORMATS = {str(format_): OUTPUT_FORMATS[format_].media_type for format_ in NEGOTIATED.values()}
"""What `format=auto` is negotiated to, and the `Accept` of a client that gets it."""
_ANY_KEY = "any"


@dataclass(frozen=True, slots=True)
class VariantSpec:
    """One variant, of whichever original."""

    options: tuple[str, ...]
    accept: str | None
    """None where the reply does not depend on it."""


def variant_specs(
    links: Links, options: Iterable[Sequence[str]], formats: Sequence[str]
) -> tuple[VariantSpec, ...]:
    """Each list of options, once for each of `formats` where the format is negotiated.

    Raises InvalidRequest or SignatureMismatch for what the gateway would refuse.
    """
    found: dict[VariantSpec, None] = {}
    for each in options:
        transform = links.request(_ANY_KEY, each).transform
        accepted = [FORMATS[name] for name in formats] if varies(transform) else [None]
        found |= {VariantSpec(tuple(each), accept): None for accept in accepted}
    return tuple(found)


def of_width(links: Links, width: int) -> tuple[str, ...]:
    """A width as a front end asks for it: with `format=auto`, unless only widths are let in."""
    negotiated = (f"width={width}", "format=auto")
    try:
        links.path(_ANY_KEY, negotiated)
    except SignatureMismatch:
        return negotiated[:1]
    return negotiated
