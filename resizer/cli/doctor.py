"""`resizer doctor`: what is wrong around a gateway."""

import asyncio
import json
from typing import TYPE_CHECKING, Annotated

import typer

from resizer.cli.terminal import ASKED_WRONGLY, FAILED, exit_with, out, settings_or_exit
from resizer.settings.flags import ConfigFlag, settings_as_flags
from resizer.settings.rules import SERVING
from resizer.settings.settings import Settings

if TYPE_CHECKING:
    from rich.text import Text

    from resizer.ops.doctor.finding import Finding


@settings_as_flags(*Settings.model_fields)
def doctor(
    key: Annotated[str | None, typer.Option(help="An original to try; else one listed.")] = None,
    audit_profile: Annotated[
        str | None,
        typer.Option(help="AWS profile that may read how the bucket is set up."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    config: ConfigFlag = None,
    **flags: str | None,
) -> None:
    """Look whether all is in order: settings, bucket, Redis, CDN, queues, renderer, clocks.

    Changes nothing. Exit code 0 when nothing is red, 1 when something is.
    """
    from resizer.ops.doctor.aws.client import has_profile
    from resizer.ops.doctor.finding import Verdict, worst

    settings = settings_or_exit(config, flags, SERVING)
    if audit_profile is not None and not has_profile(audit_profile):
        exit_with(f"--audit-profile: there is no AWS profile {audit_profile}", ASKED_WRONGLY)
    findings = asyncio.run(_check(settings, key, audit_profile, quiet=as_json))
    if as_json:
        out.print(json.dumps(_facts(findings), ensure_ascii=False, indent=2))
    else:
        counts = {verdict: sum(f.verdict is verdict for f in findings) for verdict in Verdict}
        out.print(", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    if worst(findings) is Verdict.FAIL:
        raise typer.Exit(FAILED)


async def _check(
    settings: Settings, key: str | None, audit_profile: str | None, quiet: bool
) -> "list[Finding]":
    from resizer.ops.doctor.checkup import check_all

    findings = []
    async for finding in check_all(settings, key, audit_profile):
        findings.append(finding)
        if not quiet:
            out.print(_line(finding))
    return findings


def _line(finding: "Finding") -> "Text":
    from rich.text import Text

    colours = {"ok": "green", "warn": "yellow", "fail": "red"}
    verdict = Text(f"{finding.verdict:<6}", style=f"bold {colours[finding.verdict]}")
    return verdict + Text(f"{finding.what:<22}{finding.says}")


def _facts(findings: "list[Finding]") -> dict[str, object]:
    from resizer.ops.doctor.finding import worst

    return {
        "verdict": worst(findings),
        "findings": [
            {"what": finding.what, "verdict": finding.verdict, "says": finding.says}
            for finding in findings
        ],
    }
