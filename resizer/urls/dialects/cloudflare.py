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

Signed is what a URL says, not how it is spelled: each decoded option but `sig`, then an empty line,
then the decoded key. Line feeds are refused in both, so nothing can slide from one side to the
other, and a proxy that re-encodes changes nothing.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from resizer.errors import InvalidRequest
from resizer.model.transform import Transform
from resizer.urls.dialect import Dialect, DialectSettings
from resizer.urls.keys import percent_encode, read_key, write_key
from resizer.urls.option_list import no_options, read_options, to_transform
from resizer.urls.preset import Preset
from resizer.urls.request import ImageRequest
from resizer.urls.signing import SignatureScheme, hmac_sha256


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
    transform = to_transform(options, base, settings.max_side)
    key = read_key(rest)
    return ImageRequest(
        transform=transform,
        key=key,
        preset=preset.name if preset else None,
        explicit=frozenset(option.field for option in signed if option.name != "preset"),
        expires=values.get("exp"),
        redirect_on_error=_redirects(values, preset, settings),
        signed=signed_text([option.text for option in signed], key),
        signature=values.get("sig"),
        scheme=SCHEME,
    )


def write(options: Sequence[str], key: str, secret: str | None = None) -> str:
    """The tail that `parse` reads back as these decoded `options` and this `key`.

    Signed with `secret` if there is one. All that a proxy might take for syntax is
    percent-encoded. Raises InvalidRequest and SourceNotFound for a key that no URL can hold.
    """
    parts = [*options]
    if secret is not None:
        parts.append(f"sig={SCHEME.sign(secret, signed_text(options, key))}")
    return f"{','.join(percent_encode(part, '=', 'options') for part in parts)}/{write_key(key)}"


def signed_text(options: Sequence[str], key: str) -> bytes:
    """What is signed: decoded `options` without `sig`, in the URL's order, and the decoded `key`.

    Raises InvalidRequest for a line feed or text that is not Unicode.
    """
    lines = [*options, "", key]
    if any("\n" in line for line in lines):
        raise InvalidRequest(
            "A line feed cannot be signed.", accepted="options and keys of one line"
        )
    try:
        return "\n".join(lines).encode()
    except UnicodeEncodeError:
        raise InvalidRequest("What is to be signed is not Unicode.", accepted="UTF-8") from None


def _redirects(values: Mapping[str, Any], preset: Preset | None, settings: DialectSettings) -> bool:
    redirect = "onerror" in values or (preset is not None and preset.redirect_on_error)
    if redirect and not settings.onerror_allowed:
        raise InvalidRequest(
            "onerror=redirect is not set up here: there is no fallback to redirect to.",
            option="onerror",
            accepted="no onerror",
        )
    return redirect


_END = r"(?:,|/|%2c|%2f)"
_SIGNATURE = re.compile(
    rf"({_END}(?:s|%73)(?:i|%69)(?:g|%67)(?:=|%3d))(?:(?!{_END}).)*", re.IGNORECASE
)
"""`sig=` as a proxy may have spelled it, and what follows."""

SCHEME = SignatureScheme(
    sign=lambda secret, signed: hmac_sha256(secret.encode(), signed),
    where="sig=… as its last option",
    what="the options and the key",
)
DIALECT = Dialect(
    prefixes=("/img/", "/cdn-cgi/image/"),
    form="/img/<options>/<key>",
    parse=parse,
    write=write,
    signature=_SIGNATURE,
)
