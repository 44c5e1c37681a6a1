"""The operator's commands, run in this process."""

from collections.abc import Callable

from typer.testing import CliRunner, Result

from resizer.cli import app

Run = Callable[..., Result]
"""`run("flush", "--all", source="s3://photos")`: arguments, and settings by their names."""


def invoke(*arguments: str, **settings: str) -> Result:
    """Run one command with these settings in the environment."""
    variables = {f"RESIZER_{name.upper()}": value for name, value in settings.items()}
    return CliRunner().invoke(app, arguments, env=variables)
