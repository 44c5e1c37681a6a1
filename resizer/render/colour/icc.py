"""ICC profiles as bytes: made for a colour space that a file only names, and read for their curves.

ICC.1:2001-04 (version 2), which littlecms reads. Chromaticities are CIE xy; light is 0…1.
"""

import struct
from collections.abc import Callable, Sequence

Chromaticity = tuple[float, float]
Primaries = tuple[Chromaticity, Chromaticity, Chromaticity]
Row = tuple[float, float, float]

D65: Chromaticity = (0.3127, 0.3290)
REC709: Primaries = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))

_D50: Row = (0.9642, 1.0, 0.8249)
"""The white of the profile connection space (§6.3.4.3)."""
_BRADFORD = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))
_SRGB_OF_XYZ = (
    (3.134136, -1.617386, -0.490662),
    (-0.978795, 1.916254, 0.033443),
    (0.071955, -0.228977, 1.405386),
)
"""D50 XYZ to the light of sRGB (CSS Color 4 §10, Bradford)."""
_OUTSIDE = -0.02
"""Light of an sRGB primary below which a colour is outside sRGB, and not just rounded."""
_HEADER, _TAG = 128, 12
_MOST_TAGS = 100
_ENTRIES = 1024


def sampled(light: Callable[[float], float], entries: int = _ENTRIES) -> list[float]:
    """A curve as `rgb_profile` takes it: the light of samples from 0 to 1."""
    return [light(index / (entries - 1)) for index in range(entries)]


def srgb_light(sample: float) -> float:
    """The curve of sRGB and Display P3 (CSS Color 4 §10)."""
    return sample / 12.92 if sample <= 0.04045 else float(((sample + 0.055) / 1.055) ** 2.4)


def rgb_profile(
    primaries: Primaries,
    white: Chromaticity,
    light: Sequence[float],
    code_points: tuple[int, int] | None = None,
) -> bytes:
    """A profile of three primaries (§6.3.1.2), all with the curve whose samples `light` is.

    `code_points` are the primaries and the transfer that a reader may go by instead. Raises
    ValueError for primaries that span no colours.
    """
    said = b"cicp" + bytes(4) + bytes((*code_points, 0, 1)) if code_points else b""
    return _of_three(primaries, white, _curve(light), {b"cicp": said} if said else {})


def of_colours(profile: bytes) -> bytes:
    """A profile of greys as one of colours, for grey samples repeated in three bands.

    littlecms reads a curve of greys at too few points: linear ones came out wrong by ΔE 2. Any
    other profile is returned as it is.
    """
    curve = _read_tag(profile, b"kTRC")
    if profile[16:24] != b"GRAYXYZ " or not curve:
        return profile
    return _of_three(REC709, D65, curve, {})


