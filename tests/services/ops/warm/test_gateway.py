"""Warming a real gateway."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.commands import Run
from tests.support.live import KEY, Gateway, cache_status
from tests.support.pictures import jpeg
from tests.support.servers import S3Bucket, free_port
from tests.support.waiting import eventually

HITS = 'resizer_hits_total{tier="memory"}'


def test_what_was_warmed_is_a_hit(open_gateway: Gateway, bucket: S3Bucket) -> None:
    bucket.put("photos/dog.jpg", jpeg(320, 240))
    bucket.put("other/bird.jpg", jpeg(320, 240))
    done = open_gateway.cli("warm", "--prefix", "photos/", "--widths", "40,80")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "2 originals: 12 variants filled, 0 there already, 0 failed\n"
    for accept in ("image/avif", "image/webp,*/*", "text/html"):
        reply = open_gateway.get(f"/img/w=80,f=auto/{KEY}", accept=accept)
        assert "hit" in cache_status(reply)
    assert "hit" not in cache_status(open_gateway.get("/img/w=80,f=auto/other/bird.jpg"))


def test_urls_are_signed(gateway: Gateway) -> None:
    done = gateway.cli("warm", "--all", "--options", "width=40,format=webp")
    assert done.stdout == "1 original: 1 variant filled, 0 there already, 0 failed\n"
    again = gateway.cli("warm", "--all", "--options", "format=webp,width=40")
    assert "0 variants filled, 1 there already" in again.stdout


def test_failures_are_told_and_written(
    open_gateway: Gateway, bucket: S3Bucket, tmp_path: Path
) -> None:
    bucket.put("photos/notes.txt", b"no picture")
    file = tmp_path / "failures"
    done = open_gateway.cli(
        *("warm", "--all", "--widths", "40", "--formats", "jpeg", "--failures", str(file))
    )
    assert done.returncode == 1
    assert "1 × unprocessable-source" in done.stderr
    assert "photos/notes.txt width=40,format=auto: " in done.stderr
    assert json.loads(file.read_text())["key"] == "photos/notes.txt"
    assert "1 variant filled, 0 there already, 1 failed" in done.stdout


def test_a_run_that_is_interrupted_goes_on(
    open_gateway: Gateway, bucket: S3Bucket, tmp_path: Path
) -> None:
    """The keys come by a pipe that is held open, so that there is always more to do."""
    bucket.put("photos/dog.jpg", jpeg(320, 240))
    state = tmp_path / "state"
    command = ["warm", "--keys", "-", "--widths", "40", "--resume", str(state)]
    with warming(open_gateway, command) as process:
        assert process.stdin is not None
        process.stdin.write(f"{KEY}\n")
        process.stdin.flush()
        eventually(lambda: state.exists() and KEY in state.read_text(), 30)
        process.send_signal(signal.SIGINT)
        _, output = process.communicate("photos/never.jpg\n", timeout=30)
    assert process.returncode == 1
    assert output.endswith(f"interrupted; --resume {state} goes on where it ended\n")
    hits = open_gateway.sample(HITS)
    with warming(open_gateway, command) as process:
        done, _ = process.communicate(f"{KEY}\nphotos/dog.jpg\n", timeout=30)
    assert done == (
        "1 original: 3 variants filled, 0 there already, 0 failed; 1 original done before\n"
    )
    assert open_gateway.sample(HITS) == hits, "what was done before was asked for again"


def warming(gateway: Gateway, command: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "resizer", *command],
        env=gateway.environment,
        cwd=gateway.directory,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_the_second_run_skips_what_the_first_did(open_gateway: Gateway, tmp_path: Path) -> None:
    command = ("warm", "--all", "--widths", "40", "--resume", str(tmp_path / "state"))
    assert open_gateway.cli(*command).returncode == 0
    again = open_gateway.cli(*command)
    assert again.stdout == (
        "0 originals: 0 variants filled, 0 there already, 0 failed; 1 original done before\n"
    )
    other = open_gateway.cli(*command[:3], "41", *command[4:])
    assert other.returncode == 2
    assert "asked for something else" in other.stderr


def test_a_dry_run_counts(open_gateway: Gateway) -> None:
    done = open_gateway.cli("warm", "--all", "--widths", "40,80", "--dry-run")
    assert done.stdout == "would ask for 1 original by 6 requests\n"


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_nothing_to_warm_is_said_and_no_failure(
    open_gateway: Gateway, tmp_path: Path, more: tuple[str, ...]
) -> None:
    file = tmp_path / "keys"
    file.write_text("\n")
    said = {
        ("--prefix", "none/"): "nothing begins with none/",
        ("--keys", str(file)): f"there is no key in {file}",
    }
    for which, words in said.items():
        done = open_gateway.cli("warm", *which, "--widths", "40", *more)
        assert (done.returncode, done.stderr) == (0, f"resizer: {words}\n")
        assert "0 originals" in done.stdout


def test_a_gateway_that_is_away_is_one_line(open_gateway: Gateway) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    done = open_gateway.cli("warm", "--all", "--widths", "40", "--url", url)
    assert done.returncode == 1
    assert done.stderr.startswith(f"resizer: {url} does not answer")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--widths", "40"), "say what to warm"),
        (("--all", "--prefix", "a", "--widths", "40"), "one of them"),
        (("--prefix", "", "--widths", "40"), "--all is everything"),
        (("--all",), "say which variants"),
        (("--all", "--preset", "hero"), "there is no preset hero"),
        (("--all", "--widths", "abc"), "--widths takes whole numbers separated by commas, not"),
        (("--all", "--widths", "0"), "width"),
        (("--all", "--options", "widht=3"), "did you mean width?"),
        (("--all", "--widths", "40", "--formats", "heic"), "--formats takes avif, webp, jpeg"),
        (("--all", "--widths", "40", "--url", "localhost"), "--url must be"),
        (("--keys", "gone", "--widths", "40"), "there is no file gone"),
    ],
)
def test_what_is_asked_wrongly_is_one_line(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    refused = run("warm", *arguments, urls="open", source=str(tmp_path))
    assert refused.exit_code == 2
    assert said in refused.stderr
    assert refused.stderr.count("\n") == 1
