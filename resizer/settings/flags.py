"""Settings as flags: each `--name` is the setting of that name, with its description as help."""

import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer
from rich.markup import escape

from resizer.settings.settings import CONFIG_VARIABLE, Settings

_CONFIG = typer.Option(
    help="TOML file of settings; else resizer.toml here.", envvar=CONFIG_VARIABLE
)


def settings_as_flags(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command, written with `config` and `**flags`, a flag for each named setting.

    A flag that was not used is None. Text is left for the settings to read.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(command, eval_str=True)
        own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
        parameters = [*own, *(_flag(name) for name in names)]
        command.__annotations__ = {p.name: p.annotation for p in parameters}
        command.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        return command

    return decorate


ConfigFlag = Annotated[str | None, _CONFIG]


def _flag(name: str) -> inspect.Parameter:
    field = Settings.model_fields[name]
    option: Any = typer.Option(
        f"--{name.replace('_', '-')}",
        help=escape(field.description or ""),
        metavar="VALUE",
        show_default=False,
        rich_help_panel="Settings",
    )
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[str | None, option]
    )
