"""The sequence header of an AV1 bitstream, read up to its colours (AV1 specification §5.5)."""

from dataclasses import dataclass

_SEQUENCE_HEADER = 1
_SELECT = 2
_MOST_OBUS = 4
"""Looked at: a temporal delimiter may stand before the header."""


@dataclass(frozen=True, slots=True)
class Sequence:
    """`color_config()`: code points of ITU-T H.273, and whether 0 is black and 255 white."""

    primaries: int = 2
    transfer: int = 2
    full_range: bool = True


class _Bits:
    """Reads from the left; past the end are zeros."""

    def __init__(self, data: bytes) -> None:
        self._left = 8 * len(data)
        self._value = int.from_bytes(data, "big")

    def take(self, count: int) -> int:
        self._left -= count
        shifted = self._value >> self._left if self._left >= 0 else self._value << -self._left
        return shifted & ((1 << count) - 1)

    def skip(self, *counts: int) -> None:
        self._left -= sum(counts)

    @property
    def ended(self) -> bool:
        return self._left < 0


def read_sequence(obus: bytes) -> Sequence | None:
    """Of the first sequence header among the OBUs (§5.3), if that is whole."""
    at = 0
    for _ in range(_MOST_OBUS):
        if at + 2 >= len(obus):
            return None
        extended, sized = obus[at] >> 2 & 1, obus[at] >> 1 & 1
        start = at + 1 + extended + sized
        # All of them are shorter than 128 bytes here: a size takes one.
        end = start + obus[start - 1] if sized else len(obus)
        if obus[at] >> 3 & 15 == _SEQUENCE_HEADER:
            return _whole(_Bits(obus[start:end]))
        at = end
    return None


def _whole(bits: _Bits) -> Sequence | None:
    found = _sequence(bits)
    return None if bits.ended else found


def _sequence(bits: _Bits) -> Sequence:
    profile, _, reduced = bits.take(3), bits.take(1), bits.take(1)
    if reduced:
        bits.skip(5)
    else:
        _skip_operating_points(bits)
    across, down = bits.take(4) + 1, bits.take(4) + 1
    bits.skip(across, down)
    if not reduced and bits.take(1):
        bits.skip(4, 3)
    bits.skip(3)
    if not reduced:
        _skip_tools(bits)
    bits.skip(3)
    return _colours(bits, profile)


def _skip_operating_points(bits: _Bits) -> None:
    delay_bits = 0
    has_model = False
    if bits.take(1):
        bits.skip(32, 32)
        if bits.take(1):
            _skip_uvlc(bits)
        has_model = bool(bits.take(1))
        if has_model:
            delay_bits = bits.take(5) + 1
            bits.skip(32, 5, 5)
    has_display_delay = bits.take(1)
    for _ in range(bits.take(5) + 1):
        bits.skip(12)
        if bits.take(5) > 7:
            bits.skip(1)
        if has_model and bits.take(1):
            bits.skip(delay_bits, delay_bits, 1)
        if has_display_delay and bits.take(1):
            bits.skip(4)


def _skip_uvlc(bits: _Bits) -> None:
    zeros = 0
    while not bits.ended and not bits.take(1):
        zeros += 1
    bits.skip(zeros)


def _skip_tools(bits: _Bits) -> None:
    bits.skip(4)
    has_order_hint = bits.take(1)
    if has_order_hint:
        bits.skip(2)
    forced = _SELECT if bits.take(1) else bits.take(1)
    if forced and not bits.take(1):
        bits.skip(1)
    if has_order_hint:
        bits.skip(3)


def _colours(bits: _Bits, profile: int) -> Sequence:
    deep = bits.take(1)
    if profile == 2 and deep:
        bits.skip(1)
    grey = profile != 1 and bits.take(1)
    primaries, transfer, matrix = 2, 2, 2
    if bits.take(1):
        primaries, transfer, matrix = bits.take(8), bits.take(8), bits.take(8)
    is_rgb = (primaries, transfer, matrix) == (1, 13, 0)
    full = True if is_rgb and not grey else bool(bits.take(1))
    return Sequence(primaries, transfer, full)
