"""The command, and what holds of every check."""

import asyncio
import json
import socket
from functools import partial
from pathlib import Path

import pytest
from pydantic import SecretStr

from resizer.model.limits import Limits
from resizer.ops.doctor.checkup import check_all, outcome_of
from resizer.ops.doctor.finding import Check, Finding, Verdict
from resizer.ops.doctor.machine import available_mib, judge_files, judge_memory
from resizer.ops.doctor.renderer import (
    check_libvips,
    check_renderer,
    judge_libvips,
    judge_warnings,
)
from resizer.ops.doctor.sandbox import _OTHERS, judge_sandbox
from resizer.render.host.pool import Pool
from resizer.render.host.spawn import COMMAND
from resizer.render.sandbox import lock
from resizer.render.sandbox.self_test import ESCAPES
from resizer.settings.settings import Settings
from tests.support.commands import Run
from tests.support.servers import RedisServer, S3Bucket, free_port

STRONG = "0f3c9a7e5d81b264e07af95c3b6d2841"
OK, WARN, FAIL = Verdict.OK, Verdict.WARN, Verdict.FAIL
needs_landlock = pytest.mark.skipif(
    not lock.landlock_abi(), reason="without Landlock in its kernel no machine is in order"
)


@needs_landlock
def test_a_gateway_in_order_is_told_line_by_line(run: Run, tmp_path: Path) -> None:
    result = run("doctor", source=str(tmp_path), signing_keys=STRONG)
    assert result.exit_code == 0
    *lines, sums = result.output.splitlines()
    assert all(line.startswith("ok ") or "sandbox" in line for line in lines)
    assert {"source", "libvips", "sandbox", "render"} <= {line.split()[1] for line in lines}
    assert sums.endswith(", 0 fail")
    assert "\x1b" not in result.output


@needs_landlock
def test_yellow_is_no_failure(run: Run, tmp_path: Path) -> None:
    result = run("doctor", source=str(tmp_path), urls="open")
    assert result.exit_code == 0
    assert ", 0 fail" in result.output


def test_red_is_a_failure(run: Run, tmp_path: Path) -> None:
    cache = f"redis://:hush@127.0.0.1:{free_port()}"
    result = run("doctor", source=str(tmp_path), signing_keys=STRONG, cache=cache)
    assert result.exit_code == 1
    assert "hush" not in result.output
    assert STRONG not in result.output


def test_faults_of_the_settings_are_asked_wrongly(run: Run) -> None:
    assert run("doctor").exit_code == 2


def test_a_terminal_sees_colours(run: Run, tmp_path: Path) -> None:
    from rich.console import Console

    from resizer.cli.doctor import _line

    console = Console(force_terminal=True, color_system="standard")
    with console.capture() as capture:
        console.print(_line(Finding("redis", FAIL, "Away.")))
    assert "\x1b[1;31mfail" in capture.get()


def test_programs_get_json(run: Run, bucket: S3Bucket, redis_server: RedisServer) -> None:
    result = run(
        *("doctor", "--json"),
        source=bucket.url,
        s3_endpoint=bucket.endpoint,
        signing_keys=STRONG,
        cache=redis_server.url,
    )
    facts = json.loads(result.output)
    verdicts = {finding["what"]: finding["verdict"] for finding in facts["findings"]}
    assert facts["verdict"] in ("warn", "fail")
    assert (result.exit_code == 1) == (facts["verdict"] == "fail")
    assert verdicts["source"] == verdicts["clock of the bucket"] == verdicts["render"] == "ok"
    assert verdicts["clock of redis"] == "ok"
    assert verdicts["redis eviction"] == "warn"


def test_an_audit_profile_that_is_not_there_is_asked_wrongly(
    run: Run, s3: S3Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "aws").write_text("[profile auditor]\nregion = eu-central-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", "aws")
    settings = {"source": s3.url, "s3_endpoint": s3.endpoint, "signing_keys": STRONG}
    result = run("doctor", "--audit-profile", "nobody", **settings)
    assert result.exit_code == 2
    assert result.stderr == "resizer: --audit-profile: there is no AWS profile nobody\n"
    assert run("doctor", "--audit-profile", "auditor", **settings).exit_code != 2


