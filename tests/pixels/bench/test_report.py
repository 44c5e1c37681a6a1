"""The bench's own arithmetic, its tables and its chart; nothing is timed here."""

import itertools
import re
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from bench import chart, originals, report, results, score
from bench.bucket import Bucket
from bench.client import shared_out
from bench.converted import FORMATS, converted, marked
from bench.light import lowest_quality
from bench.memory import mixed
from bench.misses import Times
from bench.peers import Ask, gateway, ipx, thumbor
from bench.peers.url import by_url
from bench.row import Reach, Row, of_rounds, skipped
from bench.targets import TARGETS, Found, Server
from tests.support.root import ROOT

BUCKET = Bucket(Path("/nowhere"), "http://127.0.0.1:1")
ROWS = [
    Row("P4", "JPEG misses, against thumbor", 2.0, Reach(1.3), (1.8, 2.1), peer="thumbor"),
    Row("P4", "PNG & misses, against thumbor", 0.5, Reach(2.0), peer="thumbor"),
    Row("P8", "memory", 1.02, Reach(1.1, at_most=True, unit="×"), note="200 MB"),
    skipped("P2", "Redis hits", "no redis-server here"),
]


def noise(height: int = 64, width: int = 64) -> score.Pixels:
    return np.random.default_rng(1).integers(60, 200, (height, width, 3), dtype=np.uint8)


def file_of(pixels: score.Pixels, format_: str = "PNG", **options: object) -> bytes:
    file = BytesIO()
    Image.fromarray(pixels).save(file, format_, **options)
    return file.getvalue()


def test_a_picture_is_like_itself_and_less_so_the_darker_it_gets() -> None:
    pytest.importorskip("ssimulacra2", reason="needs the extra `bench`")
    picture = noise()
    darker = [np.asarray(picture * share, dtype=np.uint8) for share in (1.0, 0.9, 0.6)]
    scores = [score.score(picture, seen) for seen in darker]
    assert scores[0] == 100
    assert scores[0] > scores[1] > scores[2]


def test_structure_is_like_itself_and_less_so_when_blurred() -> None:
    picture = noise()
    blurred = score.reference(score.reference(picture, 32, 32), 64, 64)
    assert score.ssim(picture, picture) == 1
    assert score.ssim(picture, blurred) < 0.9


def test_pictures_of_two_sizes_are_not_compared() -> None:
    with pytest.raises(ValueError, match="not the reference's size"):
        score.score(noise(), noise(32, 64))


def test_black_and_white_stripes_average_to_the_light_of_half() -> None:
    stripes = np.zeros((240, 240, 3), dtype=np.uint8)
    stripes[::2] = 255
    assert set(score.reference(stripes, 60, 60)[4:-4].flatten()) == {188}


def test_an_even_colour_stays_at_any_size() -> None:
    even = np.full((50, 70, 3), (200, 100, 3), dtype=np.uint8)
    for width, height in ((9, 8), (70, 50), (99, 13)):
        assert (score.reference(even, width, height) == (200, 100, 3)).all()


def test_light_and_back_is_the_same_sample() -> None:
    samples = np.arange(256)
    assert (score.from_light(score.to_light(samples / 255)) == samples).all()


def test_a_picture_is_judged_upright_and_in_srgb() -> None:
    turned = Image.Exif()
    turned[0x0112] = 6
    file = BytesIO()
    Image.fromarray(noise(20, 40)).save(file, "PNG", exif=turned)
    assert score.decoded(file.getvalue()).shape == (40, 20, 3)


def test_what_is_clear_is_judged_on_white() -> None:
    clear = np.zeros((8, 8, 4), dtype=np.uint8)
    assert (score.decoded(file_of(clear)) == 255).all()


@pytest.mark.parametrize("format_", FORMATS)
def test_each_original_is_another_file_with_the_same_picture(tmp_path: Path, format_: str) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(file_of(noise(), "JPEG"))
    plain = converted(photo, format_)
    files = [marked(plain, format_, number) for number in range(3)]
    assert len({plain, *files}) == 4
    assert all((score.decoded(file) == score.decoded(plain)).all() for file in files)


def test_a_quick_run_takes_photos_of_every_size(tmp_path: Path) -> None:
    for size in range(1, 12):
        (tmp_path / f"{size}.jpg").write_bytes(b"x" * size)
    taken = originals.photos(tmp_path, quick=True)
    assert [photo.stat().st_size for photo in taken] == [1, 4, 7, 11]


def test_every_peer_is_asked_for_the_same_picture() -> None:
    ask = Ask("a.webp", "webp")
    source = "127.0.0.1:1/originals/a.webp"
    assert gateway.path(ask) == "/img/width=512,height=512,format=webp,quality=75/a.webp"
    assert thumbor.path(BUCKET, ask) == f"/unsafe/fit-in/512x512/filters:format(webp)/{source}"
    assert ipx.path(BUCKET, ask) == f"/fit_inside,s_512x512,f_webp,q_75/http://{source}"
    given = "imagor=http://there/{width}x{height}/{format}/{quality}/{source}"
    assert by_url(BUCKET, given).url(ask) == f"http://there/512x512/webp/75/http://{source}"


