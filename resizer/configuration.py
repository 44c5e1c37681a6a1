"""Reading the settings: every fault found, told in the user's words, and no secret repeated."""

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from tomllib import TOMLDecodeError
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from resizer.http.access import Urls
from resizer.settings import CONFIG_VARIABLE, PREFIX, Settings, config_file
from resizer.source.address import read_address

_SECRET = {"signing_keys", "cache"}
_MAKE_A_KEY = (
    "make one with `openssl rand -hex 32` or"
    ' `python3 -c "import secrets; print(secrets.token_hex(32))"`'
)
_SHORT_KEY = 32


class SettingsError(Exception):
    """Everything that is wrong with the settings, one fault a line."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def read_settings(flags: Mapping[str, Any] | None = None) -> Settings:
    """The settings from flags, environment and file, in that order of precedence.

    Raises SettingsError with all faults at once.
    """
    file = config_file()
    if file is not None and not file.is_file():
        raise SettingsError([f"{CONFIG_VARIABLE}: there is no file {file}"])
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    faults = unknown_variables(os.environ)
    try:
        settings = Settings(**given)
    except ValidationError as error:
        raise SettingsError(faults + [_fault(detail) for detail in error.errors()]) from None
    except TOMLDecodeError as error:
        raise SettingsError([*faults, f"{file}: {error}"]) from None
    if faults:
        raise SettingsError(faults)
    return settings


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """A fault for each `RESIZER_…` variable that is no setting."""
    known = [PREFIX + name.upper() for name in Settings.model_fields] + [CONFIG_VARIABLE]
    unknown = [name for name in environment if name.startswith(PREFIX) and name not in known]
    return [_unknown(name, known) for name in sorted(unknown)]


def serving_faults(settings: Settings) -> list[str]:
    """What keeps a server from starting though each setting is right on its own."""
    faults = []
    if not settings.source:
        faults.append(
            f"{PREFIX}SOURCE is not set: say where originals are,"
            " s3://bucket[/prefix] or a directory"
        )
    elif isinstance(place := read_address(settings.source), Path) and not place.is_dir():
        faults.append(f"{PREFIX}SOURCE: there is no directory {settings.source}")
    if settings.urls is Urls.SIGNED and not settings.signing_keys:
        faults.append(
            f"{PREFIX}SIGNING_KEYS is not set and {PREFIX}URLS is signed: {_MAKE_A_KEY};"
            f" or choose {PREFIX}URLS=presets or open"
        )
    return faults


def warnings(settings: Settings) -> list[str]:
    """What an operator should know though the server starts."""
    found = []
    if settings.urls is Urls.OPEN:
        found.append(f"{PREFIX}URLS=open: anyone may ask for any size")
    if any(len(secret) < _SHORT_KEY for secret in settings.secrets):
        found.append(
            f"{PREFIX}SIGNING_KEYS holds a key of fewer than {_SHORT_KEY} characters: {_MAKE_A_KEY}"
        )
    return found


def _fault(detail: ErrorDetails) -> str:
    # The one rule that spans several settings, and so has no place, is that of presets.
    name, *inner = (str(part) for part in detail["loc"] or ("presets",))
    if detail["type"] == "extra_forbidden":
        return _unknown(name, list(Settings.model_fields))
    message = detail["msg"].removeprefix("Value error, ")
    place = f"{PREFIX}{name.upper()}" + "".join(f"[{part}]" for part in inner)
    given = "" if name in _SECRET or not detail["loc"] else f" (given: {detail['input']!r:.80})"
    return f"{place}: {message}{given}"


def _unknown(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, 1)
    return f"{name}: no such setting" + (f"; did you mean {near[0]}?" if near else "")