@pytest.mark.parametrize("text", ["[profile other]\n", "[broken"])
def test_aws_settings_that_cannot_be_used_are_red(
    run: Run, s3: S3Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    (tmp_path / "aws").write_text(text)
    monkeypatch.setenv("AWS_CONFIG_FILE", "aws")
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    result = run("doctor", source=s3.url, s3_endpoint=s3.endpoint, signing_keys=STRONG)
    assert result.exit_code == 1
    assert "fail  source                No client of S3 can be made" in result.output


def test_a_check_that_fails_is_yellow() -> None:
    async def fails() -> list[Finding]:
        raise RuntimeError("secret")

    (finding,) = asyncio.run(outcome_of(Check("thing", fails), seconds=9))
    assert finding == Finding("thing", WARN, "Not checked: RuntimeError.")


def test_a_check_that_takes_too_long_is_yellow() -> None:
    async def waits() -> list[Finding]:
        await asyncio.Event().wait()
        return []

    (finding,) = asyncio.run(outcome_of(Check("thing", waits), seconds=0.01))
    assert finding.verdict is WARN
    assert "no answer" in finding.says


def test_servers_that_never_answer_cost_a_line_each(tmp_path: Path, s3: S3Bucket) -> None:
    """Several checks wait for one answer: when the first gives up, the others still may wait."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = f"127.0.0.1:{silent.getsockname()[1]}"
        settings = Settings(
            source=s3.url, s3_endpoint=f"http://{place}", cache=SecretStr(f"redis://{place}")
        )

        async def run() -> dict[str, Finding]:
            return {found.what: found async for found in check_all(settings, seconds=1)}

        found = asyncio.run(run())
    for what in ("source", "anonymous access", "credentials", "redis", "clock of redis"):
        assert found[what].says == "Not checked: no answer within 1 s."


def test_the_renderer_draws() -> None:
    found = {f.what: f.verdict for f in asyncio.run(check_renderer(Limits()))}
    assert found["render"] is OK
    assert "sandbox" in found


def test_the_version_of_libvips_is_told() -> None:
    libvips, formats, optional = asyncio.run(check_libvips())
    assert libvips.says.startswith("8.")
    assert "avif" in formats.says
    assert "image/heic is" in optional.says


@pytest.mark.parametrize(
    ("warnings", "found"),
    [
        ([], {"sandbox": OK}),
        (["sandbox: Landlock is not available"], {"sandbox": WARN}),
        (
            ["sandbox: Landlock is not available", "a render failed"],
            {"sandbox": WARN, "render": FAIL},
        ),
        (["sandbox: avif does not render: no"], {"sandbox": OK, "formats": FAIL}),
        (["a render worker does not start: no"], {"render": FAIL}),
    ],
)
def test_what_the_pool_tells_is_judged(warnings: list[str], found: dict[str, Verdict]) -> None:
    assert {f.what: f.verdict for f in judge_warnings(warnings)} == found


def test_a_worker_that_is_locked_in_has_tried_to_get_out() -> None:
    (found,) = judge_sandbox([])
    assert found.verdict is OK
    assert found.says == "The worker is locked in: the 10 forbidden things it tried were denied."


@pytest.mark.parametrize(
    ("lack", "advice"),
    [
        ("Landlock is not available: files and the network stay within reach", "Linux 5.13"),
        ("Landlock: Operation not permitted", "container"),
        ("Landlock ABI 3 does not confine TCP (ABI 4 does)", "Seccomp alone"),
        ("seccomp is not available: Unable to find libseccomp", "libseccomp2"),
        ("seccomp is refused by the kernel, or by the container around it", "container"),
        ("RLIMIT_CPU of a worker: Operation not permitted", "limit"),
        ("dropping capabilities: Operation not permitted", "not root"),
        ("seccomp is not available: No module named 'pyseccomp'", "install resizer anew"),
        ("seccomp is not available: [Errno 95] Operation not supported", "container"),
        ("a worker can start a process, make memory executable", "tried"),
    ],
)
def test_what_a_lock_lacks_is_told_with_what_to_do(lack: str, advice: str) -> None:
    (found,) = judge_sandbox([lack])
    assert found.verdict is WARN
    assert found.says.startswith(f"{lack}. ")
    assert advice in found.says.removeprefix(lack)


def test_advice_to_install_libseccomp_is_for_machines_that_lack_it() -> None:
    for error in ("No module named 'pyseccomp'", "[Errno 95] Operation not supported"):
        (found,) = judge_sandbox([f"seccomp is not available: {error}"])
        assert "libseccomp" not in found.says


@pytest.mark.parametrize("reach", sorted(_OTHERS))
def test_a_worker_that_reaches_files_the_network_or_other_processes_is_red(reach: str) -> None:
    assert reach in ESCAPES
    causes = ["seccomp is not available: x", "Landlock is not available: y"]
    found = judge_sandbox([f"a worker can {reach}, start a process", *causes])
    assert [f.verdict for f in found] == [WARN, WARN, FAIL]
    assert found[-1].says.endswith("It tried when it started; what is missing is told above.")


def test_a_worker_that_got_out_of_a_whole_lock_is_to_be_reported() -> None:
    found = judge_sandbox(["a worker can open a file", "RLIMIT_CPU: no"])[-1]
    assert found.verdict is FAIL
    assert found.says.endswith("nothing is known to be missing: report it.")


def test_a_worker_without_libseccomp_is_found_by_starting_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As on a machine that lacks the package: everything else of the lock is there."""
    without = "import sys; sys.modules['pyseccomp'] = None\n"
    command = (*COMMAND[:5], without + COMMAND[5], *COMMAND[6:])
    monkeypatch.setattr("resizer.ops.doctor.renderer.Pool", partial(Pool, command=command))
    found = [f for f in asyncio.run(check_renderer(Limits())) if f.what == "sandbox"]
    assert any(f.says.startswith("seccomp is not available") for f in found)
    assert found[-1].verdict is FAIL  # no network without it, for Landlock knows TCP alone
    assert "send by UDP, start a process" in found[-1].says


def test_a_machine_without_any_sandbox_is_red(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container that denies both: its workers find neither Landlock nor seccomp."""
    without = (
        "import sys; sys.modules['pyseccomp'] = None\n"
        "import resizer.render.sandbox.lock as lock; lock.landlock_abi = lambda: 0\n"
    )
    boot = COMMAND[5].replace("del sys.path[0]\n", f"del sys.path[0]\n{without}")
    assert without in boot
    command = (*COMMAND[:5], boot, *COMMAND[6:])
    monkeypatch.setattr("resizer.ops.doctor.renderer.Pool", partial(Pool, command=command))
    result = run("doctor", source=str(tmp_path), signing_keys=STRONG)
    assert result.exit_code == 1
    (red,) = [line for line in result.output.splitlines() if line.startswith("fail")]
    assert "open a file" in red
    assert "signal the gateway" in red


def test_a_format_that_libvips_lacks_is_red() -> None:
    found = judge_libvips({"version": "8.1.0", "unread": ["image/avif"]})
    assert [f.verdict for f in found] == [OK, FAIL]
    assert "image/avif" in found[1].says


def test_an_optional_format_is_told_with_what_reads_it_or_what_to_install() -> None:
    optional = {
        "image/heic": {
            "by": "libvips",
            "every_page": True,
            "install": "pip install pillow-heif",
        },
        "image/jxl": {"by": None, "every_page": True, "install": "pip install pillow-jxl-plugin"},
        "image/avif-sequence": {
            "by": "libvips",
            "every_page": False,
            "install": "install a Pillow that reads AVIF",
        },
    }
    found = judge_libvips({"version": "8.1.0", "unread": [], "optional": optional})
    assert [f.verdict for f in found] == [OK, OK, OK]
    assert "image/jxl" not in found[1].says
    assert found[2].says == (
        "image/heic is read by libvips; image/jxl is not read: pip install pillow-jxl-plugin;"
        " of image/avif-sequence only the still picture is read: install a Pillow that reads AVIF"
        " for every frame."
    )


@pytest.mark.parametrize(("limit", "verdict"), [(1024, OK), (256, WARN), (-1, OK)])
def test_open_files_are_judged(limit: int, verdict: Verdict) -> None:
    assert judge_files(limit, 64).verdict is verdict


@pytest.mark.parametrize(("available", "verdict"), [(4096, OK), (1000, WARN)])
def test_memory_is_judged(available: int, verdict: Verdict) -> None:
    assert judge_memory(available, workers=2, cache_mib=256, renderers=4).verdict is verdict


def test_the_machine_has_memory() -> None:
    assert available_mib() > 64
