"""An S3 server that misbehaves: raw bytes on a socket, so that nothing is too wrong to be sent."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]
"""What is done with one request, after its head was read."""


@dataclass
class Misbehaving:
    """Answers the first request with the first answer, and so on; the last one for ever."""

    answers: list[Answer]
    requests: int = 0
    conditions: list[bytes] = field(default_factory=list)
    """Every If-None-Match."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.conditions += [
                line.partition(b":")[2].strip()
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"if-none-match:")
            ]
            self.requests += 1
            await self.answers[min(self.requests, len(self.answers)) - 1](writer)
        except (OSError, EOFError):
            """The client has left."""
        finally:
            writer.close()


@asynccontextmanager
async def misbehaving(port: int, *answers: Answer) -> AsyncIterator[Misbehaving]:
    """The server, running on `port`. Every connection is for one request."""
    misbehaving = Misbehaving(list(answers))
    open_: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(misbehaving.serve(reader, writer))
        open_.add(task)
        task.add_done_callback(open_.discard)

    server = await asyncio.start_server(connected, "127.0.0.1", port)
    try:
        yield misbehaving
    finally:
        server.close()
        for task in list(open_):
            task.cancel()
        await asyncio.gather(*open_, return_exceptions=True)


def head(status: str, length: int | None, tag: str = "tag") -> bytes:
    announced = "" if length is None else f"Content-Length: {length}\r\n"
    return (
        f"HTTP/1.1 {status}\r\n{announced}Connection: close\r\n"
        f'ETag: "{tag}"\r\nLast-Modified: Sat, 21 Nov 2026 11:12:25 GMT\r\n\r\n'
    ).encode()


def sends(*parts: bytes | float) -> Answer:
    """Bytes, and seconds of silence between them; then the connection ends."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        for part in parts:
            if isinstance(part, bytes):
                writer.write(part)
                await writer.drain()
            else:
                await asyncio.sleep(part)

    return answer


def good(body: bytes, tag: str = "tag") -> Answer:
    return sends(head("200 OK", len(body), tag), body)


def error(status: str, code: str) -> Answer:
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>x</Message></Error>".encode()
    return sends(head(status, len(body)), body)


def cut_short(body: bytes, announced: int, tag: str = "tag") -> Answer:
    return sends(head("200 OK", announced, tag), body)


async def resets(writer: asyncio.StreamWriter) -> None:
    """End the connection as a crash does: RST instead of FIN."""
    line: socket.socket = writer.get_extra_info("socket")
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


SILENT: Answer = sends(60.0)
