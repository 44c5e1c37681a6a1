"""The terminal side of all commands: output, exit codes, and settings or a list of faults."""

import os
from collections.abc import Sequence
from typing import NoReturn

import typer
from rich.console import Console

from resizer.settings.load import SettingsError, read_settings
from resizer.settings.rules import SettingRule
from resizer.settings.settings import CONFIG_VARIABLE, Settings

FAILED = 1
ASKED_WRONGLY = 2
out = Console(highlight=False, soft_wrap=True, markup=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)


def settings_or_exit(
    config: str | None, flags: dict[str, str | None], rules: Sequence[SettingRule]
) -> Settings:
    """The settings, or every fault in them as a line and the end of the command."""
    if config is not None:
        os.environ[CONFIG_VARIABLE] = config
    try:
        return read_settings(flags, rules)
    except SettingsError as error:
        for fault in error.faults:
            err.print(f"resizer: {fault}")
        raise typer.Exit(ASKED_WRONGLY) from None


def exit_with(message: str, code: int = FAILED) -> NoReturn:
    """End the command with one line that says why."""
    err.print(f"resizer: {message}")
    raise typer.Exit(code)
