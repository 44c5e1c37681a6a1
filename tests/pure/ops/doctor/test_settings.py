import asyncio
import secrets
import string
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from resizer.ops.doctor.finding import Verdict, fail, ok, warn, worst
from resizer.ops.doctor.settings import check_settings, judge_key
from resizer.ops.doctor.strength import bits
from resizer.settings.settings import Settings
from resizer.urls.access import Urls

ALPHABETS = (
    (string.hexdigits[:16], 64),
    (string.hexdigits[:16], 32),
    (string.ascii_letters + string.digits + "-_", 43),
)


@pytest.mark.parametrize(
    "secret",
    [
        "a" * 64,
        "abc" * 30,
        "0123456789abcdef" * 2,
        "changeme-changeme-changeme-changeme",
        "passwordpasswordpasswordpassword",
        "Sommer2026!",
        "short",
    ],
)
def test_what_people_type_is_red(secret: str) -> None:
    assert judge_key(1, secret).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    "secret", ["test-key-0123456789abcdef0123456789abcdef", "this is my secret signing key ok"]
)
def test_a_long_key_that_was_typed_is_not_green(secret: str) -> None:
    assert judge_key(1, secret).verdict is not Verdict.OK


@given(st.integers(0, 2**64))
def test_what_openssl_makes_is_green(seed: int) -> None:
    random = Random(seed)
    for alphabet, length in ALPHABETS:
        secret = "".join(random.choices(alphabet, k=length))
        assert judge_key(1, secret).verdict is Verdict.OK


@given(st.text(min_size=1, max_size=40))
def test_more_of_a_secret_is_never_much_weaker(secret: str) -> None:
    assert 0 <= bits(secret) <= 21 * len(secret)


def test_a_key_is_never_shown() -> None:
    secret = secrets.token_hex(8)
    assert secret not in judge_key(2, secret).says
    assert judge_key(2, secret).what == "signing key 2"


def test_open_urls_are_yellow() -> None:
    found = asyncio.run(check_settings(Settings(urls=Urls.OPEN)))
    assert [(f.what, f.verdict) for f in found] == [("settings", Verdict.WARN)]
    assert "anyone may ask" in found[0].says


def test_a_short_key_is_told_beside_its_strength() -> None:
    found = asyncio.run(check_settings(Settings(signing_keys=[SecretStr("k")])))
    assert [f.verdict for f in found] == [Verdict.WARN, Verdict.FAIL]


def test_the_worst_finding_decides() -> None:
    one, two, three = ok("a", "A."), warn("b", "B."), fail("c", "C.")
    assert worst([]) is worst([one]) is Verdict.OK
    assert worst([one, two, one]) is Verdict.WARN
    assert worst([three, two, one]) is Verdict.FAIL
