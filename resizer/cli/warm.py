"""`resizer warm`: variants made before anybody asks."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from resizer.cli.terminal import ASKED_WRONGLY, FAILED, err, exit_with, out, settings_or_exit
from resizer.errors import InvalidRequest, ResizerError
from resizer.settings.flags import ConfigFlag, settings_as_flags
from resizer.settings.rules import NAMED_SOURCE, SIGNING
from resizer.settings.settings import Settings
from resizer.telemetry.humanize import counted

if TYPE_CHECKING:
    from resizer.cli.progress import ProgressDisplay
    from resizer.ops.warm.plan import WarmPlan
    from resizer.ops.warm.report import WarmReport
    from resizer.ops.warm.resume import ResumeFile
    from resizer.ops.warm.run import WarmRun

_SETTINGS = (
    *("source", "s3_endpoint", "s3_region", "urls", "presets", "fallback"),
    *("max_output_side", "host", "port"),
)
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
    from resizer.ops.warm.plan import read_plan, run_identity

    if (prefix is not None) + everything + (keys is not None) != 1:
        exit_with(
            "say what to warm: --prefix PREFIX, --keys FILE or --all, one of them", ASKED_WRONGLY
        )
    if prefix == "":
        exit_with("an empty prefix names nothing; --all is everything", ASKED_WRONGLY)
    settings = settings_or_exit(config, flags, (NAMED_SOURCE, SIGNING))
    try:
        plan = read_plan(
            settings,
            url,
            concurrency,
            presets=preset,
            widths=widths,
            options=options or (),
            formats=formats,
        )
    except InvalidRequest as error:
        exit_with(str(error), ASKED_WRONGLY)
    source = _keys(settings, prefix or "", keys)
    if dry_run:
        _warn_if_none(_count(plan, source), prefix, keys)
        return
    with ExitStack() as stack:
        noted = _open_resume(stack, resume, run_identity(settings, plan, prefix, keys))
        report = _open_report(stack, failures)
        broken = _run(plan, report, noted, source, countable=keys != "-")
    _print_report(report)
    if broken:
        again = f"--resume {resume}" if resume else "--resume FILE"
        exit_with(f"{broken}; {again} goes on where {'it' if resume else 'such a run'} ended")
    _warn_if_none(report.originals + report.skipped, prefix, keys)
    if report.failed:
        raise typer.Exit(FAILED)


def _run(
    plan: "WarmPlan", report: "WarmReport", noted: "ResumeFile | None", keys: Keys, countable: bool
) -> str | None:
    """The run; what ended it before its time, if anything did."""
    from resizer.ops.warm.client import WarmClient
    from resizer.ops.warm.run import WarmRun

    with closing(WarmClient(plan.url)) as client:
        answers = client.get("/healthz", None).status
    if not answers:
        return f"{plan.url} does not answer"
    run = WarmRun(plan, report, noted)
    try:
        asyncio.run(_warm(run, keys, countable))
    except (ResizerError, OSError) as error:
        return _reason(error)
    if run.lost:
        return f"{plan.url} does not answer any more"
    return "interrupted" if run.stopped else None


def _keys(settings: Settings, prefix: str, file: str | None) -> Keys:
    """What begins to tell the keys, from the first one, each time it is called."""
    from resizer.ops.warm.plan import keys_in, written_keys

    if file == "-":
        return lambda: written_keys(sys.stdin)
    if file is not None:
        if not Path(file).is_file():
            exit_with(f"--keys: there is no file {file}", ASKED_WRONGLY)
        return lambda: keys_in(Path(file))
    return lambda: settings.source_address.keys(prefix)


def _warn_if_none(originals: int, prefix: str | None, file: str | None) -> None:
    """No failure, as a flush of nothing is none, but perhaps not what was meant."""
    if originals:
        return
    nothing = f"there is no key in {file}" if file else "the source is empty"
    err.print(f"resizer: {f'nothing begins with {prefix}' if prefix else nothing}")


def _count(plan: "WarmPlan", keys: Keys) -> int:
    """How many originals they are, told as well."""
    from resizer.ops.warm.plan import count

    try:
        originals = asyncio.run(count(keys()))
    except (ResizerError, OSError) as error:
        exit_with(_reason(error))
    requests = counted(originals * len(plan.specs), "request")
    out.print(f"would ask for {counted(originals, 'original')} by {requests}")
    return originals


def _open_report(stack: ExitStack, file: Path | None) -> "WarmReport":
    from resizer.ops.warm.report import WarmReport

    try:
        return WarmReport(stack.enter_context(file.open("a", encoding="utf-8")) if file else None)
    except OSError as error:
        exit_with(f"--failures: cannot write {file}: {error.strerror}", ASKED_WRONGLY)


def _open_resume(
    stack: ExitStack, file: Path | None, asked: dict[str, object]
) -> "ResumeFile | None":
    from resizer.ops.warm.resume import ResumeFile, ResumeMismatch

    if file is None:
        return None
    try:
        return stack.enter_context(ResumeFile(file, asked))
    except ResumeMismatch:
        exit_with(f"--resume: {file} is of a run that asked for something else", ASKED_WRONGLY)
    except OSError as error:
        exit_with(f"--resume: cannot write {file}: {error.strerror}", ASKED_WRONGLY)


async def _warm(run: "WarmRun", keys: Keys, countable: bool) -> None:
    """With progress, until it is over or interrupted."""
    from resizer.cli.progress import progress

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, _stop, run, loop)
    with progress("original") as shown:
        run.on_original = shown.advance
        counting = asyncio.create_task(_count_total(keys(), shown)) if countable else None
        try:
            await run.warm(keys())
        finally:
            if counting is not None:
                counting.cancel()
                await asyncio.gather(counting, return_exceptions=True)


def _stop(run: "WarmRun", loop: asyncio.AbstractEventLoop) -> None:
    run.stop()
    loop.remove_signal_handler(signal.SIGINT)  # the second time ends at once


async def _count_total(keys: AsyncIterator[str], shown: "ProgressDisplay") -> None:
    """Listed a second time, beside the work: a thousand keys are one request, and nothing of them
    is kept."""
    from resizer.ops.warm.plan import count

    shown.total(await count(keys))


def _print_report(report: "WarmReport") -> None:
    from resizer.ops.warm.report import failures_in_words, in_words

    out.print(in_words(report))
    for line in failures_in_words(report):
        err.print(f"resizer: {line}")


def _reason(error: ResizerError | OSError) -> str:
    reason = getattr(error, "reason", None)
    return f"{error} ({reason})" if reason else str(error)
