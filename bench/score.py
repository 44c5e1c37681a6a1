"""How good a variant looks: SSIMULACRA2 against a reference that is computed here, in float.

The reference shares no code with what is judged: Pillow decodes the whole original, littlecms
brings it to sRGB, numpy averages it in linear light with Lanczos 3. 100 is the reference itself,
90 cannot be told from it, 70 is high quality, 50 medium; a blurred or darkened picture is below 0.
"""

from functools import cache
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

Pixels = NDArray[np.uint8]
"""Rows of an sRGB picture: height × width × 3."""
Plane = NDArray[np.float64]
_LOBES = 3
_LUMA = np.array([0.299, 0.587, 0.114])
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
_BELL = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))
_RELATIVE = ImageCms.Intent.RELATIVE_COLORIMETRIC
_BLACK_POINT = ImageCms.Flags.BLACKPOINTCOMPENSATION


def score(reference: Pixels, seen: Pixels) -> float:
    """SSIMULACRA2; both must be of one size, at least 8×8."""
    if reference.shape != seen.shape:
        raise ValueError(f"{seen.shape} is not the reference's size, {reference.shape}")
    from ssimulacra2 import compute_ssimulacra2

    return float(compute_ssimulacra2(_file(reference), _file(seen)))


def decoded(data: bytes) -> Pixels:
    """What a browser shows of a file: upright, in sRGB, what is clear on white."""
    picture = Image.open(BytesIO(data))
    picture.load()
    upright = ImageOps.exif_transpose(picture)
    if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
        clear = upright.convert("RGBA")
        upright = Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear)
    return np.asarray(_in_srgb(upright.convert("RGB"), picture.info.get("icc_profile")))


def reference(original: Pixels, width: int, height: int) -> Pixels:
    """An original, decoded, at another size: linear light, antialiased Lanczos 3, in float64."""
    planes = [
        _along(_along(_LIGHT[original[..., band]], height).T, width).T
        for band in range(original.shape[2])
    ]
    return from_light(np.stack(planes, axis=-1))


def ssim(reference: Pixels, seen: Pixels) -> float:
    """Structural similarity of the luma (Wang et al. 2004), 0…1: what P4 is held to."""
    one, two = (pixels @ _LUMA for pixels in (reference, seen))
    mean_one, mean_two = _blurred(one), _blurred(two)
    spread_one = _blurred(one * one) - mean_one**2
    spread_two = _blurred(two * two) - mean_two**2
    common = _blurred(one * two) - mean_one * mean_two
    alike = (2 * mean_one * mean_two + _C1) * (2 * common + _C2)
    apart = (mean_one**2 + mean_two**2 + _C1) * (spread_one + spread_two + _C2)
    return float((alike / apart).mean())


def to_light(coded: Plane) -> Plane:
    """sRGB's curve (IEC 61966-2-1), 0…1 on both sides."""
    return np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)


def from_light(light: Plane) -> Pixels:
    """Its inverse, clipped to what 8 bits hold."""
    within = np.clip(light, 0, 1)
    coded = np.where(within <= 0.0031308, within * 12.92, 1.055 * within ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(coded * 255), dtype=np.uint8)


_LIGHT = to_light(np.arange(256) / 255)


def _in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    if not profile:
        return picture
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        shown = ImageCms.profileToProfile(
            picture, source, _srgb(), _RELATIVE, outputMode="RGB", flags=_BLACK_POINT
        )
    except ImageCms.PyCMSError:  # a profile that does not fit is ignored, as browsers do
        return picture
    return shown or picture


@cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _along(plane: Plane, size: int) -> Plane:
    """A plane resampled along its first axis."""
    taps = _weights(plane.shape[0], size)
    return np.stack([weights @ plane[first:last] for first, last, weights in taps])


@cache
def _weights(before: int, after: int) -> list[tuple[int, int, Plane]]:
    step = before / after
    wide = max(step, 1.0)
    taps = []
    for place in range(after):
        middle = (place + 0.5) * step
        first = max(0, int(np.floor(middle - _LOBES * wide)))
        last = min(before, int(np.ceil(middle + _LOBES * wide)))
        away = (np.arange(first, last) + 0.5 - middle) / wide
        lanczos = np.sinc(away) * np.sinc(away / _LOBES) * (np.abs(away) < _LOBES)
        taps.append((first, last, lanczos / lanczos.sum()))
    return taps


def _blurred(plane: Plane) -> Plane:
    """By a Gaussian of 11×11, only where it lies within."""
    bell = _BELL / _BELL.sum()
    down = np.lib.stride_tricks.sliding_window_view(plane, bell.size, axis=0) @ bell
    across: Plane = np.lib.stride_tricks.sliding_window_view(down, bell.size, axis=1) @ bell
    return across


def _file(pixels: Pixels) -> BytesIO:
    """As the package reads it: it opens what it is given with Pillow."""
    file = BytesIO()
    Image.fromarray(pixels).save(file, "BMP")
    file.seek(0)
    return file