def is_wide(profile: bytes) -> bool:
    """Whether a picture with this profile may hold colours outside sRGB.

    A profile that maps colours by a table (RGB or CMYK) may; one of three primaries does if they
    lie outside sRGB.
    """
    if profile[16:20] != b"RGB ":
        return profile[16:20] == b"CMYK"
    primaries = [_read_xyz(profile, name) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
    return any(xyz is None or min(_times(_SRGB_OF_XYZ, xyz)) < _OUTSIDE for xyz in primaries)


def code_points(profile: bytes) -> tuple[int, int] | None:
    """Primaries and transfer (ITU-T H.273) of a profile that says them (ICC.1:2022 §9.2.17)."""
    tag = _read_tag(profile, b"cicp")
    return (tag[8], tag[9]) if profile[16:20] == b"RGB " and len(tag) == 12 else None


def _of_three(
    primaries: Primaries, white: Chromaticity, curve: bytes, more: dict[bytes, bytes]
) -> bytes:
    columns = _transposed(_adapted(primaries, white))
    tags = dict(zip((b"rXYZ", b"gXYZ", b"bXYZ"), map(_xyz, columns), strict=True))
    return _profile(b"RGB ", tags | more | {b"rTRC": curve, b"gTRC": curve, b"bTRC": curve})


def _read_xyz(profile: bytes, name: bytes) -> Row | None:
    """The XYZ that a tag holds, if there is such a tag."""
    tag = _read_tag(profile, name)
    if len(tag) < 20:
        return None
    x, y, z = struct.unpack_from(">3i", tag, 8)
    return x / 65536, y / 65536, z / 65536


def _read_tag(profile: bytes, name: bytes) -> bytes:
    count = int.from_bytes(profile[_HEADER : _HEADER + 4], "big")
    for index in range(min(count, _MOST_TAGS)):
        at = _HEADER + 4 + _TAG * index
        if profile[at : at + 4] == name:
            start = int.from_bytes(profile[at + 4 : at + 8], "big")
            size = int.from_bytes(profile[at + 8 : at + 12], "big")
            return profile[start : start + size]
    return b""


def _adapted(primaries: Primaries, white: Chromaticity) -> tuple[Row, Row, Row]:
    """The matrix from light to D50 XYZ: white adapted by Bradford, as the specification asks."""
    red, green, blue = (_of_xy(point) for point in primaries)
    matrix = _transposed((red, green, blue))
    weights = _times(_inverse(matrix), _of_xy(white))
    cones = _times(_BRADFORD, _of_xy(white))
    scales = [new / old for new, old in zip(_times(_BRADFORD, _D50), cones, strict=True)]
    columns = []
    for corner, weight in zip((red, green, blue), weights, strict=True):
        seen = _times(_BRADFORD, corner)
        scaled = tuple(weight * s * scale for s, scale in zip(seen, scales, strict=True))
        columns.append(_times(_inverse(_BRADFORD), scaled))
    return _transposed((columns[0], columns[1], columns[2]))


def _of_xy(point: Chromaticity) -> Row:
    x, y = point
    if y <= 0:
        raise ValueError("no colour")
    return x / y, 1.0, (1 - x - y) / y


def _times(matrix: Sequence[Row], vector: Sequence[float]) -> Row:
    x, y, z = (sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)
    return x, y, z


def _transposed(matrix: tuple[Row, Row, Row]) -> tuple[Row, Row, Row]:
    first, second, third = zip(*matrix, strict=True)
    return first, second, third


def _inverse(matrix: tuple[Row, Row, Row]) -> tuple[Row, Row, Row]:
    """By cross products of the rows."""
    one, two, three = matrix
    crosses = (_cross(two, three), _cross(three, one), _cross(one, two))
    size = sum(a * b for a, b in zip(one, crosses[0], strict=True))
    if abs(size) < 1e-9:
        raise ValueError("the primaries lie on a line")
    first, second, third = ((a / size, b / size, c / size) for a, b, c in _transposed(crosses))
    return first, second, third


def _cross(a: Row, b: Row) -> Row:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def _xyz(colour: Sequence[float]) -> bytes:
    """An XYZType (§6.5.26) of s15Fixed16 numbers."""
    if not all(abs(value) < 30_000 for value in colour):
        raise ValueError("no colour")
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(65536 * value) for value in colour))


def _curve(light: Sequence[float]) -> bytes:
    """A curveType (§6.5.3)."""
    entries = (round(65535 * min(1.0, max(0.0, value))) for value in light)
    return b"curv" + struct.pack(f">II{len(light)}H", 0, len(light), *entries)


def _profile(colours: bytes, tags: dict[bytes, bytes]) -> bytes:
    """Header (§6.1), index (§6.2) and the tags that every profile has and these."""
    name = b"made up\0"
    tags = {
        b"desc": b"desc" + struct.pack(">II", 0, len(name)) + name + bytes(78),
        b"cprt": b"text" + bytes(4) + b"public domain\0",
        b"wtpt": _xyz(_D50),
        **tags,
    }
    start = _HEADER + 4 + _TAG * len(tags)
    index, body, offsets = struct.pack(">I", len(tags)), b"", dict[bytes, int]()
    for tag, data in tags.items():
        if data not in offsets:
            offsets[data] = start + len(body)
            body += data + bytes(-len(data) % 4)
        index += tag + struct.pack(">II", offsets[data], len(data))
    head = struct.pack(
        ">I4sI4s4s4s12x4s28x12s48x",
        start + len(body),
        b"",
        0x02400000,
        b"mntr",
        colours,
        b"XYZ ",
        b"acsp",
        _xyz(_D50)[8:],
    )
    return head + index + body
