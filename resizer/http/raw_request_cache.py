"""RawRequestCache: requests that came before byte for byte, and what their parsing came to.

Clients and CDNs that keep a connection send the same bytes for the same URL. Such a request needs
no parser: one look-up says which URL it asks for and what it accepts. Whether that may be answered
is looked at each time anew; nothing of a reply is kept here.
"""

from resizer.aio.lru import Lru
from resizer.http.known_urls import RequestKey

MOST = 4096
"""Raw requests kept; with LONGEST 8 MiB at the most."""
LONGEST = 2048
"""Bytes; browsers send some 700."""
_END = b"\r\n\r\n"


class RawRequestCache:
    """Whole requests that came at least twice, the oldest forgotten first.

    Those that are never the same again (a request id, a CDN's trace) cost a number each, and push
    nothing out.
    """

    def __init__(self) -> None:
        self._requests: Lru[bytes, RequestKey] = Lru(max_entries=MOST)
        self._once = [0] * MOST
        self.find = self._requests.entries.get

    def __len__(self) -> int:
        return len(self._requests)

    def observe(self, raw: bytes, request_key: RequestKey) -> None:
        """`raw` is one plain request, whole, for `request_key`; kept from its second time on.

        The caller has parsed it between two messages of a connection.
        """
        if len(raw) > LONGEST or not raw.endswith(_END):
            return
        mark = hash(raw)
        if self._once[mark % MOST] != mark:
            self._once[mark % MOST] = mark
            return
        self._requests.put(raw, request_key)
