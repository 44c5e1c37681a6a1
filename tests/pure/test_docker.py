"""What must be true of the image and the composition, read from their files, with no engine."""

import re
import tomllib
from importlib.util import find_spec
from typing import Any

import pytest
import yaml

from resizer.settings.settings import Settings
from tests.support.root import ROOT

OURS = ("gateway", "seed")


@pytest.fixture(scope="module")
def composition() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


@pytest.fixture(scope="module")
def stages() -> list[list[tuple[str, str]]]:
    """Each stage's instructions: (name, the rest of it), continued lines joined."""
    text = (ROOT / "docker/Dockerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    read: list[list[tuple[str, str]]] = []
    for line in lines:
        name, _, rest = line.strip().partition(" ")
        if name == "FROM":
            read.append([])
        read[-1].append((name, rest))
    return read


def said(stage: list[tuple[str, str]], name: str) -> list[str]:
    return [rest for instruction, rest in stage if instruction == name]


def test_the_image_runs_as_a_numbered_user_that_is_not_root(
    stages: list[list[tuple[str, str]]],
) -> None:
    users = said(stages[-1], "USER")
    assert len(users) == 1
    assert int(users[0].split(":")[0]) > 0


def test_the_final_stage_installs_fonts_and_what_locks_workers_in(
    stages: list[list[tuple[str, str]]],
) -> None:
    assert len(stages) == 2
    (installed,) = said(stages[-1], "RUN")
    packages = installed.partition("--no-install-recommends ")[2].partition(" &&")[0].split()
    assert "libseccomp2" in packages
    assert all(package.startswith("font") for package in packages if package != "libseccomp2")


def test_the_image_is_checked_stopped_and_entered_as_told(
    stages: list[list[tuple[str, str]]],
) -> None:
    final = stages[-1]
    assert "/healthz" in said(final, "HEALTHCHECK")[0]
    assert said(final, "STOPSIGNAL") == ["SIGTERM"]
    assert said(final, "EXPOSE") == ["8080"]
    assert said(final, "ENTRYPOINT") == ['["resizer"]']
    assert said(final, "CMD") == ['["serve"]']


def test_the_image_has_a_python_that_the_package_accepts(
    stages: list[list[tuple[str, str]]],
) -> None:
    lowest = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    versions = {said(stage, "FROM")[0].split(" ")[0] for stage in stages}
    assert len(versions) == 1, "the environment is copied: both stages need the same Python"
    found = re.match(r"python:(\d+)\.(\d+)\.\d+-slim", versions.pop())
    assert found
    assert tuple(map(int, found.groups())) >= tuple(map(int, lowest.removeprefix(">=").split(".")))


def test_only_the_package_enters_the_build() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert {rule for rule in rules if rule.startswith("!")} == {
        "!pyproject.toml",
        "!README.md",
        "!resizer",
    }


def test_every_service_is_locked_down(composition: dict[str, Any]) -> None:
    for name, service in composition["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert any(mount.startswith("/tmp") for mount in service["tmpfs"]) or name == "cache", name


def test_only_the_gateway_is_published_and_only_on_loopback(composition: dict[str, Any]) -> None:
    published = {
        name: one["ports"] for name, one in composition["services"].items() if "ports" in one
    }
    assert published == {"gateway": ["127.0.0.1:8080:8080"]}


def test_the_cache_and_the_bucket_are_on_a_network_that_leads_nowhere(
    composition: dict[str, Any],
) -> None:
    assert composition["networks"]["inside"] == {"internal": True}
    for name in ("cache", "s3", "seed"):
        assert composition["services"][name]["networks"] == ["inside"], name


def test_the_cache_forgets_what_is_asked_for_least_and_keeps_nothing_on_disk(
    composition: dict[str, Any],
) -> None:
    command = composition["services"]["cache"]["command"]
    options = dict(zip(command[1::2], command[2::2], strict=True))
    assert options["--maxmemory-policy"] == "allkeys-lfu"
    assert options["--maxmemory"].endswith("mb")
    assert (options["--save"], options["--appendonly"]) == ("", "no")


def test_every_image_from_elsewhere_is_pinned_to_a_version(composition: dict[str, Any]) -> None:
    for name, service in composition["services"].items():
        if name not in OURS:
            assert re.search(r":v?\d+\.\d+\.\d+", service["image"]), name


def test_the_gateway_waits_for_all_it_needs(composition: dict[str, Any]) -> None:
    waits = composition["services"]["gateway"]["depends_on"]
    assert {name: one["condition"] for name, one in waits.items()} == {
        "cache": "service_healthy",
        "s3": "service_healthy",
        "seed": "service_completed_successfully",
    }


def test_there_is_no_signing_key_but_the_one_that_is_given(composition: dict[str, Any]) -> None:
    key = composition["services"]["gateway"]["environment"]["RESIZER_SIGNING_KEYS"]
    assert key.startswith("${RESIZER_SIGNING_KEYS:?")
    assert "openssl rand" in key


def test_the_gateway_is_given_settings_that_exist(composition: dict[str, Any]) -> None:
    given = composition["services"]["gateway"]["environment"]
    names = {name.removeprefix("RESIZER_").lower() for name in given if name.startswith("RESIZER_")}
    assert names <= set(Settings.model_fields)


def test_the_bucket_is_filled_by_a_program_that_exists(composition: dict[str, Any]) -> None:
    *python, module = composition["services"]["seed"]["entrypoint"]
    assert python == ["python", "-m"]
    assert find_spec(module)


def test_it_is_given_longer_to_stop_than_it_takes_to_drain(composition: dict[str, Any]) -> None:
    grace = int(composition["services"]["gateway"]["stop_grace_period"].removesuffix("s"))
    assert grace > Settings.model_fields["drain_seconds"].default
