"""Reading the settings: every fault is reported, in the user's words, and no secret repeated."""

import os
import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from resizer.settings.rules import ALWAYS, MAKE_A_KEY, SettingRule
from resizer.settings.settings import CONFIG_VARIABLE, PREFIX, Settings, config_file
from resizer.settings.types import Confidential
from resizer.urls.access import Urls

SHORTEST_KEY = 32
"""Characters of a signing key: 128 bits in hexadecimal digits."""
_CLOSE = 0.8
"""How alike a name must be to be suggested, of 1."""
_WORDS = {
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "bool_parsing": "must be true or false",
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than_equal": "must be at most {le:g}",
    "enum": "must be {expected}",
}
"""pydantic's kinds of errors in the words of this program; others speak for themselves."""


class SettingsError(Exception):
    """Everything that is wrong with the settings, one fault a line."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def read_settings(
    flags: Mapping[str, Any] | None = None, rules: Sequence[SettingRule] = ()
) -> Settings:
    """The settings from flags, environment and file, in that order of precedence.

    `rules` are those to hold beside what always must. Raises SettingsError with all faults at once.
    """
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    faults = unknown_names(_names_in_file(), os.environ)
    settings, wrong = _read(given)
    faults += wrong.values()
    for rule in (*ALWAYS, *rules):
        if not rule.names & wrong.keys() and (fault := rule.fault(settings)):
            faults.append(fault)
    if faults:
        raise SettingsError(faults)
    return settings


def _read(given: dict[str, Any]) -> tuple[Settings, dict[str, str]]:
    """The settings, those that are wrong left at their defaults, and what is wrong with them."""
    try:
        return Settings(**given), {}
    except ValidationError as error:
        wrong = {str(detail["loc"][0]): _fault(detail) for detail in error.errors()}
    defaults = {name: Settings.model_fields[name].get_default() for name in wrong}
    return Settings(**given | defaults), wrong


def _names_in_file() -> list[str]:
    file = config_file()
    if file is None:
        return []
    try:
        return list(tomllib.loads(file.read_text()))
    except FileNotFoundError:
        raise SettingsError([f"{CONFIG_VARIABLE}: there is no file {file}"]) from None
    except (OSError, ValueError) as error:
        raise SettingsError([f"{CONFIG_VARIABLE}: {file}: {error}"]) from None


def unknown_names(in_file: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """A fault for each name in the file, and each `RESIZER_…` variable, that is no setting."""
    known = list(Settings.model_fields)
    variables = [PREFIX + name.upper() for name in known] + [CONFIG_VARIABLE]
    unknown = [name for name in environment if name.startswith(PREFIX) and name not in variables]
    return [
        *(_unknown(name, known, "") for name in in_file if name not in known),
        *(_unknown(name, variables, PREFIX) for name in sorted(unknown)),
    ]


def warnings(settings: Settings) -> list[str]:
    """What an operator should know though the server starts."""
    found = []
    if settings.urls is Urls.OPEN:
        found.append(f"{PREFIX}URLS=open: anyone may ask for any size")
    if any(len(secret) < SHORTEST_KEY for secret in settings.secrets):
        short = f"a key of fewer than {SHORTEST_KEY} characters"
        found.append(f"{PREFIX}SIGNING_KEYS holds {short}: {MAKE_A_KEY}")
    return found


def _fault(detail: ErrorDetails) -> str:
    name, *inner = (str(part) for part in detail["loc"])
    setting = f"{PREFIX}{name.upper()}" + "".join(f"[{part}]" for part in inner)
    if template := _WORDS.get(detail["type"]):
        words = template.format(**detail.get("ctx", {}))
    else:  # may quote what was given, braces included
        words = detail["msg"].removeprefix("Value error, ").rstrip(".")
    confidential = Confidential in Settings.model_fields[name].metadata
    given = "" if confidential else f" (given: {detail['input']!r:.80})"
    return f"{setting}: {words}{given}"


def _unknown(name: str, known: list[str], prefix: str) -> str:
    plain = [candidate.removeprefix(prefix) for candidate in known]
    near = get_close_matches(name.removeprefix(prefix), plain, 1, _CLOSE)
    return f"{name}: no such setting" + (f"; did you mean {prefix}{near[0]}?" if near else "")
