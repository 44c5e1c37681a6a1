import asyncio
import json
import os
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resizer.http.access_log import Entry, LineWriter, line, pieces
from resizer.urls.dialects import DIALECTS
from tests.support.deadlines import MAX_WAIT


@given(st.lists(st.binary(min_size=1, max_size=50)), st.integers(1, 100))
def test_pieces_hold_every_line_whole_and_in_order(lines: list[bytes], size: int) -> None:
    joined = pieces(lines, size)
    assert b"".join(joined) == b"".join(lines)
    longest = max(map(len, lines), default=0)
    assert all(len(piece) <= max(size, longest) for piece in joined)


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_line_is_json_whatever_was_asked(url: str, method: str) -> None:
    raw = url.encode("utf-8", "surrogateescape")
    entry = json.loads(line(0.5, 1.25, b"id", method, raw, 200, 5, "resizer; hit"))
    assert entry["time"] == "1970-01-01T00:00:00.500Z"
    assert entry["path"] == DIALECTS.redact(raw.decode("latin-1"))
    assert entry["method"] == method
    assert entry["ms"] == 1.25
    assert entry["request_id"] == "id"


def test_a_signature_is_left_out() -> None:
    assert DIALECTS.redact("/img/w=1,sig=abc/a.jpg") == "/img/w=1,sig=…/a.jpg"
    assert DIALECTS.redact("/img/sig=abc/a.jpg") == "/img/sig=…/a.jpg"
    assert DIALECTS.redact("/img/w=1,%73ig=abc/a.jpg") == "/img/w=1,%73ig=…/a.jpg"


def test_a_signature_behind_an_encoded_comma_is_left_out() -> None:
    assert DIALECTS.redact("/img/w=1%2Csig=AAAA/x") == "/img/w=1%2Csig=…/x"
    assert DIALECTS.redact("/img%2Fsig=AAAA%2Fx") == "/img%2Fsig=…%2Fx"


def test_a_long_url_is_cut() -> None:
    entry = json.loads(line(0, 0, b"id", "GET", b"/" + b"x" * 60_000, 404, 5, ""))
    assert len(entry["path"]) == 1024


def entry(path: bytes) -> Entry:
    return (0.0, 0.0, b"id", "GET", path, 200, 5, "")


def read_paths(reader: int) -> list[str]:
    return [json.loads(text)["path"] for text in os.read(reader, 65536).splitlines()]


def test_lines_are_made_and_written_together() -> None:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)

    async def scene() -> None:
        lines = LineWriter(writer)
        for path in (b"/a", b"/b", b"/c"):
            lines.write(entry(path))
        with pytest.raises(BlockingIOError):
            os.read(reader, 1)
        lines.flush()

    asyncio.run(scene())
    assert read_paths(reader) == ["/a", "/b", "/c"]
    os.close(reader)
    os.close(writer)


def test_many_entries_are_written_some_at_a_time_and_others_have_their_turn() -> None:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    turns: list[list[str]] = []

    async def scene() -> None:
        lines = LineWriter(writer)
        for number in range(160):
            lines.write(entry(b"/%d" % number))
        while sum(map(len, turns)) < 160:
            await asyncio.sleep(0)
            with suppress(BlockingIOError):
                turns.append(read_paths(reader))

    asyncio.run(asyncio.wait_for(scene(), MAX_WAIT))
    assert [path for turn in turns for path in turn] == [f"/{number}" for number in range(160)]
    assert max(map(len, turns)) == 160 // 8
    assert len(turns) == 12
    os.close(reader)
    os.close(writer)


def test_what_comes_in_while_lines_are_written_does_not_pile_up() -> None:
    file, a_turn = os.memfd_create("lines"), 50

    async def scene() -> int:
        lines, given, turns = LineWriter(file), 0, 0
        while turns < 100:
            for _ in range(a_turn):
                lines.write(entry(b"/a"))
            given += a_turn
            await asyncio.sleep(0)
            turns += os.fstat(file).st_size > 0
        return given

    given = asyncio.run(asyncio.wait_for(scene(), MAX_WAIT))
    written = os.pread(file, os.fstat(file).st_size, 0).count(b"\n")
    assert 0 < given - written < 10 * a_turn
    os.close(file)


def test_a_reader_that_went_away_costs_the_lines_only() -> None:
    reader, writer = os.pipe()
    os.close(reader)

    async def scene() -> None:
        lines = LineWriter(writer)
        lines.write(entry(b"/a"))
        lines.flush()

    asyncio.run(scene())
    os.close(writer)
