"""The gallery page, read back as a browser would."""

import re
import shlex
from collections.abc import Sequence
from html.parser import HTMLParser

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from resizer.errors import InvalidRequest
from resizer.ops.demo.gallery import CONTENT_SECURITY_POLICY, MOST_TILES, WIDTHS, page
from resizer.ops.demo.samples import SAMPLES
from resizer.urls.dialect import DialectSettings
from resizer.urls.dialects.cloudflare import parse, write

AWKWARD = "a/\"><script>alert('x')</script>&amp; 100%, $5 ${x} #1?.jpg"
KEYS = [*SAMPLES]
SETTINGS = DialectSettings(max_side=8192)
VOID = {"meta", "link", "img"}


def url(options: Sequence[str], key: str) -> str:
    return f"/img/{write(options, key)}"


class Page(HTMLParser):
    """Elements with their attributes, and the text of each; fails on tags that do not match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(html)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in set(self._open):
            self.texts.setdefault(tag, []).append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        found = (given for name, given in self.elements if name == tag)
        return [{name: value or "" for name, value in one.items()} for one in found]

    def addresses(self) -> list[str]:
        """Every URL that the page would ask this server for."""
        images = [one["src"] for one in self.all("img")]
        images += [path for one in self.all("img") for path, _ in candidates(one.get("srcset", ""))]
        links = [one["href"] for one in self.all("a")]
        return images + links + [one["data-url"] for one in self.all("li") if "data-url" in one]


def candidates(srcset: str) -> list[tuple[str, int]]:
    """As HTML reads them: up to a space, a trailing comma ends a candidate."""
    found = []
    for part in srcset.split(", ") if srcset else []:
        path, width = part.split(" ")
        assert not path.endswith(",")
        assert not path.startswith(",")
        found.append((path, int(width.removesuffix("w"))))
    return found


def tiles(read: Page) -> list[dict[str, str]]:
    return [one for one in read.all("img") if one.get("loading") == "lazy" and "srcset" in one]


def key_of(path: str) -> str:
    return parse(path.removeprefix("/img/"), SETTINGS).key


def test_every_sample_has_a_tile_with_its_name() -> None:
    read = Page(page(KEYS, url))
    assert [key_of(one["src"]) for one in tiles(read)] == KEYS
    assert "Zoë & friends, 100%" in read.texts["b"]
    assert "海辺の夕日" in read.texts["b"]


def test_every_url_of_the_page_is_one_the_gateway_reads() -> None:
    read = Page(page(KEYS, url))
    assert len(read.addresses()) > 80
    assert {key_of(path) for path in read.addresses()} == set(KEYS)


def test_a_tile_is_offered_in_every_width_and_reserves_its_place() -> None:
    for one in tiles(Page(page(KEYS, url))):
        offered = candidates(one["srcset"])
        assert tuple(width for _, width in offered) == WIDTHS
        assert all(f"/width={width},height=" in path for path, width in offered)
        assert all("format=auto" in path for path, _ in offered)
        assert int(one["width"]) == 640
        assert f"height={one['height']}," in one["src"]
        assert one["sizes"]
        assert one["alt"]


def test_every_picture_has_words_or_is_decoration() -> None:
    without = [one for one in Page(page(KEYS, url)).all("img") if not one["alt"]]
    assert len(without) == 1, "only the picture behind the title says nothing"


@given(st.text(min_size=1, max_size=30))
@example(AWKWARD)
@example("dir/,trailing,comma,")
@example("$style ${tiles} $$")
def test_any_key_comes_back_as_it_was(key: str) -> None:
    def told(options: Sequence[str], key: str) -> str:
        asked.append(path := f"/img/{','.join(options)}/{key.encode().hex()}")
        return path

    asked: list[str] = []
    key = key.replace("\r", "")  # HTML reads carriage returns as line feeds
    assume(key)
    read = Page(page([key], told))
    assert set(read.addresses()) <= set(asked)
    assert "".join(read.texts["b"]) == "" or "".join(read.texts["b"]) in key


def test_markup_in_a_key_is_text() -> None:
    html = page([AWKWARD], url)
    assert "<script>alert" not in html
    assert {key_of(path) for path in Page(html).addresses()} == {AWKWARD}


def test_no_more_than_a_screenful_is_shown_and_the_rest_is_counted() -> None:
    many = [f"nested/{number}.jpg" for number in range(MOST_TILES + 7)]
    html = page(many, url)
    assert len(tiles(Page(html))) == MOST_TILES
    assert "… and 7 more." in html


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_few_pictures_make_a_page(count: int) -> None:
    assert len(tiles(Page(page(KEYS[:count], url)))) == count


def test_no_pictures_make_a_page_too() -> None:
    read = Page(page([], url))
    assert read.addresses() == []
    assert any("no pictures" in text for text in read.texts["p"])


def test_the_page_asks_nobody_else() -> None:
    html = page(KEYS, url, origin="http://127.0.0.1:9999")
    foreign = set(re.findall(r"https?://[^\s'\"<>]+", html))
    assert all(
        one.startswith("http://127.0.0.1:9999/") or one == "http://www.w3.org/2000/svg"
        for one in foreign
    )
    assert not re.search(r"@import|url\(", html)


def test_the_policy_allows_what_the_page_has_and_no_more() -> None:
    rules = dict(rule.split(" ", 1) for rule in CONTENT_SECURITY_POLICY.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "'self' data:"
    assert rules["connect-src"] == "'self'"
    read = Page(page(KEYS, url))
    assert all("src" not in one for one in read.all("script"))
    assert not any(name.startswith("on") for _, given in read.elements for name in given)


def test_the_lines_to_copy_are_safe_in_a_shell() -> None:
    read = Page(page(["it's $HOME; `x`.jpg"], url, origin="http://127.0.0.1:9999"))
    lines = [text for text in read.texts["pre"] if text.strip()]
    assert len(lines) == 5
    for line in lines:
        words = shlex.split(line)
        assert words[0] == "curl"
        assert words[-1].startswith("http://127.0.0.1:9999/img/")
    paths = [shlex.split(line)[-1].removeprefix("http://127.0.0.1:9999") for line in lines]
    assert {key_of(path) for path in paths[:-1]} == {"it's $HOME; `x`.jpg"}
    with pytest.raises(InvalidRequest):
        key_of(paths[-1])


def test_tags_match() -> None:
    Page(page(KEYS, url))
    with pytest.raises(AssertionError):
        Page("<p><b></p></b>")
