import asyncio
import json
import os

from hypothesis import given
from hypothesis import strategies as st

from resizer.http.access_log import LineWriter, line, pieces, redacted
from resizer.http.trace import Trace


@given(st.lists(st.binary(min_size=1, max_size=50)), st.integers(1, 100))
def test_pieces_hold_every_line_whole_and_in_order(lines: list[bytes], size: int) -> None:
    joined = pieces(lines, size)
    assert b"".join(joined) == b"".join(lines)
    longest = max(map(len, lines), default=0)
    assert all(len(piece) <= max(size, longest) for piece in joined)


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_line_is_json_whatever_was_asked(url: str, method: str) -> None:
    entry = json.loads(line(Trace("id"), method, url, 200, 5, "resizer; hit"))
    assert entry["path"] == redacted(url)
    assert entry["method"] == method
    assert entry["ms"] >= 0


def test_a_signature_is_left_out() -> None:
    assert redacted("/img/w=1,sig=abc/a.jpg") == "/img/w=1,sig=…/a.jpg"
    assert redacted("/img/sig=abc/a.jpg") == "/img/sig=…/a.jpg"
    assert redacted("/img/w=1,%73ig=abc/a.jpg") == "/img/w=1,%73ig=…/a.jpg"


def test_a_signature_behind_an_encoded_comma_is_left_out() -> None:
    assert redacted("/img/w=1%2Csig=AAAA/x") == "/img/w=1%2Csig=…/x"
    assert redacted("/img%2Fsig=AAAA%2Fx") == "/img%2Fsig=…%2Fx"


def test_a_long_url_is_cut() -> None:
    entry = json.loads(line(Trace("id"), "GET", "/" + "x" * 60_000, 404, 5, ""))
    assert len(entry["path"]) == 1024


def test_lines_are_written_together() -> None:
    reader, writer = os.pipe()

    async def scene() -> None:
        lines = LineWriter(writer)
        for text in (b"a\n", b"b\n", b"c\n"):
            lines.write(text)
        lines.flush()

    asyncio.run(scene())
    assert os.read(reader, 100) == b"a\nb\nc\n"
    os.close(reader)
    os.close(writer)


def test_a_reader_that_went_away_costs_the_lines_only() -> None:
    reader, writer = os.pipe()
    os.close(reader)

    async def scene() -> None:
        lines = LineWriter(writer)
        lines.write(b"a\n")
        lines.flush()

    asyncio.run(scene())
    os.close(writer)
