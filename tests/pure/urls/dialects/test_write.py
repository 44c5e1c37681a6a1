import re
from collections.abc import Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from resizer.errors import InvalidRequest, SourceNotFound
from resizer.model.transform import Transform
from resizer.urls.dialect import DialectSettings
from resizer.urls.dialects.cloudflare import parse, write
from resizer.urls.option_list import with_width
from tests.pure.urls.test_keys import keys
from tests.pure.urls.test_options import ACCEPTED
from tests.support.transforms import transforms
from tests.support.urls import SETTINGS, options_of, read, sign

UNBOUNDED = DialectSettings(max_side=10**9)


def _written(options: Sequence[str], key: str) -> tuple[tuple[str, ...], str]:
    request = parse(write(options, key), SETTINGS)
    return options_of(request), request.key


spelled = st.sampled_from(
    [f"{name}={value}" for name, values in ACCEPTED.items() for value in values] + ["thumb.2"]
)


@given(st.lists(spelled, min_size=1, max_size=8, unique_by=lambda o: o.partition("=")[0]), keys)
def test_what_is_written_is_read_back(options: list[str], key: str) -> None:
    assume(not ("thumb.2" in options and any(o.startswith("preset=") for o in options)))
    assume(not any(o.startswith("trim=") for o in options) or not _has_trim_sides(options))
    assume(not any(o.endswith("=8192") for o in options))
    assert _written(options, key) == (tuple(options), key)


def _has_trim_sides(options: Sequence[str]) -> bool:
    return any(option.startswith("trim.") for option in options)


@given(transforms, keys)
def test_a_transforms_own_text_is_read_back_as_the_same_transform(
    transform: Transform, key: str
) -> None:
    assume(transform != Transform())
    tail = write(str(transform).split(","), key)
    request = parse(tail, UNBOUNDED)
    assert (request.transform, request.key) == (transform, key)


@given(transforms, keys)
def test_a_written_url_holds_nothing_that_a_proxy_might_take_for_syntax(
    transform: Transform, key: str
) -> None:
    tail = write([*str(transform).split(","), "sig=abc-_"], key)
    assert re.fullmatch(r"(?:[A-Za-z0-9._~=,/-]|%[0-9A-F]{2})+", tail)


def test_the_signature_is_written_last() -> None:
    signature = sign("xyz", ["w=1", "f=auto"], "a b")
    assert write(["w=1", "f=auto"], "a b", "xyz") == f"w=1,f=auto,sig={signature}/a%20b"


def test_a_key_that_no_url_can_hold_is_not_written() -> None:
    with pytest.raises(InvalidRequest):
        write(["w=1"], "a/../b")
    with pytest.raises(SourceNotFound):
        write(["w=1"], "")


@pytest.mark.parametrize(
    ("options", "changed"),
    [
        (["width=400", "format=auto"], ("width=320", "format=auto")),
        (["format=auto", "w=400", "dpr=2"], ("format=auto", "width=320", "dpr=2")),
        (["format=auto"], ("width=320", "format=auto")),
        (["hero", "trim.width=5"], ("width=320", "hero", "trim.width=5")),
        ([], ("width=320",)),
    ],
)
def test_a_width_is_set_for_a_srcset(options: list[str], changed: tuple[str, ...]) -> None:
    assert with_width(options, 320) == changed
    assert read(*changed).width == 320
