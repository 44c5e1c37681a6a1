"""Colours that a file names by code points (ITU-T H.273) instead of a profile, as a profile.

Broadcast's own curves (1, 6, 14, 15) and unspecified ones are read as that of sRGB, as Chrome does
for an AVIF, though not for a PNG. What is brighter than paper (PQ, HLG) is brought down by the
curve of BT.2390: a variant is always of ordinary brightness. A profile can do so channel by channel
alone; it says its code points for `hdr`, which does better.
"""

from collections.abc import Callable
from functools import lru_cache
from math import exp

from resizer.render.colour.icc import (
    D65,
    REC709,
    Chromaticity,
    Primaries,
    rgb_profile,
    sampled,
    srgb_light,
)

_PRIMARIES: dict[int, tuple[Primaries, Chromaticity]] = {
    4: (((0.67, 0.33), (0.21, 0.71), (0.14, 0.08)), (0.310, 0.316)),
    5: (((0.64, 0.33), (0.29, 0.60), (0.15, 0.06)), D65),
    6: (((0.630, 0.340), (0.310, 0.595), (0.155, 0.070)), D65),
    7: (((0.630, 0.340), (0.310, 0.595), (0.155, 0.070)), D65),
    9: (((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)), D65),
    11: (((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)), (0.314, 0.351)),
    12: (((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)), D65),
    22: (((0.630, 0.340), (0.295, 0.605), (0.155, 0.077)), D65),
}
"""Table 2; any other is Rec. 709."""

_PQ, _HLG = 16, 18
PAPER = 203.0
"""Nits of paper white in PQ and HLG (BT.2408 §2), where ordinary brightness ends."""
_PEAK = 1000.0
"""Nits of the brightest light that is told from the next: the nominal peak of HLG (BT.2100), and
what most PQ is graded for."""
_ENTRIES = 4096


@lru_cache(16)
def profile(primaries: int, transfer: int) -> bytes | None:
    """The profile of `ColourPrimaries` and `TransferCharacteristics`; None is sRGB."""
    if primaries not in _PRIMARIES and transfer not in _LIGHT:
        return None
    curve = _LIGHT.get(transfer, srgb_light)
    said = (primaries, transfer) if transfer in NITS else None
    return rgb_profile(*corners(primaries), sampled(curve, _ENTRIES), said)


def corners(primaries: int) -> tuple[Primaries, Chromaticity]:
    """Their chromaticities, and that of white."""
    return _PRIMARIES.get(primaries, (REC709, D65))


def _power(gamma: float) -> Callable[[float], float]:
    return lambda sample: float(sample**gamma)


def _hlg(sample: float) -> float:
    """BT.2100 table 5: the inverse OETF, then the OOTF for a display of 1,000 nits."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = sample**2 / 3 if sample <= 0.5 else (exp((sample - c) / a) + b) / 12
    return float(_PEAK * scene**1.2)


def bt2390(nits: float) -> float:
    """Light, 1 being paper, by BT.2390 §5.4.1: unchanged up to a knee, then a spline that takes the
    peak to paper."""
    top, most = _pq_sample(_PEAK), _pq_sample(PAPER) / _pq_sample(_PEAK)
    sample, knee = min(1.0, _pq_sample(nits) / top), 1.5 * most - 0.5
    if sample > knee:
        t = (sample - knee) / (1 - knee)
        sample = (
            (2 * t**3 - 3 * t**2 + 1) * knee
            + (t**3 - 2 * t**2 + t) * (1 - knee)
            + (-2 * t**3 + 3 * t**2) * most
        )
    return _nits(sample * top) / PAPER


_M1, _M2, _C1, _C2, _C3 = 1305 / 8192, 2523 / 32, 107 / 128, 2413 / 128, 2392 / 128
"""SMPTE ST 2084, as BT.2100 table 4 has it."""


def _nits(sample: float) -> float:
    power = sample ** (1 / _M2)
    return float(10_000 * (max(0.0, power - _C1) / (_C2 - _C3 * power)) ** (1 / _M1))


def _pq_sample(nits: float) -> float:
    power = (nits / 10_000) ** _M1
    return float(((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2)


NITS: dict[int, Callable[[float], float]] = {_PQ: _nits, _HLG: _hlg}
"""What a sample of 0…1 shines with, where that is brighter than paper."""


def _tone_mapped(nits: Callable[[float], float]) -> Callable[[float], float]:
    return lambda sample: bt2390(nits(sample))


_LIGHT: dict[int, Callable[[float], float]] = {
    4: _power(2.2),
    5: _power(2.8),
    8: _power(1.0),
    _PQ: _tone_mapped(_nits),
    17: _power(2.6),
    _HLG: _tone_mapped(_hlg),
}
"""Table 3; any other is sRGB."""
