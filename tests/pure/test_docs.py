"""What can be set or asked is in the documentation, and what it shows is true."""

import re
from collections import Counter
from pathlib import Path

import pytest

from resizer.http.replies import kind
from resizer.settings.settings import Settings
from resizer.urls.dialect import DialectSettings
from resizer.urls.dialects.cloudflare import parse
from resizer.urls.options import OPTIONS, REFUSED_NAMES
from resizer.urls.preset import parse_preset
from tests.fuzz.target import NAMES
from tests.pure.http.test_replies import TABLE
from tests.support.root import ROOT

SETTINGS = (ROOT / "docs/settings.md").read_text()
URLS = (ROOT / "docs/urls.md").read_text()
PAGES = sorted(
    path for path in ROOT.rglob("*.md") if not any(part.startswith(".") for part in path.parts)
)


def test_every_setting_is_a_heading_and_every_heading_a_setting() -> None:
    assert re.findall(r"^### (\w+)$", SETTINGS, re.M) == [n.upper() for n in Settings.model_fields]


@pytest.mark.parametrize("name", Settings.model_fields)
def test_the_default_of_a_setting_is_told(name: str) -> None:
    default = Settings.model_fields[name].get_default()
    section = SETTINGS.partition(f"### {name.upper()}\n")[2].partition("\n#")[0]
    if isinstance(default, bool):
        assert f"Default `{str(default).lower()}`" in section
    elif isinstance(default, int | float):
        assert (
            f"Default {default:g}" in section
            or f"Default {default}" in section
            or f"Default `{spelled(default)}`" in section
        )


def spelled(seconds: float) -> str:
    days = f"{seconds / 86_400:g}d"
    return days if seconds >= 86_400 else f"{seconds / 3600:g}h"


@pytest.mark.parametrize("name", [*OPTIONS, *REFUSED_NAMES])
def test_every_option_is_in_the_table(name: str) -> None:
    short = OPTIONS[name].short if name in OPTIONS else None
    assert f"`{name}`" in URLS
    assert short is None or f"`{name}` `{short}`" in URLS


@pytest.mark.parametrize(("error", "status"), TABLE.items())
def test_every_error_is_in_the_table(error: type, status: int) -> None:
    if status != 500:
        assert re.search(rf"^\| {status} \|.*`{kind(error(''))}`", URLS, re.M)


def test_every_fuzz_target_is_in_the_table() -> None:
    development = (ROOT / "docs/development.md").read_text()
    first = re.findall(r"^\| (`[^|]+`) \|", development, re.M)
    assert sorted(re.findall(r"`(\w+)`", " ".join(first))) == sorted(NAMES)


def test_the_signatures_shown_are_right() -> None:
    secret = "test-key-0123456789abcdef0123456789abcdef"
    shown = [tail for tail in re.findall(r"^ +/img/(\S+)$", URLS, re.M) if "…" not in tail]
    signed = [request for tail in shown if (request := parse(tail, _settings())).signature]
    assert len(signed) == 2
    for request in signed:
        assert request.scheme.sign(secret, request.signed) == request.signature


def test_the_urls_shown_are_urls() -> None:
    for tail in re.findall(r"^ +/img/(\S+?)(?: .*)?$", URLS, re.M):
        if "…" not in tail and "<" not in tail:
            parse(tail, _settings())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_leads_nowhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", page.read_text()):
        there = page.parent / target if target else page
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), f"{target}#{anchor}"


def anchors(page: Path) -> set[str]:
    """What GitHub makes of each heading; one that comes again is numbered."""
    found: Counter[str] = Counter()
    for heading in re.findall(r"^#+ (.+)$", page.read_text(), re.M):
        found[re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-")] += 1
    return {f"{name}-{again}" if again else name for name in found for again in range(found[name])}


def _settings() -> DialectSettings:
    return DialectSettings(
        max_side=8192, presets={"hero": parse_preset("hero", "width=1600", 8192)}
    )


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/architecture.md"])
def test_every_module_that_the_pages_for_contributors_name_is_there(page: str) -> None:
    named = re.findall(r"`((?:\w+/)+(?:\w+\.py)?)`", (ROOT / page).read_text())
    assert len(named) > 20
    places = (ROOT, ROOT / "resizer", ROOT / "resizer/render")
    assert [name for name in named if not any((place / name).exists() for place in places)] == []