@pytest.mark.parametrize("given", ["http://there/{key}", "name=there", "name=http://there/{depth}"])
def test_a_peer_that_cannot_be_asked_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match=r"NAME=URL|asks for"):
        by_url(BUCKET, given)


def test_work_is_shared_out_and_what_fails_is_told() -> None:
    done: list[int] = []
    shared_out(range(20), [done.append, done.append])
    assert sorted(done) == list(range(20))
    with pytest.raises(ZeroDivisionError):
        shared_out([1, 0], [lambda number: 1 / number])


def test_no_render_of_a_long_run_is_asked_for_twice() -> None:
    asks = list(mixed(["a", "b", "c"], 600))
    assert len(set(asks)) == 600
    assert {ask.format for ask in itertools.islice(asks, 12)} == set(FORMATS)


def test_rounds_are_compared_with_their_own_round() -> None:
    times = Times()
    for ours, theirs in ((1.0, 2.0), (2.0, 6.0)):
        times.add("ours", "jpeg", ours, 10)
        times.add("theirs", "jpeg", theirs, 10)
    assert times.ratios("theirs", "ours", "jpeg") == [2.0, 3.0]
    assert times.median("ours", "jpeg") == 150.0
    row = of_rounds("P4", "misses", times.ratios("theirs", "ours", "jpeg"), Reach(2.5))
    assert (row.figure, row.spread, row.reached) == (2.5, (2.0, 3.0), True)


def test_the_lowest_quality_that_will_do_is_found() -> None:
    assert [lowest_quality(float, goal) for goal in (-5, 1, 63.5, 100, 101)] == [1, 1, 64, 100, 100]


def test_a_reach_is_held_from_its_side() -> None:
    assert (str(Reach(0.7, at_most=True)), str(Reach(1.3, unit="×"))) == ("≤ 0.7", "≥ 1.3×")
    assert [Reach(1.0).held(figure) for figure in (0.9, 1.0)] == [False, True]
    assert [Reach(1.0, at_most=True).held(figure) for figure in (1.0, 1.1)] == [True, False]


def test_the_table_tells_what_was_reached_and_what_was_not_measured() -> None:
    lines = report.of_rows(ROWS).splitlines()
    assert lines[2] == (
        "| P4 | JPEG misses, against thumbor | 2.00 | 1.80 to 2.10 | ≥ 1.3 | reached |"
    )
    assert "**not reached**" in lines[3]
    assert lines[4].startswith("| P8 | memory (200 MB) | 1.02× |")
    assert "not measured" in lines[5]
    assert "no redis-server here" in lines[5]


def test_a_rerun_refreshes_what_lies_between_the_markers() -> None:
    page = "head\n<!-- rows -->\nold\n<!-- /rows -->\ntail\n"
    assert report.refreshed(page, {"rows": "new \\1"}) == page.replace("old", "new \\1")
    with pytest.raises(ValueError, match="no place"):
        report.refreshed(page, {"others": ""})


def test_results_are_read_as_they_were_written_and_joined(tmp_path: Path) -> None:
    file, here = tmp_path / "results.json", {"machine": {"cores": "2"}, "peers": {"nginx": "1"}}
    timed = Found(ROWS, [Server("thumbor", "jpeg", ms=40.0)])
    worth = Found([], [Server("thumbor", "jpeg", bytes=30_000, score=70.0)])
    before = results.merged({}, here, {"P4": results.stored(timed)})
    results.write(results.merged(before, here, {"score": results.stored(worth)}), file)
    stored = results.read(file)
    assert results.rows(stored, list(TARGETS)) == sorted(ROWS, key=lambda row: row.name)
    assert results.servers(stored) == [Server("thumbor", "jpeg", 40.0, 30_000, 70.0)]
    assert results.taken(stored)
    elsewhere = results.merged(stored, {"machine": {"cores": "4"}, "peers": {}}, {})
    assert elsewhere == {"machine": {"cores": "4"}, "peers": {}, "targets": {}}


def test_the_chart_has_a_bar_for_each_figure_against_a_peer() -> None:
    drawn = ElementTree.fromstring(chart.chart(ROWS, "Title & more", "under"))
    bars = drawn.findall("{http://www.w3.org/2000/svg}rect")
    assert [bar.get("class") for bar in bars] == ["ahead", "behind"]
    words = [text.text for text in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert {"2.00×", "0.50×", "PNG & misses", "against thumbor"} <= set(words)
    # Twice and half as fast are as long.
    assert bars[0].get("width") == bars[1].get("width")


def test_a_chart_of_nothing_is_still_a_picture() -> None:
    assert ElementTree.fromstring(chart.chart([], "Title", "")).get("width") == "760"


def test_the_page_and_the_chart_are_those_of_the_stored_results() -> None:
    root = ROOT
    stored, page = results.read(), (root / "BENCHMARK.md").read_text()
    rows = results.rows(stored, list(TARGETS))
    assert report.of_rows(rows) in page
    assert report.of_servers(results.servers(stored)) in page
    drawn = ElementTree.fromstring((root / "docs/benchmark.svg").read_text())
    bars = drawn.findall("{http://www.w3.org/2000/svg}rect")
    assert len(bars) == sum(bool(row.peer and row.figure) for row in rows)
    assert not re.search(r"/tmp|/work|/home", (root / "bench/results.json").read_text())
