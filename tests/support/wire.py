"""Requests straight over connections: no client library between a test and the server."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class WireReply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def cache_status(self) -> str:
        return self.headers.get("cache-status", "")


@dataclass(slots=True)
class Line:
    """One connection, kept for the next request."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, path: str, **headers: str) -> WireReply:
        """GET `path`. Raises OSError or EOFError when the reply does not come whole."""
        lines = [f"GET {path} HTTP/1.1", "host: a", *_fields(headers)]
        self.writer.write("\r\n".join([*lines, "\r\n"]).encode())
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.rstrip().split("\r\n")
        status = int(first.split()[1])
        named = {name.lower(): value for name, _, value in (one.partition(": ") for one in lines)}
        length = 0 if status == 304 else int(named["content-length"])
        return WireReply(status, named, await self.reader.readexactly(length))


@dataclass(slots=True)
class Lines:
    """Connections to servers on this machine, by port; as many as there are requests at once."""

    _idle: dict[int, list[Line]] = field(default_factory=lambda: defaultdict(list))

    async def ask(self, port: int, path: str, **headers: str) -> WireReply:
        """GET `path`, over a connection that is open if there is one. See `Line.ask`."""
        line = await self._line(port)
        try:
            reply = await line.ask(path, **headers)
        except BaseException:
            line.writer.close()
            raise
        self._idle[port].append(line)
        return reply

    async def _line(self, port: int) -> Line:
        while idle := self._idle[port]:
            if not (line := idle.pop()).reader.at_eof():
                return line
            line.writer.close()
        return await connect(port)

    def close(self) -> None:
        for line in (line for idle in self._idle.values() for line in idle):
            line.writer.close()
        self._idle.clear()


@asynccontextmanager
async def lines() -> AsyncIterator[Lines]:
    kept = Lines()
    try:
        yield kept
    finally:
        kept.close()


async def connect(port: int) -> Line:
    return Line(*await asyncio.open_connection("127.0.0.1", port))


async def ask_once(port: int, path: str, **headers: str) -> WireReply:
    """GET `path` over a connection of its own."""
    line = await connect(port)
    try:
        return await line.ask(path, **headers)
    finally:
        line.writer.close()


def _fields(headers: dict[str, str]) -> list[str]:
    return [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
