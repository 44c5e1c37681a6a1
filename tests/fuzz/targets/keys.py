"""Keys: read from a path and written to one, and the names made of them for CDNs and stores."""

import re

from resizer.cache.results.names import directory_of, enclosing, name_of, read_name
from resizer.errors import InvalidRequest, SourceNotFound
from resizer.model.cache_tags import tags_for, tags_of
from resizer.model.flush import Flush
from resizer.urls.keys import check_key, read_key, write_key
from tests.fuzz.oracles import check_refusal, has_controls
from tests.fuzz.target import Target

FIELD = "width=400,format=webp"
_TAG = re.compile(r"[!#-+\--~]{1,250}")
"""Printable ASCII without a space, a quote and a comma, which stand between tags."""


def check(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    check_read(text)
    check_named(text)
    check_stranger(text)


def check_read(raw: str) -> None:
    """As the rest of a path."""
    try:
        key = read_key(raw)
    except (InvalidRequest, SourceNotFound) as error:
        check_refusal(error, 400, 404)
        return
    assert 0 < len(key.encode()) <= 1024
    assert ".." not in key.split("/")
    assert not has_controls(key)
    assert read_key(write_key(key)) == key


def check_named(key: str) -> None:
    """As a key, decoded."""
    try:
        check_key(key)
        written = write_key(key)
    except (InvalidRequest, SourceNotFound) as error:
        check_refusal(error, 400, 404)
        return
    assert written.isascii()
    assert read_key(written) == key
    check_tags(key)
    for preset in (None, "hero"):
        check_stored(key, preset)


def check_tags(key: str) -> None:
    """Tags fit a header, and whatever flush touches the key purges one of them."""
    tags = tags_of(key, "hero")
    assert all(map(_TAG.fullmatch, tags))
    assert len(", ".join(tags)) < 2048
    flushes = [Flush(key=key), Flush(tag="hero"), Flush()]
    flushes += [Flush(prefix=key[:at]) for at in (1, len(key) // 2, len(key))]
    for flush in flushes:
        assert {*tags_for(flush)} & {*tags}, flush


def check_stored(key: str, preset: str | None) -> None:
    """No two keys share an object, and it is found below every prefix of the key."""
    field = FIELD if preset is None else f"{FIELD}@{preset}"
    name = name_of("root", key, field)
    if name is None:
        assert len(key.encode()) > 70
        return
    assert len(name.encode()) <= 1024
    assert not has_controls(name)
    assert not {"", ".", ".."} & {*name.split("/")}
    found = read_name("root", name)
    assert found is not None
    assert found[0] == key
    assert found[1].partition("@")[2] == (preset or "")
    assert name.startswith(f"{directory_of('root', key)}/=v")
    for at in (0, 1, len(key) // 2, len(key)):
        assert name.startswith(f"{enclosing('root', key[:at])}/")


def check_stranger(name: str) -> None:
    """As an object that somebody else put there: a place or nothing."""
    found = read_name("root", f"root/{name}")
    assert found is None or found[1].startswith("=v")


TARGET = Target(
    check,
    seeds=[
        *(b"/photos/cat.jpg", b"//photos/cat.jpg", b"%2Fphotos/cat.jpg", b"a//b%2Bc%20100%25"),
        *(b"https://host/cat.jpg", "Zoë & friends, 100%.jpg".encode(), b"a=b/..", b"a/../b"),
        *(b"photos/cat.jpg/=v0123456789abcdef@thumb", b"a=3Db/=2E=2E/=v00", b"=", b"\\..\\x"),
        b"directory/" * 60 + b"a.jpg",
        b"x" * 300,
        "\U0001f600".encode() * 90,
    ],
    words=[b"%2F", b"%25", b"%2e%2e", b"=2E", b"=3D", b"=v", b"=FF", b"..", b"//", b"\xef\xbf\xbf"],
)
