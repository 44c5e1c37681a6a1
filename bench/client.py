"""Requests by a client so light that it takes no core from whom it measures."""

import http.client
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import TypeVar
from urllib.parse import urlsplit

_SECONDS = 120
T = TypeVar("T")


def fetch(url: str, line: http.client.HTTPConnection | None = None) -> bytes:
    """The body of a reply. Raises RuntimeError for any status but 200."""
    parts = urlsplit(url)
    with closing(http.client.HTTPConnection(parts.netloc, timeout=_SECONDS)) as own:
        line = line or own
        line.request("GET", url.partition(parts.netloc)[2], headers={"Accept": "image/*,*/*"})
        reply = line.getresponse()
        body = reply.read()
    if reply.status != 200 or not body:
        raise RuntimeError(f"{url}: {reply.status} {body[:200]!r}")
    return body


def seconds_of(urls: Sequence[str], at_once: int, *, kept: bool = True) -> float:
    """Seconds until all are answered, as many at once.

    A connection is kept for the next request, or each has its own: then a server of several
    processes, which render one picture after the other, has a free one take it.
    """

    def connected() -> Callable[[str], object]:
        line = http.client.HTTPConnection(urlsplit(urls[0]).netloc, timeout=_SECONDS)
        return (lambda url: fetch(url, line)) if kept else fetch

    return shared_out(urls, [connected() for _ in range(at_once)])


def shared_out(work: Sequence[T], hands: Sequence[Callable[[T], object]]) -> float:
    """Seconds until all work is done, each hand in a thread taking the next piece as it is free.

    Raises what a hand raised.
    """
    left = deque(work)
    failed: list[Exception] = []

    def busy(hand: Callable[[T], object]) -> None:
        try:
            while left and not failed:
                hand(left.popleft())
        except IndexError:
            return
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=busy, args=(hand,)) for hand in hands]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return time.perf_counter() - started
