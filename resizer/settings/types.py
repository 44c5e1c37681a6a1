"""What the text of a setting means, a time or a list or an address, and what is wrong with it."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from resizer.cdn.target import read_target
from resizer.errors import InvalidRequest
from resizer.storage.kinds import read_address
from resizer.urls.preset import Preset, parse_preset

WIDEST = 16_383
"""Pixels: the largest side that WebP can hold (RFC 9649 §2.7), so that any format fits."""
_LONGEST_TIMEOUT = 3600.0
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw]?)", re.ASCII)


class Confidential:
    """In an annotation: a fault of the setting is reported without its value."""


def read_seconds(text: str) -> float:
    """Seconds from text such as `90`, `90s`, `15m`, `1h`, `7d`, `2w`. Raises ValueError."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError("must be a time such as 90, 90s, 15m, 1h, 7d or 2w")
    return float(match[1]) * _UNITS[match[2]]


def read_widths(text: str) -> list[int]:
    """Pixels from text such as `320,640`. Raises ValueError."""
    try:
        return [int(width) for width in text.split(",")]
    except ValueError:
        raise ValueError("takes whole numbers separated by commas") from None


def _seconds(value: object) -> object:
    return read_seconds(value) if isinstance(value, str) else value


def _no_longer_than_an_hour(seconds: float) -> float:
    if seconds > _LONGEST_TIMEOUT:
        raise ValueError("must be at most 1h")
    return seconds


def _comma_separated(value: object) -> object:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _separated(value: object) -> object:
    """By spaces as well, for entries that hold neither those nor commas."""
    return value.replace(",", " ").split() if isinstance(value, str) else value


def _targets(entries: list[str]) -> list[str]:
    for entry in entries:
        read_target(entry)
    return entries


def _not_empty(secrets: list[SecretStr]) -> list[SecretStr]:
    if not all(secret.get_secret_value() for secret in secrets):
        raise ValueError("must not hold an empty key")
    return secrets


def _named_presets(value: object) -> object:
    """`thumb:width=200,fit=cover hero:width=1600` is a mapping of names to options."""
    if not isinstance(value, str):
        return value
    pairs = [entry.partition(":") for entry in value.split()]
    if any(not separator for _, separator, _ in pairs):
        raise ValueError("must be name:options entries separated by spaces")
    names = [name for name, _, _ in pairs]
    if repeated := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"names {', '.join(sorted(repeated))} more than once")
    return {name: options for name, _, options in pairs}


def _cache_url(value: SecretStr) -> SecretStr:
    url = value.get_secret_value()
    if url != "memory:":
        # Imported where there is a Redis: it takes a while, and `resizer url` needs none.
        from resizer.cache.redis.connect import client_options

        client_options(url)
    return value


def _address(value: str) -> str:
    read_address(value)
    return value


def _port(value: object) -> object:
    if isinstance(value, str) and value.startswith("tcp://"):
        raise ValueError(
            "must be a whole number;"
            " Kubernetes sets it for a Service named resizer: enableServiceLinks: false"
        )
    return value


def _web_url(value: str) -> str:
    parts = urlsplit(value)
    if value and not (parts.scheme in ("http", "https") and parts.netloc and value.isprintable()):
        raise ValueError("must be an http:// or https:// URL")
    return value


def _well_formed(presets: dict[str, str]) -> dict[str, str]:
    for name, options in presets.items():
        read_preset(name, options, WIDEST)
    return presets


def read_preset(name: str, options: str, max_side: int) -> Preset:
    """Raises ValueError that names it."""
    try:
        return parse_preset(name, options, max_side)
    except InvalidRequest as error:
        raise ValueError(f"preset {name}: {error}") from None


WebUrl = Annotated[str, AfterValidator(_web_url)]
Seconds = Annotated[int, BeforeValidator(_seconds), Field(ge=0)]
Timeout = Annotated[
    float,
    BeforeValidator(_seconds),
    Field(gt=0),
    AfterValidator(_no_longer_than_an_hour),
]
Port = Annotated[int, BeforeValidator(_port), Field(ge=0, le=65_535)]
Token = Annotated[SecretStr, Confidential]
Secrets = Annotated[
    list[SecretStr],
    Confidential,
    NoDecode,
    BeforeValidator(_comma_separated),
    AfterValidator(_not_empty),
]
Widths = Annotated[list[Annotated[int, Field(ge=1)]], NoDecode, BeforeValidator(_comma_separated)]
Presets = Annotated[
    dict[str, str], NoDecode, BeforeValidator(_named_presets), AfterValidator(_well_formed)
]
AddressText = Annotated[str, AfterValidator(_address)]
CacheUrl = Annotated[SecretStr, Confidential, AfterValidator(_cache_url)]
Targets = Annotated[
    list[str], Confidential, NoDecode, BeforeValidator(_separated), AfterValidator(_targets)
]
"""URLs among them may hold a password."""
