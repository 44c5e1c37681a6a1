"""Every exception of the gateway and the HTTP status each one means.

A message is shown to the client as it is: it names what was wrong and what is accepted, and never
a bucket, a host, a path of this machine or a secret.
"""

from typing import ClassVar


class ResizerError(Exception):
    """The root: an error of the gateway's own making."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"

    def __init__(self, message: str = "", *, reason: str | None = None) -> None:
        """`reason` is for the operator's log and not for the client."""
        super().__init__(message)
        self.reason = reason


class InvalidRequest(ResizerError):
    """An unknown option, a bad value, a key no bucket can hold."""

    status = 400
    title = "Invalid request"

    def __init__(
        self, message: str, *, option: str | None = None, accepted: str | None = None
    ) -> None:
        super().__init__(message)
        self.option = option
        self.accepted = accepted


class SignatureMismatch(ResizerError):
    """The URL needs a signature and carries none, or one that no key made."""

    status = 403
    title = "Signature required"


class RouteNotFound(ResizerError):
    """Nothing is served under this path."""

    status = 404
    title = "Not found"


class SourceNotFound(ResizerError):
    """There is no such original (or the bucket will not say that there is one)."""

    status = 404
    title = "Image not found"


class OverlayNotFound(ResizerError):
    """There is no such original to be shown over another."""

    status = 404
    title = "Overlay not found"


class MethodNotAllowed(ResizerError):
    """Images are read with GET and HEAD."""

    status = 405
    title = "Method not allowed"
    allow: ClassVar[str] = "GET, HEAD, OPTIONS"
    """For the `Allow` header (RFC 9110 §10.2.1)."""


class SignatureExpired(ResizerError):
    """The URL was good until its `exp`."""

    status = 410
    title = "URL expired"


class UnprocessableSource(ResizerError):
    """The original is too large, of a format not read here, corrupt, or killed its worker."""

    status = 422
    title = "Original cannot be rendered"
    of_every_variant = False
    """Whatever is asked of the original, it will fail: no need to fetch it for another size."""


class RenderTimeout(UnprocessableSource):
    """The render took longer than its limit and was ended: the original asks for too much.

    Not a 5xx: asked again it would take as long, and it has cost a worker.
    """

    status = 422
    title = "Original takes too long to render"


class SourceUnavailable(ResizerError):
    """The bucket cannot be reached or refuses its credentials."""

    status = 502
    title = "Source unavailable"


class Overloaded(ResizerError):
    """The queue of renders is full."""

    status = 503
    title = "Overloaded"
    retry_after: ClassVar[int] = 1
    """Seconds, for the `Retry-After` header."""


class SourceTimeout(ResizerError):
    """The bucket did not deliver the original in time."""

    status = 504
    title = "Source timed out"


class CacheUnavailable(ResizerError):
    """A cache tier failed. Never leaves the gateway: it is counted and treated as a miss."""


_OF_THE_ORIGINAL = (
    SourceNotFound,
    OverlayNotFound,
    UnprocessableSource,
    SourceUnavailable,
    SourceTimeout,
    RenderTimeout,
)


def shared_error(facts: object) -> ResizerError | None:
    """The error that another gateway met, from its name and message; None for any that would be
    that gateway's own (its queue is full, say), and for no error."""
    match facts:
        case [str(name), str(message)] if message.isprintable():
            kinds = {kind.__name__: kind for kind in _OF_THE_ORIGINAL}
            return kinds[name](message) if name in kinds else None
    return None
