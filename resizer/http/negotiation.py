"""`format=auto`: the `Accept` header → a concrete format (RFC 9110 §12.5.1).

A format is sent only to a client that names it, but JPEG, which wildcards count for: `*/*` and
`image/*` come from programs that know no other. The highest quality value wins, and at equal values
the first in the table of formats. When nothing fits it is JPEG all the same: a picture that was not
asked for is of more use than a 406.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from resizer.model.formats import FALLBACK, NEGOTIATED, OUTPUT_FORMATS, Format
from resizer.model.transform import Transform

MAX_LENGTH = 2048
"""Characters of `Accept` that are read; browsers send fewer than 200."""

_WILDCARDS = ("image/*", "*/*")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.?)*"?')
_Q = re.compile(r";[ \t]*q=([^;\s]*)", re.IGNORECASE)
_QVALUE = re.compile(r"(?:0(?:\.[0-9]*)?|1(?:\.0*)?)")


def negotiate(accept: str) -> Format:
    """One of `NEGOTIATED` for an `Accept` header; several are joined by commas.

    Ranges that are malformed are passed over. Never raises.
    """
    weights = _weights(accept)
    best = max(NEGOTIATED, key=lambda format_: _liked(format_, weights))
    return best if _liked(best, weights) > 0 else FALLBACK


def _liked(format_: Format, weights: Mapping[str, float]) -> float:
    """The quality value of the range that names a format best."""
    media_type = OUTPUT_FORMATS[NEGOTIATED[format_]].media_type
    ranges = (media_type, *_WILDCARDS) if format_ is FALLBACK else (media_type,)
    return next((weights[name] for name in ranges if name in weights), 0.0)


def resolve_format(transform: Transform, accept: str) -> Transform:
    """`transform` with a format that says what to encode, whatever the client."""
    if transform.format is Format.JSON:
        return transform
    if transform.fast:
        return replace(transform, format=FALLBACK)
    if transform.format is Format.AUTO:
        return replace(transform, format=negotiate(accept))
    return transform


def varies(transform: Transform) -> bool:
    """Does the reply to this (unresolved) transform depend on `Accept`?"""
    return transform.format is Format.AUTO and not transform.fast


def _weights(accept: str) -> dict[str, float]:
    """Media range in lower case → its quality value; the highest when it is named twice."""
    weights: dict[str, float] = {}
    for media_range in _QUOTED.sub('""', _bounded(accept)).split(","):
        name = media_range.partition(";")[0].strip().lower()
        weight = _weight(media_range)
        if weight is not None:
            weights[name] = max(weight, weights.get(name, 0.0))
    return weights


def _bounded(accept: str) -> str:
    """The header without what exceeds MAX_LENGTH, cut where a range ends."""
    if len(accept) <= MAX_LENGTH:
        return accept
    return accept[:MAX_LENGTH].rpartition(",")[0]


def _weight(media_range: str) -> float | None:
    """The `q` parameter: 1 when absent, None when it is no qvalue (RFC 9110 §12.4.2)."""
    found = _Q.search(media_range)
    if not found:
        return 1.0
    return float(found[1]) if _QVALUE.fullmatch(found[1]) else None
