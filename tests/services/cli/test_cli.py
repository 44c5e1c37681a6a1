import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from resizer.settings.settings import Settings
from resizer.urls.dialect import DialectSettings
from resizer.urls.dialects.cloudflare import parse
from resizer.urls.signing import verify
from tests.support.commands import Run
from tests.support.servers import RedisServer, free_port


def test_help_names_the_commands(run: Run) -> None:
    output = run("--help").output
    assert all(command in output for command in ("demo", "serve", "url", "flush"))
    assert re.fullmatch(r"resizer \d+\.\d+\.\d+\n", run("--version").output)


def test_every_setting_is_a_flag_of_serve(run: Run) -> None:
    output = run("serve", "--help", COLUMNS="400").output
    for name in Settings.model_fields:
        assert f"--{name.replace('_', '-')} " in output


def test_serve_refuses_signed_urls_without_a_key_and_says_how_to_make_one(run: Run) -> None:
    refused = run("serve", source="s3://photos")
    assert refused.exit_code == 2
    assert refused.stderr.startswith("resizer: RESIZER_SIGNING_KEYS is not set")
    assert "openssl rand -hex 32" in refused.stderr


def test_every_fault_is_a_line(run: Run) -> None:
    refused = run("serve", "--max-queue", "none", port="x", sourse="y")
    assert refused.exit_code == 2
    lines = refused.stderr.splitlines()
    assert len(lines) == 5
    assert all(line.startswith("resizer: RESIZER_") for line in lines)


def test_serve_says_when_its_port_is_taken(run: Run, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = run("serve", source=str(tmp_path), urls="open", port=port)
    assert refused.exit_code == 1
    assert refused.stderr == f"resizer: cannot listen on 127.0.0.1:{port}: Address already in use\n"


def test_url_signs_with_the_first_key(run: Run) -> None:
    printed = run("url", "photos/Zoë 1.jpg", "width=400", "format=auto", signing_keys="new,old")
    assert printed.exit_code == 0
    path = printed.output.strip()
    assert path.startswith("/img/width=400,format=auto,sig=")
    assert path.endswith("/photos/Zo%C3%AB%201.jpg")
    request = parse(path.removeprefix("/img/"), DialectSettings(max_side=8192))
    verify(request.scheme, ["new"], request.signed, request.signature)


def test_url_expires(run: Run) -> None:
    path = run("url", "a.jpg", "w=4", "--expires", "1h", signing_keys="k").output
    request = parse(path.strip().removeprefix("/img/"), DialectSettings(max_side=8192))
    assert request.expires is not None
    assert 3590 <= request.expires - time.time() <= 3600


def test_url_prints_a_srcset(run: Run) -> None:
    printed = run(
        "url",
        "a.jpg",
        "format=auto",
        "--srcset",
        "320,640",
        urls="open",
        public_url="https://i.test/",
    )
    assert printed.output == (
        "https://i.test/img/width=320,format=auto/a.jpg 320w,\n"
        "https://i.test/img/width=640,format=auto/a.jpg 640w\n"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("a.jpg", "widht=3"), "did you mean width?"),
        (("a.jpg", "width=0"), "width"),
        (("../a.jpg", "width=3"), ".."),
        (("", "width=3"), "key"),
        (("a.jpg", "width=3", "--expires", "soon"), "--expires must be a time such as"),
        (("a.jpg", "width=3", "--expires", "0"), "--expires must be more than 0"),
        (("a.jpg", "width=3", "--srcset", "a,b"), "--srcset takes whole numbers"),
        (("a.jpg",), "at least one"),
    ],
)
def test_url_says_what_is_wrong_in_one_line(
    run: Run, arguments: tuple[str, ...], said: str
) -> None:
    refused = run("url", *arguments, urls="open")
    assert refused.exit_code == 2
    assert said in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_a_srcset_needs_no_other_option(run: Run) -> None:
    assert run("url", "a.jpg", "--srcset", "9", urls="open").output == "/img/width=9/a.jpg 9w\n"


def test_url_prints_nothing_that_the_server_would_refuse(run: Run) -> None:
    refused = run("url", "a.jpg", "w=321", urls="presets", widths="320")
    assert refused.exit_code == 2
    assert "the widths 320" in refused.stderr


@pytest.mark.parametrize("port", ["0", "70000"])
def test_demo_wants_a_port(run: Run, port: str) -> None:
    assert run("demo", "--port", port).exit_code == 2


def test_demo_says_when_there_is_nothing_to_show(run: Run, tmp_path: Path) -> None:
    refused = run("demo", "--images", str(tmp_path), "--port", str(free_port()))
    assert refused.exit_code == 1
    assert "there are no pictures in" in refused.stderr


def test_url_without_a_key_says_how_to_make_one(run: Run) -> None:
    refused = run("url", "a.jpg", "width=3")
    assert refused.exit_code == 2
    assert "openssl rand" in refused.stderr


@pytest.mark.parametrize(
    "arguments", [(), ("a", "--all"), ("--prefix", "a", "--all"), ("--prefix", ""), ("",)]
)
def test_flush_wants_one_thing(run: Run, arguments: tuple[str, ...]) -> None:
    refused = run("flush", *arguments, source="s3://photos", cache="redis://127.0.0.1:1")
    assert refused.exit_code == 2
    assert refused.stderr.count("\n") == 1


def test_flush_cannot_reach_into_a_server(run: Run) -> None:
    refused = run("flush", "--all", source="s3://photos")
    assert refused.exit_code == 2
    assert "no command reaches it" in refused.stderr


def test_flush_fails_when_redis_is_away(run: Run) -> None:
    cache = f"redis://:hush@127.0.0.1:{free_port()}"
    failed = run("flush", "--all", source="s3://photos", cache=cache)
    assert failed.exit_code == 1
    assert "nothing is sure to be flushed" in failed.stderr
    assert "hush" not in failed.stderr


def test_flush_counts_what_it_forgets(run: Run, redis_server: RedisServer) -> None:
    settings = {"source": "s3://photos", "cache": redis_server.url}
    for argument in ("photos/cat.jpg", "--all"):
        done = run("flush", argument, **settings)
        assert done.stdout == "flushed 0 variants of 0 originals\n"
        assert done.stderr == "resizer: no gateway of this source is listening\n"
    assert run("flush", "--all", "--dry-run", **settings).output == (
        "would flush 0 variants of 0 originals\n"
    )


def test_the_command_is_also_a_module() -> None:
    command = [sys.executable, "-m", "resizer", "--version"]
    assert subprocess.run(command, capture_output=True, check=True).stdout.startswith(b"resizer ")


def test_results_inside_the_source_are_refused(run: Run, tmp_path: Path) -> None:
    settings = {"cache": "redis://127.0.0.1:1", "urls": "open"}
    for source, results in (
        (str(tmp_path), str(tmp_path / "variants")),
        ("s3://photos", "s3://photos/variants"),
        ("s3://photos/web", "s3://photos/web"),
    ):
        refused = run("serve", source=source, results=results, **settings)
        assert refused.exit_code == 2
        assert "RESIZER_RESULTS lies inside RESIZER_SOURCE" in refused.stderr


def test_a_key_that_is_no_text_is_refused(run: Run) -> None:
    refused = run("flush", "caf\udce9.jpg", source="s3://photos", cache="redis://127.0.0.1:1")
    assert refused.exit_code == 2
    assert refused.stderr == "resizer: a key, prefix or tag must be UTF-8\n"
