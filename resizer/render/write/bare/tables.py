"""Whether the scans of a JPEG use every table that is defined (ITU-T T.81 §B.2).

A table that none uses is room for anything, and there may be hundreds.
"""

from collections.abc import Iterator

from resizer.render.write.bare.usual import usual

DHT, DQT, DRI = 0xC4, 0xDB, 0xDD
_AC = 0x10


class Tables:
    """Those of one file, followed from its start. Each method raises Unusual."""

    def __init__(self) -> None:
        self.restarts = False
        self._unused: set[tuple[int, int]] = set()
        self._unseen: dict[int, int] = {}
        """Components that no scan had yet, each with its quantization table."""
        self._components: set[int] = set()

    def define(self, marker: int, segment: bytes) -> None:
        """A segment DHT, DQT or DRI."""
        for number in _NUMBERS[marker](segment):
            usual((marker, number) not in self._unused)
            self._unused.add((marker, number))
        if marker == DRI:
            self.restarts = segment[4:] != b"\0\0"

    def begin(self, frame: bytes) -> None:
        """The one segment SOF."""
        usual(not self._components and frame[4] == 8 and len(frame) == 10 + 3 * frame[9])
        self._unseen = {frame[at]: frame[at + 2] for at in range(10, len(frame), 3)}
        self._components = set(self._unseen)
        usual(len(self._components) == frame[9])

    def scan(self, header: bytes) -> None:
        """A segment SOS, without its data."""
        count = header[4]
        usual(len(header) == 8 + 2 * count)
        first, last, approximation = header[-3:]
        for at in range(5, 5 + 2 * count, 2):
            component, tables = header[at], header[at + 1]
            usual(component in self._components)
            # A decoder keeps the table that is there at the first scan of a component.
            self._unused.discard((DQT, self._unseen.pop(component, -1)))
            if first == 0 and approximation < _AC:
                self._unused.discard((DHT, tables >> 4))
            if last > 0:
                self._unused.discard((DHT, _AC | tables & 0x0F))
        self._unused.discard((DRI, 0))

    @property
    def all_used(self) -> bool:
        """Whether nothing is left over, at the end of the file."""
        return bool(self._components) and not self._unused and not self._unseen


def _huffman(segment: bytes) -> Iterator[int]:
    at = 4
    while at < len(segment):
        yield segment[at]
        at += 17 + sum(segment[at + 1 : at + 17])
    usual(at == len(segment))


def _quantization(segment: bytes) -> Iterator[int]:
    at = 4
    while at < len(segment):
        wide, number = divmod(segment[at], 16)
        usual(wide <= 1)
        yield number
        at += 1 + 64 * (1 + wide)
    usual(at == len(segment))


def _interval(segment: bytes) -> Iterator[int]:
    usual(len(segment) == 6)
    yield 0


_NUMBERS = {DHT: _huffman, DQT: _quantization, DRI: _interval}
