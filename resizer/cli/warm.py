"""`resizer warm`."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from resizer.cli.terminal import ASKED_WRONGLY, FAILED, err, fail, out, read
from resizer.errors import ResizerError
from resizer.flags import ConfigFlag, settings_as_flags
from resizer.http.links import Links
from resizer.rules import NAMED_SOURCE, SIGNING
from resizer.settings import Settings
from resizer.words import counted

if TYPE_CHECKING:
    from resizer.cli.progress import Shown
    from resizer.warm.report import Report
    from resizer.warm.resume import Resume
    from resizer.warm.run import Plan, Run

_SETTINGS = (
    *("source", "s3_endpoint", "s3_region", "urls", "presets", "fallback"),
    *("max_output_side", "host", "port"),
)
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
"""Addresses to listen on that nobody can be asked at, and one that stands for each."""
Keys = Callable[[], AsyncIterator[str]]


@settings_as_flags(*_SETTINGS)
def warm(
    prefix: Annotated[str | None, typer.Option(help="All originals whose key starts so.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All originals of the source.")] = False,
    keys: Annotated[
        str | None, typer.Option(metavar="FILE", help="Originals named in FILE, or by - on stdin.")
    ] = None,
    preset: Annotated[str, typer.Option(help="Comma-separated presets.")] = "",
    widths: Annotated[str, typer.Option(help="Comma-separated widths, with format=auto.")] = "",
    options: Annotated[
        list[str] | None, typer.Option(help="Options as in a URL: hero,dpr=2. May be repeated.")
    ] = None,
    formats: Annotated[
        str, typer.Option(help="What format=auto is asked for as.")
    ] = "avif,webp,jpeg",
    concurrency: Annotated[int, typer.Option(min=1, max=256, help="Originals at a time.")] = 8,
    url: Annotated[
        str | None, typer.Option(help="The gateway, or what is in front; else by HOST and PORT.")
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(help="File that notes what is done, to go on from.")
    ] = None,
    failures: Annotated[Path | None, typer.Option(help="File for all failures, as JSON.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count, and ask for nothing.")] = False,
    config: ConfigFlag = None,
    **flags: str | None,
) -> None:
    """Have a running gateway make variants before anybody asks for them."""
    if (prefix is not None) + everything + (keys is not None) != 1:
        fail("say what to warm: --prefix PREFIX, --keys FILE or --all, one of them", ASKED_WRONGLY)
    if prefix == "":
        fail("an empty prefix names nothing; --all is everything", ASKED_WRONGLY)
    settings = read(config, flags, (NAMED_SOURCE, SIGNING))
    plan = _plan(settings, url or _url_of(settings), concurrency, preset, widths, options, formats)
    source = _keys(settings, prefix or "", keys)
    if dry_run:
        _count(plan, source)
        return
    with ExitStack() as stack:
        noted = _open_resume(stack, resume, _asked(settings, plan, prefix, keys))
        report = _open_report(stack, failures)
        broken = _go(plan, report, noted, source, countable=keys != "-")
    _tell(report)
    if broken:
        again = f"--resume {resume}" if resume else "--resume FILE"
        fail(f"{broken}; {again} goes on where {'it' if resume else 'such a run'} ended")
    if report.failed:
        raise typer.Exit(FAILED)


def _go(
    plan: "Plan", report: "Report", noted: "Resume | None", keys: Keys, countable: bool
) -> str | None:
    """The run; what ended it before its time, if anything did."""
    from resizer.warm.client import Client
    from resizer.warm.run import Run

    with closing(Client(plan.url)) as client:
        answers = client.get("/healthz", None).status
    if not answers:
        return f"{plan.url} does not answer"
    run = Run(plan, report, noted)
    try:
        asyncio.run(_warm(run, keys, countable))
    except (ResizerError, OSError) as error:
        return _reason(error)
    if run.lost:
        return f"{plan.url} does not answer any more"
    return "interrupted" if run.stopped else None


def _plan(
    settings: Settings,
    url: str,
    concurrency: int,
    preset: str,
    widths: str,
    options: Sequence[str] | None,
    formats: str,
) -> "Plan":
    from resizer.warm.run import Plan
    from resizer.warm.wanted import FORMATS, of_width, wanted

    links = Links(settings.grammar, settings.access)
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        fail(f"--url must be an http:// or https:// URL, not {url!r}", ASKED_WRONGLY)
    if unknown := [name for name in _listed(formats) if name not in FORMATS]:
        fail(f"--formats takes {', '.join(FORMATS)}, not {unknown[0]}", ASKED_WRONGLY)
    if unknown := [name for name in _listed(preset) if name not in settings.presets]:
        fail(f"--preset: there is no preset {unknown[0]}", ASKED_WRONGLY)
    try:
        found: list[tuple[str, ...]] = [(name,) for name in _listed(preset)]
        found += [of_width(links, int(width)) for width in _listed(widths)]
        found += [tuple(_listed(text)) for text in options or ()]
        all_wanted = wanted(links, found, _listed(formats))
    except (ResizerError, ValueError) as error:
        fail(str(error), ASKED_WRONGLY)
    if not all_wanted:
        fail("say which variants: --preset, --widths or --options", ASKED_WRONGLY)
    return Plan(url, links, all_wanted, concurrency)


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _url_of(settings: Settings) -> str:
    host = _ANYWHERE.get(settings.host, settings.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def _keys(settings: Settings, prefix: str, file: str | None) -> Keys:
    """What begins to tell the keys, from the first one, each time it is called."""
    from resizer.address import read_address
    from resizer.source.listing import list_keys
    from resizer.warm.keys import written_keys

    if file == "-":
        return lambda: written_keys(sys.stdin)
    if file is not None:
        if not Path(file).is_file():
            fail(f"--keys: there is no file {file}", ASKED_WRONGLY)
        return lambda: written_keys(Path(file).open(encoding="utf-8"))
    place = read_address(settings.source)
    return lambda: list_keys(
        place, prefix, endpoint=settings.s3_endpoint, region=settings.s3_region
    )


def _count(plan: "Plan", keys: Keys) -> None:
    from resizer.warm.keys import count

    try:
        originals = asyncio.run(count(keys()))
    except (ResizerError, OSError) as error:
        fail(_reason(error))
    requests = counted(originals * len(plan.wanted), "request")
    out.print(f"would ask for {counted(originals, 'original')} by {requests}")


def _asked(
    settings: Settings, plan: "Plan", prefix: str | None, file: str | None
) -> dict[str, object]:
    """What a file of `--resume` is bound to: not the address or the pace, which may change."""
    from resizer.opening import namespace

    wanted = [f"{','.join(one.options)} {one.accept or ''}".strip() for one in plan.wanted]
    return {"source": namespace(settings), "prefix": prefix, "file": file, "wanted": wanted}


def _open_report(stack: ExitStack, file: Path | None) -> "Report":
    from resizer.warm.report import Report

    try:
        return Report(stack.enter_context(file.open("a", encoding="utf-8")) if file else None)
    except OSError as error:
        fail(f"--failures: cannot write {file}: {error.strerror}", ASKED_WRONGLY)


def _open_resume(stack: ExitStack, file: Path | None, asked: dict[str, object]) -> "Resume | None":
    from resizer.warm.resume import OtherRun, Resume

    if file is None:
        return None
    try:
        return stack.enter_context(Resume(file, asked))
    except OtherRun:
        fail(f"--resume: {file} is of a run that asked for something else", ASKED_WRONGLY)
    except OSError as error:
        fail(f"--resume: cannot write {file}: {error.strerror}", ASKED_WRONGLY)


async def _warm(run: "Run", keys: Keys, countable: bool) -> None:
    """With progress, until it is over or interrupted."""
    from resizer.cli.progress import progress

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, _stop, run, loop)
    with progress("original") as shown:
        run.on_original = shown.advance
        counting = asyncio.create_task(_tell_total(keys(), shown)) if countable else None
        try:
            await run.warm(keys())
        finally:
            if counting is not None:
                counting.cancel()
                await asyncio.gather(counting, return_exceptions=True)


def _stop(run: "Run", loop: asyncio.AbstractEventLoop) -> None:
    run.stop()
    loop.remove_signal_handler(signal.SIGINT)  # the second time ends at once


async def _tell_total(keys: AsyncIterator[str], shown: "Shown") -> None:
    """Listed a second time, beside the work: a thousand keys are one request, and nothing of them
    is kept."""
    from resizer.warm.keys import count

    shown.total(await count(keys))


def _tell(report: "Report") -> None:
    from resizer.warm.report import failures_in_words, in_words

    out.print(in_words(report))
    for line in failures_in_words(report):
        err.print(f"resizer: {line}")


def _reason(error: ResizerError | OSError) -> str:
    reason = getattr(error, "reason", None)
    return f"{error} ({reason})" if reason else str(error)
