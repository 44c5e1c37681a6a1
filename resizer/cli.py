"""The operator's commands: demo, serve, url, flush."""

import asyncio
import os
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from resizer import __version__, signing
from resizer.cache.flush import Flushed
from resizer.configuration import SettingsError, read_settings
from resizer.errors import CacheUnavailable, InvalidRequest, ResizerError
from resizer.flags import ConfigFlag, settings_as_flags
from resizer.http.access import authorise
from resizer.rules import NAMED_SOURCE, SERVING, SIGNING, Rule
from resizer.settings import CONFIG_VARIABLE, Settings, read_seconds
from resizer.urls.cloudflare import parse, with_width, write
from resizer.urls.options import option_help

app = typer.Typer(
    help="A private-bucket image gateway: resized images out of S3, cached in memory and Redis.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_out = Console(highlight=False, soft_wrap=True, markup=False)
_err = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
_FAILED = 1
_ASKED_WRONGLY = 2
_FLUSH_SECONDS = 10.0


def main() -> None:
    """The `resizer` command: exit code 0 done, 1 failed, 2 asked wrongly."""
    app()


def _version(wanted: bool) -> None:
    if wanted:
        _out.print(f"resizer {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


@app.command()
def demo(
    images: Annotated[
        Path | None,
        typer.Option(help="Show the pictures of this directory instead of drawn ones."),
    ] = None,
    port: Annotated[
        int, typer.Option(min=1, max=65_535, help="Port on 127.0.0.1; the next free one if taken.")
    ] = 8080,
) -> None:
    """A gallery over sample photos: memory cache, open URLs, loopback only."""
    from resizer.demo.run import run_demo

    if images is not None and not images.is_dir():
        _fail(f"--images: there is no directory {images}", _ASKED_WRONGLY)
    try:
        run_demo(images, port, _out.print)
    except OSError as error:
        _fail(f"cannot listen on 127.0.0.1:{port}: {error.strerror}")
    except (RuntimeError, LookupError) as error:
        _fail(str(error.args[0]))


@app.command()
@settings_as_flags(*Settings.model_fields)
def serve(config: ConfigFlag = None, **flags: str | None) -> None:
    """Serve images by the settings, until SIGTERM."""
    from resizer.app import create_app
    from resizer.server import listen, run

    settings = _read(config, flags, SERVING)
    try:
        bound = listen(settings.host, settings.port)
    except OSError as error:
        _fail(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}")
    run(partial(create_app, settings), settings, bound)


@app.command(epilog=option_help())
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
    settings = _read(config, flags, (SIGNING,))
    try:
        expiry = [] if expires is None else [f"exp={_expiry(expires)}"]
        if srcset is None:
            _out.print(_url(settings, key, [*(options or []), *expiry]))
            return
        candidates = [
            f"{_url(settings, key, [*with_width(options or [], width), *expiry])} {width}w"
            for width in _widths(srcset)
        ]
    except (ResizerError, ValueError) as error:
        _fail(str(error), _ASKED_WRONGLY)
    _out.print(",\n".join(candidates))


def _url(settings: Settings, key: str, options: list[str]) -> str:
    signature = None
    if settings.secrets:
        signature = signing.sign(settings.secrets[0], options, key)
    tail = write(options, key, signature)
    authorise(parse(tail, settings.grammar), settings.access)
    return f"{settings.public_url.rstrip('/')}/img/{tail}"


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
        return [int(width) for width in srcset.split(",")]
    except ValueError:
        raise InvalidRequest(
            f"--srcset takes whole numbers separated by commas, not {srcset!r}"
        ) from None


@app.command()
@settings_as_flags("source", "s3_endpoint", "cache")
def flush(
    keys: Annotated[
        list[str] | None, typer.Argument(help="Images whose variants to forget.")
    ] = None,
    prefix: Annotated[str | None, typer.Option(help="All images whose key starts so.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All images of the source.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count, and forget nothing.")] = False,
    config: ConfigFlag = None,
    **flags: str | None,
) -> None:
    """Forget variants: in Redis and in the memory of every gateway on it."""
    if bool(keys) + (prefix is not None) + everything != 1:
        _fail("say what to flush: KEY…, --prefix PREFIX or --all, one of them", _ASKED_WRONGLY)
    if prefix == "" or "" in (keys or []):
        _fail("an empty key or prefix names nothing; --all is everything", _ASKED_WRONGLY)
    settings = _read(config, flags, (NAMED_SOURCE,))
    try:
        flushed = asyncio.run(_flush(settings, keys or [], prefix or "", dry_run))
    except CacheUnavailable as error:
        _fail(f"nothing is sure to be flushed: {error}")
    verb = "would flush" if dry_run else "flushed"
    variants = _counted(flushed.variants, "variant")
    _out.print(f"{verb} {variants} of {_counted(flushed.originals, 'image')}")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


async def _flush(settings: Settings, keys: list[str], prefix: str, dry_run: bool) -> Flushed:
    from resizer.app import open_shared

    shared = open_shared(settings, timeout=_FLUSH_SECONDS)
    if shared is None:
        _fail(
            "RESIZER_CACHE is memory:, which lives inside the server: restart it to empty it",
            _ASKED_WRONGLY,
        )
    try:
        if not keys:
            return await shared.flush_prefix(prefix, dry_run=dry_run)
        flushed = Flushed()
        for key in keys:
            flushed += await shared.flush(key, dry_run=dry_run)
        return flushed
    finally:
        await shared.close()


def _read(config: str | None, flags: dict[str, str | None], rules: Sequence[Rule]) -> Settings:
    if config is not None:
        os.environ[CONFIG_VARIABLE] = config
    try:
        return read_settings(flags, rules)
    except SettingsError as error:
        for fault in error.faults:
            _err.print(f"resizer: {fault}")
        raise typer.Exit(_ASKED_WRONGLY) from None


def _fail(message: str, code: int = _FAILED) -> NoReturn:
    _err.print(f"resizer: {message}")
    raise typer.Exit(code)
