"""Every option of native URLs, as data.

Names and meanings are those of Cloudflare's image transformations; `border` and `preset` are
spelled our way, since Cloudflare has neither in a URL.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from resizer.model.formats import OFFERED
from resizer.model.transform import Fit, Flip, Gamut, Metadata, Quality
from resizer.urls import values
from resizer.urls.colour import read_colour

MAX_FACTOR = 1000


@dataclass(frozen=True, slots=True)
class Option:
    """One row of the table."""

    name: str
    short: str | None
    read: Callable[[str], Any]
    """The text of a value → the value. Raises ValueError."""
    accepts: str
    """What `read` takes, in words that complete «… takes»."""
    doc: str
    field: str | None = None
    """The field of Transform or ImageRequest it sets, where that has another name."""


_LEAST_FACTOR = 0.0001
_FACTOR = (
    values.decimal(_LEAST_FACTOR, MAX_FACTOR),
    f"a factor from {_LEAST_FACTOR} to {MAX_FACTOR}",
)
_QUALITIES = ", ".join(Quality)

_TABLE = (
    Option(
        "width",
        "w",
        values.whole(1, values.MAX_WHOLE),
        "a whole number of pixels, at least 1",
        "Width of the box; the ratio is kept when it stands without `height`.",
    ),
    Option(
        "height",
        "h",
        values.whole(1, values.MAX_WHOLE),
        "a whole number of pixels, at least 1",
        "Height of the box; the ratio is kept when it stands without `width`.",
    ),
    Option(
        "dpr",
        None,
        values.decimal(1, 3),
        "a number from 1 to 3",
        "Multiplies box, trim and border.",
    ),
    Option(
        "fit",
        None,
        values.word({fit.value: fit for fit in Fit}),
        ", ".join(Fit),
        "How the picture meets the box.",
    ),
    Option(
        "gravity",
        "g",
        values.gravity,
        "auto, left, right, top, bottom, center, or <x>x<y> with numbers from 0 to 1",
        "What survives a crop; `auto` by saliency. A point is a fraction of what is cut away.",
    ),
    Option(
        "quality",
        "q",
        values.quality,
        f"a whole number from 1 to 100, or {_QUALITIES}",
        "The encoder's quality; the named levels look the same in every format.",
    ),
    Option(
        "format",
        "f",
        values.word({format_.value: format_ for format_ in OFFERED}),
        ", ".join(OFFERED),
        "`auto` goes by the `Accept` header; `json` describes original and variant.",
    ),
    Option(
        "anim",
        None,
        values.word({"true": True, "false": False}),
        "true or false",
        "Keep the frames of an animation, or only the first.",
    ),
    Option(
        "page",
        None,
        values.whole(1, values.MAX_PAGE),
        f"a whole number from 1 to {values.MAX_PAGE}",
        "The frame of an animation or the page of a document to render as a still.",
    ),
    Option(
        "background",
        None,
        read_colour,
        "a CSS colour",
        "Under transparency and padding.",
    ),
    Option(
        "border",
        None,
        values.border,
        f"width or top;right;bottom;left in pixels up to {values.MAX_SIDE}, then perhaps ;colour",
        "A frame added after resizing, multiplied by dpr.",
    ),
    Option("blur", None, values.decimal(1, 250), "a number from 1 to 250", "Radius of a blur."),
    Option(
        "sharpen",
        None,
        values.decimal(0, 10),
        "a number from 0 to 10",
        "Strength of sharpening; 1 suits downscaled photos.",
    ),
    Option("brightness", None, *_FACTOR, "1 changes nothing."),
    Option("contrast", None, *_FACTOR, "1 changes nothing."),
    Option("gamma", None, *_FACTOR, "Exponent of exposure; 1 changes nothing."),
    Option(
        "saturation",
        None,
        values.decimal(0, MAX_FACTOR),
        f"a factor from 0 to {MAX_FACTOR}",
        "0 is grey, 1 changes nothing.",
    ),
    Option(
        "rotate",
        None,
        values.word({"90": 90, "180": 180, "270": 270}),
        "90, 180 or 270",
        "Degrees clockwise; width and height are of the rotated picture.",
    ),
    Option(
        "flip",
        None,
        values.word({flip.value: flip for flip in Flip}),
        "h, v or hv",
        "Mirrors left and right, top and bottom, or both; before `rotate`.",
    ),
    Option(
        "trim",
        None,
        values.trim,
        f"top;right;bottom;left in pixels up to {values.MAX_SIDE}, or border",
        "Cut from the original before everything else; `border` removes a uniform edge.",
    ),
    *(
        Option(
            f"trim.{name}",
            None,
            read,
            f"a whole number of pixels up to {values.MAX_SIDE}",
            f"The {name} of the rectangle that `trim` keeps.",
            field="trim",
        )
        for name, read in values.BOX_SIDES.items()
    ),
    Option(
        "gamut",
        None,
        values.word({gamut.value: gamut for gamut in Gamut}),
        ", ".join(Gamut),
        "`p3` keeps an original that holds more colours than sRGB wide, as Display P3.",
    ),
    Option(
        "metadata",
        None,
        values.word({kept.value: kept for kept in Metadata}),
        ", ".join(Metadata),
        "What a variant keeps of the original's metadata; GPS only with `keep`.",
    ),
    Option(
        "compression",
        None,
        values.word({"fast": True}),
        "fast",
        "The format that encodes quickest, whatever `format` says.",
        field="fast",
    ),
    Option(
        "onerror",
        None,
        values.word({"redirect": True}),
        "redirect",
        "302 to the configured fallback instead of an error.",
        field="redirect_on_error",
    ),
    Option(
        "preset", None, str, "the name of a preset", "A configured preset; its name alone will do."
    ),
    Option(
        "exp",
        None,
        values.whole(1, values.MAX_WHOLE),
        "a time in Unix seconds",
        "The URL is good until then.",
        field="expires",
    ),
    Option("sig", None, str, "a signature, as the last option", "Signature of options and key."),
)

OPTIONS: dict[str, Option] = {option.name: option for option in _TABLE}
"""By canonical name, in the order in which they are documented."""

BY_SPELLING: Mapping[str, Option] = OPTIONS | {
    option.short: option for option in _TABLE if option.short
}
"""By every name that a URL may use."""

_NOT_OFFERED = "not offered"
_NOT_YET = "not available yet"
REFUSED_NAMES: Mapping[str, str] = {
    "face": _NOT_OFFERED,
    "zoom": _NOT_OFFERED,
    "segment": _NOT_OFFERED,
    "upscale": _NOT_OFFERED,
    "slow-connection-quality": _NOT_YET,
    "scq": _NOT_YET,
}
REFUSED_VALUES: Mapping[tuple[str, str], str] = {
    ("gravity", "face"): _NOT_OFFERED,
    ("width", "auto"): _NOT_YET,
}
"""What Cloudflare knows and this gateway refuses by name, and why."""


def option_help() -> str:
    """Every option, what it takes and what it does, a paragraph each."""
    names = (" ".join(filter(None, (option.name, option.short))) for option in _TABLE)
    return "\n\n".join(
        f"{name}: {option.accepts}. {option.doc}"
        for name, option in zip(names, _TABLE, strict=True)
    )
