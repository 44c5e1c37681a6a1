"""RawRequestCache: requests that came before byte for byte, and what their parsing came to.

Clients and CDNs that keep a connection send the same bytes for the same URL. Such a packet needs
no parser: one look-up says which URL it asks for and what it accepts. Whether that may be answered
is looked at each time anew; nothing of a reply is kept here.
"""

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
        self._asked: dict[bytes, RequestKey] = {}
        self._once = [0] * MOST
        self.find = self._asked.get

    def __len__(self) -> int:
        return len(self._asked)

    def note(self, packet: bytes, asked: RequestKey) -> None:
        """`packet` is one plain request, whole, and came to `asked`; kept from its second time on.

        The caller has parsed it between two messages of a connection.
        """
        if len(packet) > LONGEST or not packet.endswith(_END):
            return
        mark = hash(packet)
        if self._once[mark % MOST] != mark:
            self._once[mark % MOST] = mark
            return
        if len(self._asked) >= MOST:
            del self._asked[next(iter(self._asked))]
        self._asked[packet] = asked
