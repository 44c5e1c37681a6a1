"""Colour science for the tests, written from the standards alone: nothing of the product in it.

Colours are numpy arrays whose last axis is R, G, B, or X, Y, Z, or L*, a*, b*. RGB is 0…1; XYZ has
D50 as its white, as ICC profiles have, and Y = 1 there.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]

D50 = (0.3457, 0.3585)
D65 = (0.3127, 0.3290)
_WHITE = np.array([0.9642, 1.0, 0.8249])
"""D50 as ICC.1 has it."""
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)


@dataclass(frozen=True)
class Space:
    """An RGB space: the chromaticities of R, G, B and white, and how a sample becomes light."""

    primaries: tuple[tuple[float, float], ...]
    white: tuple[float, float]
    light: Callable[[Array], Array]
    sample: Callable[[Array], Array]

    @property
    def to_xyz(self) -> Array:
        """The matrix from light to D50 XYZ (Bradford)."""
        corners = np.array([_xyz(point) for point in self.primaries]).T
        white = _xyz(self.white)
        matrix = corners * np.linalg.solve(corners, white)
        cones = np.diag((_BRADFORD @ _WHITE) / (_BRADFORD @ white))
        adapted: Array = np.linalg.inv(_BRADFORD) @ cones @ _BRADFORD @ matrix
        return adapted


def _xyz(point: tuple[float, float]) -> Array:
    x, y = point
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _srgb_light(v: Array) -> Array:
    return np.where(v <= 0.04045, v / 12.92, ((np.maximum(v, 0) + 0.055) / 1.055) ** 2.4)


def _srgb_sample(v: Array) -> Array:
    return np.where(v <= 0.0031308, 12.92 * v, 1.055 * np.maximum(v, 0) ** (1 / 2.4) - 0.055)


def power(gamma: float) -> tuple[Callable[[Array], Array], Callable[[Array], Array]]:
    """The two curves of a space with a plain gamma."""
    return (lambda v: np.maximum(v, 0) ** gamma, lambda v: np.maximum(v, 0) ** (1 / gamma))


_709 = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
_P3 = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
SRGB = Space(_709, D65, _srgb_light, _srgb_sample)
DISPLAY_P3 = Space(_P3, D65, _srgb_light, _srgb_sample)
ADOBE_RGB = Space(((0.64, 0.33), (0.21, 0.71), (0.15, 0.06)), D65, *power(563 / 256))
PROPHOTO = Space(((0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001)), D50, *power(1.8))
LINEAR_SRGB = Space(_709, D65, *power(1.0))


def convert(colour: Any, source: Space, target: Space) -> Array:
    """Relative colorimetric; what is outside the target is clipped to it, channel by channel."""
    xyz = source.light(np.asarray(colour, float)) @ source.to_xyz.T
    light = xyz @ np.linalg.inv(target.to_xyz).T
    return target.sample(np.clip(light, 0, 1))


def lab(colour: Any, space: Space = SRGB) -> Array:
    """CIELAB of an RGB colour, relative to D50."""
    ratio = space.light(np.asarray(colour, float)) @ space.to_xyz.T / _WHITE
    f = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.stack(
        [116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1
    )


def delta_e(one: Any, other: Any) -> Array:
    """CIEDE2000 of two CIELAB colours (ISO/CIE 11664-6; Sharma, Wu, Dalal 2005)."""
    (l1, a1, b1), (l2, a2, b2) = np.moveaxis(np.asarray(one), -1, 0), np.moveaxis(other, -1, 0)
    mean = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    stretch = 1.5 - 0.5 * np.sqrt(mean**7 / (mean**7 + 25**7))
    c1, c2 = np.hypot(a1 * stretch, b1), np.hypot(a2 * stretch, b2)
    h1 = np.degrees(np.arctan2(b1, a1 * stretch)) % 360
    h2 = np.degrees(np.arctan2(b2, a2 * stretch)) % 360
    grey = c1 * c2 == 0
    turn = np.where(grey, 0, (h2 - h1 + 180) % 360 - 180)
    turn = np.where(np.isclose(h1 - h2, 180), -180, turn)
    apart = np.abs(h1 - h2) > 180
    hue = np.where(grey, h1 + h2, (h1 + h2) / 2 + np.where(apart, 180, 0)) % 360
    lightness, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    t = (
        1
        - 0.17 * _cos(hue - 30)
        + 0.24 * _cos(2 * hue)
        + 0.32 * _cos(3 * hue + 6)
        - 0.20 * _cos(4 * hue - 63)
    )
    off = (lightness - 50) ** 2
    dl = (l2 - l1) / (1 + 0.015 * off / np.sqrt(20 + off))
    dc = (c2 - c1) / (1 + 0.045 * chroma)
    dh = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2)) / (1 + 0.015 * chroma * t)
    twist = 60 * np.exp(-(((hue - 275) / 25) ** 2))
    r = -2 * np.sqrt(chroma**7 / (chroma**7 + 25**7)) * np.sin(np.radians(twist))
    difference: Array = np.sqrt(np.maximum(dl**2 + dc**2 + dh**2 + r * dc * dh, 0))
    return difference


def _cos(degrees: Array) -> Array:
    wave: Array = np.cos(np.radians(degrees))
    return wave


def rgb_profile(space: Space) -> bytes:
    """A matrix profile (ICC.1:2001, §6.3.1.2) whose curves have 1,024 entries."""
    samples = np.linspace(0, 1, 1024)
    light = np.round(np.asarray(space.light(samples)) * 65535).astype(">u2")
    curve = b"curv" + bytes(4) + struct.pack(">I", len(light)) + light.tobytes()
    tags = {b"wtpt": _xyz_type(_WHITE)}
    for column, letter in enumerate((b"r", b"g", b"b")):
        tags[letter + b"XYZ"] = _xyz_type(space.to_xyz[:, column])
        tags[letter + b"TRC"] = curve
    return _profile(b"RGB ", tags)


def grey_profile(light: Callable[[Array], Array]) -> bytes:
    """A monochrome profile (ICC.1:2001, §6.3.1.1)."""
    entries = np.round(np.asarray(light(np.linspace(0, 1, 1024))) * 65535).astype(">u2")
    curve = b"curv" + bytes(4) + struct.pack(">I", len(entries)) + entries.tobytes()
    return _profile(b"GRAY", {b"wtpt": _xyz_type(_WHITE), b"kTRC": curve})


def _xyz_type(xyz: Array) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(v * 65536) for v in xyz))


def _profile(colours: bytes, tags: dict[bytes, bytes]) -> bytes:
    tags = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", 5) + b"test\0" + bytes(78),
        b"cprt": b"text" + bytes(4) + b"none\0",
        **tags,
    }
    index, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        index += name + struct.pack(">II", start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = bytearray(128)
    head[0:4] = struct.pack(">I", start + len(body))
    head[8:12] = bytes([2, 0x40, 0, 0])
    head[12:24] = b"mntr" + colours + b"XYZ "
    head[24:36] = struct.pack(">6H", 2000, 1, 1, 0, 0, 0)
    head[36:40] = b"acsp"
    head[68:80] = struct.pack(">3i", *(round(v * 65536) for v in _WHITE))
    return bytes(head) + index + body
