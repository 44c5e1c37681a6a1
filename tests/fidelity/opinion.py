"""A second opinion: what ImageMagick makes of an original, and how far from it a variant is.

ImageMagick decodes with other programs' code and averages in linear light here, as the gateway
does by default. It is asked for plain resizing only; where it is not installed there is none.
"""

import shutil
import subprocess
from functools import cache
from pathlib import Path

import pyvips

_SECONDS = 30
_NAMES = ("magick", "convert-im6.q16", "convert")
"""Of its program, in version 7, on Debian, and before."""


@cache
def imagemagick() -> str | None:
    """Its program, if there is one that says it is."""
    return next((found for name in _NAMES if (found := shutil.which(name)) and _is(found)), None)


def _is(program: str) -> bool:
    said = subprocess.run([program, "-version"], capture_output=True, check=False).stdout
    return said.startswith(b"Version: ImageMagick")


def ask(program: str, original: Path, width: int, target: Path) -> bool:
    """Have the first frame resized to `width`, upright; whether that worked."""
    profile = target.parent / "srgb.icc"
    if not profile.exists():
        blank = pyvips.Image.black(1, 1, bands=3).copy(interpretation="srgb")
        converted = blank.icc_transform("srgb", input_profile="srgb")
        profile.write_bytes(converted.get("icc-profile-data"))
    done = subprocess.run(
        [
            *(program, f"{original}[0]", "-auto-orient", "-profile", str(profile)),
            *("-colorspace", "RGB", "-filter", "Lanczos", "-resize", f"{width}x>"),
            *("-colorspace", "sRGB", "-strip", f"PNG32:{target}"),
        ],
        capture_output=True,
        timeout=_SECONDS,
        check=False,
    )
    return done.returncode == 0 and target.exists()


def difference(variant: bytes, other: Path) -> str:
    """How the eye sees the difference (libvips `dE00`), over white."""
    ours, theirs = (
        one.flatten(background=255) if one.hasalpha() else one
        for one in (
            pyvips.Image.new_from_buffer(variant, "").colourspace("srgb"),
            pyvips.Image.new_from_buffer(other.read_bytes(), "").colourspace("srgb"),
        )
    )
    if (ours.width, ours.height) != (theirs.width, theirs.height):
        return f"{theirs.width}×{theirs.height}, another size than ours"
    delta = ours.colourspace("lab").dE00(theirs.colourspace("lab"))
    return f"ΔE2000 to ours: {delta.avg():.1f} in the mean, {delta.max():.0f} at most"
