"""What holds for every dialect that there is, and for one more."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resizer.errors import RouteNotFound
from resizer.urls import signing
from resizer.urls.access import Access, Urls
from resizer.urls.dialect import Dialect, DialectRegistry
from resizer.urls.dialects import DIALECTS
from resizer.urls.links import Links
from tests.pure.urls.test_keys import keys
from tests.support.dialects import TOY, WITH_TOY
from tests.support.urls import SETTINGS

SPELLED: Mapping[str, Sequence[Sequence[str]]] = {
    "/img/": [("w=1",), ("thumb.2", "exp=9"), ("background=rgb(0, 0, 0)", "h=9")],
    "/toy/": [("1",), ("300",)],
}
"""Options in the words of each dialect, by the prefix that it writes."""
spelled = st.sampled_from(
    [(dialect, options) for dialect in WITH_TOY for options in SPELLED[dialect.prefixes[0]]]
)


def test_every_dialect_has_options_above() -> None:
    assert {dialect.prefixes[0] for dialect in WITH_TOY} == set(SPELLED)


@given(spelled, keys, st.none() | st.just("secret"))
def test_what_a_dialect_writes_it_reads_back(
    written: tuple[Dialect, Sequence[str]], key: str, secret: str | None
) -> None:
    dialect, options = written
    path = dialect.path(options, key, secret)
    request = WITH_TOY.parse(path, SETTINGS)
    assert request.key == key
    assert replace(request, signature=None) == WITH_TOY.parse(dialect.path(options, key), SETTINGS)
    if secret is None:
        assert request.signature is None
    else:
        signing.verify(request.scheme, [secret], request.signed, request.signature)
        assert str(request.signature) not in WITH_TOY.redact(path)
    assert WITH_TOY.claims(path.encode())


@given(spelled, keys)
def test_a_path_means_the_same_under_each_prefix_of_its_dialect(
    written: tuple[Dialect, Sequence[str]], key: str
) -> None:
    dialect, options = written
    tail = dialect.write(options, key, "secret")
    requests = [WITH_TOY.parse(prefix + tail, SETTINGS) for prefix in dialect.prefixes]
    assert all(request == requests[0] for request in requests)


@pytest.mark.parametrize("prefix", ["/img/", "/img/toy/", "/", "/toy", "toy/", "/to~y/", ""])
def test_no_prefix_is_claimed_twice_or_reaches_into_another(prefix: str) -> None:
    with pytest.raises(ValueError, match="prefix"):
        DialectRegistry(*DIALECTS, replace(TOY, prefixes=(prefix,)))


def test_a_path_of_no_dialect_is_told_those_that_there_are() -> None:
    assert not WITH_TOY.claims(b"/images/w=1/a")
    with pytest.raises(RouteNotFound) as caught:
        WITH_TOY.parse("/images/w=1/a", SETTINGS)
    assert str(caught.value).endswith(" or /toy/<width>/<key>.")
    native = DialectRegistry(DIALECTS.default)
    assert str(native.not_found()) == "Images are under /img/<options>/<key>."


def test_links_are_written_in_the_native_dialect_unless_another_is_asked_for() -> None:
    access = Access(Urls.SIGNED, ("secret",))
    assert Links(SETTINGS, access).path("a", ["w=1"]).startswith("/img/w=1,sig=")
    assert Links(SETTINGS, access, TOY).path("a", ["1"]).startswith("/toy/1/a~")
