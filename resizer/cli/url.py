"""`resizer url`: a signed path, or a srcset of them."""

import time
from typing import Annotated

import typer

from resizer.cli.terminal import ASKED_WRONGLY, exit_with, out, settings_or_exit
from resizer.errors import InvalidRequest, ResizerError
from resizer.settings.flags import ConfigFlag, settings_as_flags
from resizer.settings.rules import SIGNING
from resizer.settings.settings import Settings
from resizer.settings.types import read_seconds, read_widths
from resizer.urls.links import Links
from resizer.urls.option_list import with_width


@settings_as_flags("urls", "presets", "fallback", "public_url", "max_output_side")
def url(
    key: Annotated[str, typer.Argument(help="The image's path in the bucket, as it is.")],
    options: Annotated[
        list[str] | None, typer.Argument(help="name=value …, or a preset's name.")
    ] = None,
    expires: Annotated[
        str | None, typer.Option(help="Time for which it is valid: 90s, 15m, 1h, 7d.")
    ] = None,
    srcset: Annotated[
        str | None, typer.Option(help="Comma-separated widths: prints a srcset attribute's value.")
    ] = None,
    config: ConfigFlag = None,
    **flags: str | None,
) -> None:
    """Print the URL of a variant, signed with the first signing key."""
    settings = settings_or_exit(config, flags, (SIGNING,))
    links = Links(settings.dialect_settings, settings.access)
    try:
        expiry = [] if expires is None else [f"exp={_expiry(expires)}"]
        if srcset is None:
            out.print(_url(settings, links, key, [*(options or []), *expiry]))
            return
        candidates = [
            f"{_url(settings, links, key, [*with_width(options or [], width), *expiry])} {width}w"
            for width in _widths(srcset)
        ]
    except (ResizerError, ValueError) as error:
        exit_with(str(error), ASKED_WRONGLY)
    out.print(",\n".join(candidates))


def _url(settings: Settings, links: Links, key: str, options: list[str]) -> str:
    return f"{settings.public_url.rstrip('/')}{links.path(key, options)}"


def _expiry(expires: str) -> int:
    try:
        seconds = read_seconds(expires)
    except ValueError as error:
        raise InvalidRequest(f"--expires {error}, not {expires!r}") from None
    if not seconds:
        raise InvalidRequest("--expires must be more than 0, or the URL is dead from the start")
    return int(time.time() + seconds)


def _widths(srcset: str) -> list[int]:
    try:
        return read_widths(srcset)
    except ValueError as error:
        raise InvalidRequest(f"--srcset {error}, not {srcset!r}") from None
