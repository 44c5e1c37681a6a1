"""Presets: Transforms that the settings name, so that a URL need not spell them out."""

import re
from dataclasses import dataclass

from resizer.errors import InvalidRequest
from resizer.model.transform import Transform
from resizer.urls.option_list import read_options, shown, to_transform
from resizer.urls.options import BY_SPELLING, REFUSED_NAMES

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NOT_INSIDE = ("preset", "exp", "sig")


@dataclass(frozen=True, slots=True)
class Preset:
    """A named Transform."""

    name: str
    transform: Transform
    redirect_on_error: bool = False


def parse_preset(name: str, text: str, max_side: int) -> Preset:
    """The preset of a setting, its options written as in a URL (percent-encoding included).

    Raises InvalidRequest for a bad name, a bad option, `exp`, `sig` or `preset`.
    """
    if not _NAME.fullmatch(name) or name in BY_SPELLING or name in REFUSED_NAMES:
        raise InvalidRequest(
            f"{shown(name)} cannot name a preset.",
            option="preset",
            accepted="1 to 64 letters, digits, dots, hyphens and underscores that name no option",
        )
    options = read_options(text, presets=())
    for option in options:
        if option.name in _NOT_INSIDE:
            raise InvalidRequest(f"{option.name} cannot be part of a preset.", option=option.name)
    redirect = any(option.name == "onerror" for option in options)
    return Preset(name, to_transform(options, Transform(), max_side), redirect)
