import asyncio
import secrets

import pytest
from pydantic import SecretStr

from resizer.ops.doctor.finding import Verdict, fail, ok, warn, worst
from resizer.ops.doctor.settings import check_settings, judge_key
from resizer.settings.settings import Settings
from resizer.urls.access import Urls


@pytest.mark.parametrize(
    ("secret", "verdict"),
    [
        ("short", Verdict.FAIL),
        ("Sommer2026!", Verdict.FAIL),
        ("k" * 31, Verdict.FAIL),
        ("k" * 32, Verdict.OK),
        (secrets.token_hex(32), Verdict.OK),
        (secrets.token_urlsafe(32), Verdict.OK),
    ],
    ids=["word", "password", "31", "32", "hex", "base64"],
)
def test_a_key_is_as_long_as_those_that_are_made(secret: str, verdict: Verdict) -> None:
    assert judge_key(1, secret).verdict is verdict


def test_a_key_is_never_shown() -> None:
    secret = secrets.token_hex(8)
    assert secret not in judge_key(2, secret).says
    assert judge_key(2, secret).what == "signing key 2"


def test_open_urls_are_yellow() -> None:
    found = asyncio.run(check_settings(Settings(urls=Urls.OPEN)))
    assert [(f.what, f.verdict) for f in found] == [("settings", Verdict.WARN)]
    assert "anyone may ask" in found[0].says


def test_a_short_key_is_told_beside_its_number() -> None:
    found = asyncio.run(check_settings(Settings(signing_keys=[SecretStr("k")])))
    assert [f.verdict for f in found] == [Verdict.WARN, Verdict.FAIL]


def test_the_worst_finding_decides() -> None:
    one, two, three = ok("a", "A."), warn("b", "B."), fail("c", "C.")
    assert worst([]) is worst([one]) is Verdict.OK
    assert worst([one, two, one]) is Verdict.WARN
    assert worst([three, two, one]) is Verdict.FAIL
