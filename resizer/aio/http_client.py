"""HTTP to other servers: the request target as it is written, and no more read than is wanted.

A cache is keyed by the text that clients sent, and httpx would tidy percent-encodings and dots: so
the target goes out by its `target` extension. Certificates are verified against the authorities of
the system; proxies of the environment and redirects are not followed.
"""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from urllib.parse import urlsplit

import httpx


@lru_cache(maxsize=1)
def _verifying() -> ssl.SSLContext:
    """Made once: it reads all certificates of the system."""
    return ssl.create_default_context()


def open_client(seconds: float) -> httpx.Client:
    """A client that waits `seconds` for connecting, and as long for each pause of a reply."""
    headers = {"Accept-Encoding": "identity", "User-Agent": "resizer"}
    return httpx.Client(verify=_verifying(), trust_env=False, timeout=seconds, headers=headers)


@contextmanager
def exchange(
    client: httpx.Client,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None = None,
) -> Iterator[httpx.Response]:
    """One request, and its reply with the body yet to be read. `url` is ASCII without a fragment.

    Raises httpx.TransportError, and ValueError for headers that are none.
    """
    parts = urlsplit(url)
    target = url.partition("://")[2].removeprefix(parts.netloc) or "/"
    host = parts.netloc.rpartition("@")[2]
    with client.stream(
        method,
        f"{parts.scheme}://{host}/",
        headers=headers,
        content=body,
        extensions={"target": target.encode("ascii")},
    ) as response:
        yield response


def read_up_to(response: httpx.Response, most: int) -> bytes:
    """The first `most` bytes of the body, as they are on the wire; what follows is left."""
    body = bytearray()
    for chunk in response.iter_raw():
        body += chunk
        if len(body) >= most:
            break
    return bytes(body[:most])
