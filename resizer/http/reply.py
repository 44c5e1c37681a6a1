"""Reply: one whole response, and how it leaves through ASGI."""

from dataclasses import dataclass

from starlette.types import Send

from resizer.http.headers import Headers


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, header fields and body."""

    status: int
    headers: Headers
    body: bytes = b""


async def send_reply(reply: Reply, method: str, send: Send) -> None:
    """Send `reply`; a HEAD gets the same head and no body (RFC 9110 §9.3.2)."""
    body = b"" if method == "HEAD" else reply.body
    await send({"type": "http.response.start", "status": reply.status, "headers": reply.headers})
    await send({"type": "http.response.body", "body": body})
