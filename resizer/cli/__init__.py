"""The operator's commands, one module each."""

from typing import Annotated

import typer

from resizer import __version__
from resizer.cli.demo import demo
from resizer.cli.doctor import doctor
from resizer.cli.flush import flush
from resizer.cli.serve import serve
from resizer.cli.stats import stats
from resizer.cli.terminal import out
from resizer.cli.url import url
from resizer.cli.warm import warm
from resizer.cli.watch import watch
from resizer.urls.options import option_help

app = typer.Typer(
    help="A private-bucket image gateway: resized images out of S3, cached in memory and Redis.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(demo)
app.command()(serve)
app.command(epilog=option_help())(url)
app.command()(flush)
app.command()(watch)
app.command()(stats)
app.command()(warm)
app.command()(doctor)


def main() -> None:
    """The `resizer` command: exit code 0 done, 1 failed, 2 asked wrongly."""
    app()


def _version(wanted: bool) -> None:
    if wanted:
        out.print(f"resizer {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass
