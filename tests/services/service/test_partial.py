"""A photo that arrived cut short: shown at once as far as it goes, and whole as soon as it is."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import numpy.typing as npt
import pytest
import pyvips

from tests.support.drawings import GREY, jpeg
from tests.support.live import Gateway, cache_status
from tests.support.waiting import eventually

KEY = "cat.jpg"
URL = f"/img/format=png/{KEY}"


@pytest.fixture(scope="module")
def photo() -> bytes:
    pixels = np.random.default_rng(7).integers(0, 255, (160, 240, 3), np.uint8)
    return jpeg(pyvips.Image.new_from_array(pixels))


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("originals")


@pytest.fixture(scope="module")
def gateway(originals: Path) -> Iterator[Gateway]:
    with Gateway(source=originals, urls="open", partial_max_age=1) as one:
        yield one


def upload(originals: Path, body: bytes) -> None:
    (originals / "new").write_bytes(body)
    os.replace(originals / "new", originals / KEY)


def rows(body: bytes) -> npt.NDArray[np.uint8]:
    return np.asarray(pyvips.Image.new_from_buffer(body, "").numpy())


def until(gateway: Gateway, tells: Callable[[str], bool]) -> httpx.Response:
    """The first reply whose `Cache-Status` tells so."""
    replies: list[httpx.Response] = []

    def told() -> bool:
        replies.append(gateway.get(URL))
        return tells(cache_status(replies[-1]))

    eventually(told)
    return replies[-1]


def test_half_a_photo_is_shown_for_a_moment_and_the_whole_one_as_soon_as_it_is_there(
    gateway: Gateway, originals: Path, photo: bytes
) -> None:
    upload(originals, photo[: len(photo) // 2])
    half = gateway.get(URL)
    assert half.status_code == 200
    assert (rows(half.content)[:48] == rows(photo)[:48]).all()
    assert (rows(half.content)[-48:] == GREY).all()
    assert half.headers["cache-control"].startswith(
        "public, max-age=1, s-maxage=1, stale-while-revalidate=0,"
    )
    assert cache_status(half).endswith("; partial")
    assert gateway.sample("resizer_partial_total") == 1
    again = gateway.get(URL)
    assert cache_status(again) == "resizer; hit; detail=memory; partial"
    assert again.headers["cache-control"] == half.headers["cache-control"]

    asked = until(gateway, lambda status: "fwd" in status)
    assert asked.content == half.content

    upload(originals, photo)
    whole = until(gateway, lambda status: "partial" not in status)
    assert (rows(whole.content) == rows(photo)).all()
    assert whole.headers["cache-control"].startswith("public, max-age=86400,")
    lines = [entry for entry in gateway.entries() if entry.get("path") == URL]
    assert any(str(entry["cache"]).endswith("; partial") for entry in lines)


def test_a_photo_of_which_nothing_arrived_is_refused(
    gateway: Gateway, originals: Path, photo: bytes
) -> None:
    (originals / "nothing.jpg").write_bytes(photo[: photo.index(b"\xff\xda") + 14])
    refusal = gateway.get("/img/width=100/nothing.jpg")
    assert refusal.status_code == 422
    assert refusal.json()["detail"] == "The original is corrupt or cut short."
