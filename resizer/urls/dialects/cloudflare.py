"""The native dialect: Cloudflare's `<options>/<key>`.

    /img/width=400,format=auto/photos/cat.jpg         and the same under /cdn-cgi/image/
    /img/w=400,h=300,fit=cover,g=0.5x0.2,q=80,f=webp/photos/cat.jpg
    /img/trim=20;30;20;0,w=800/photos/cat.jpg         cut first, then resize
    /img/trim.left=10,trim.width=500,w=200/photos/cat.jpg
    /img/background=rgb%28240%2C40%2C145%29,fit=pad,w=80,h=80/photos/cat.png
    /img/border=4;navy,w=200/photos/cat.jpg
    /img/hero/photos/cat.jpg                          a preset
    /img/hero,dpr=2/photos/cat.jpg                    a preset, then more: the URL overrides it
    /img/preset=hero,dpr=2/photos/cat.jpg             the same
    /img/width=400,exp=1798761600,sig=q1Gs…/photos/cat.jpg

Options are split on commas before they are percent-decoded, so a comma inside a value is `%2C`.
`sig` and `exp` say nothing about the picture: a URL needs at least one option besides them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from resizer.errors import InvalidRequest
from resizer.model.transform import Transform
from resizer.urls.keys import encode, read_key, write_key
from resizer.urls.option_list import no_options, read_options, to_transform
from resizer.urls.options import BY_SPELLING
from resizer.urls.preset import Preset
from resizer.urls.request import ImageRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class DialectSettings:
    """What the settings decide about URLs."""

    max_side: int
    """Pixels of a box, dpr and border included."""
    presets: Mapping[str, Preset] = field(default_factory=dict)
    onerror_allowed: bool = False
    """There is a fallback for `onerror=redirect` to go to."""


def parse(tail: str, settings: DialectSettings) -> ImageRequest:
    """Understand the still percent-encoded path after `/img/` or `/cdn-cgi/image/`.

    Options of the URL override those of a preset, wherever they stand; `trim` in any spelling
    overrides the preset's whole trim. Raises InvalidRequest, and SourceNotFound for an empty key.
    """
    option_list, _, rest = tail.partition("/")
    options = read_options(option_list, settings.presets)
    if all(option.name in ("exp", "sig") for option in options):
        raise no_options()
    values = {option.name: option.value for option in options}
    signed = [option for option in options if option.name != "sig"]
    preset = settings.presets.get(values.get("preset", ""))
    base = preset.transform if preset else Transform()
    return ImageRequest(
        transform=to_transform(options, base, settings.max_side),
        key=read_key(rest),
        options=tuple(option.text for option in signed),
        names=tuple(option.name for option in signed),
        preset=preset.name if preset else None,
        signature=values.get("sig"),
        expires=values.get("exp"),
        redirect_on_error=_redirects(values, preset, settings),
    )


def write(options: Sequence[str], key: str, signature: str | None = None) -> str:
    """The tail that `parse` reads back as these decoded `options` and this `key`.

    All that a proxy might take for syntax is percent-encoded. Raises InvalidRequest and
    SourceNotFound for a key that no URL can hold.
    """
    parts = [*options] if signature is None else [*options, f"sig={signature}"]
    return f"{','.join(encode(part, '=', 'options') for part in parts)}/{write_key(key)}"


def with_width(options: Sequence[str], width: int) -> tuple[str, ...]:
    """Decoded `options` with this width: in the place of the one they have, else in front."""
    wanted = f"width={width}"
    replaced = tuple(wanted if _is_width(option) else option for option in options)
    return replaced if wanted in replaced else (wanted, *replaced)


def _is_width(option: str) -> bool:
    found = BY_SPELLING.get(option.partition("=")[0])
    return found is not None and found.name == "width"


def _redirects(values: Mapping[str, Any], preset: Preset | None, settings: DialectSettings) -> bool:
    redirect = "onerror" in values or (preset is not None and preset.redirect_on_error)
    if redirect and not settings.onerror_allowed:
        raise InvalidRequest(
            "onerror=redirect is not set up here: there is no fallback to redirect to.",
            option="onerror",
            accepted="no onerror",
        )
    return redirect
