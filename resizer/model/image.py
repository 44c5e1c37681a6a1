"""The three forms an image takes on its way: Original → Rendered → Variant."""

import itertools
import math
import os
import re
import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self


@dataclass(frozen=True, slots=True)
class Original:
    """Fetched source bytes, in a sealed memfd so that they reach a worker without a copy.

    Whoever holds it closes it: `with original: …`.
    """

    fd: int
    size: int
    """Bytes."""
    etag: str
    """The source's entity tag, without quotes; empty where it gives none, and then never equal."""
    last_modified: datetime
    """Aware, UTC."""
    checked_at: float
    """Unix time just before the source was asked and said that this is it."""
    serial: int = field(default_factory=itertools.count(1).__next__, compare=False)
    """Of these very bytes in this process, and of every copy of the descriptor."""

    def close(self) -> None:
        os.close(self.fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The source's word that an original still is the one whose entity tag was named."""

    checked_at: float
    """Unix time just before the source was asked."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a worker made of an original: encoded bytes and what they are."""

    body: bytes = field(repr=False)
    """Never shown in a log or an error: megabytes of text would stop the event loop."""
    content_type: str
    width: int
    height: int
    seconds: float
    """Time inside the worker."""
    partial: bool = False
    """The original is cut short or broken, and this shows it as far as it goes."""
    began: str = ""
    """The kind of kept pixels that the render began with; none for the original's bytes."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One produced image as it is cached: everything a reply needs is computed when it is made."""

    body: bytes = field(repr=False)
    head: bytes = field(repr=False)
    """Response header lines that are the same for every reply, each ending in CRLF."""
    content_type: str
    etag: str
    """Strong entity tag of `body`, with its quotes."""
    last_modified: datetime
    """Of the original; aware, UTC, whole seconds."""
    original_etag: str
    width: int
    height: int
    checked_at: float
    """Unix time at which the source last said that this original is the current one."""
    partial: bool = False
    """See `Rendered`. It is not kept for long: whoever put the original there may yet mend it."""

    @property
    def size(self) -> int:
        """Bytes held, for caches that count them."""
        return len(self.body) + len(self.head)


VariantId = tuple[str, str]
"""Names one variant: the key of its original, and its field among those of the original."""

_PREFIX = struct.Struct("!4sIIIIIIIBdd")
"""Magic; sizes of head, content type, etag, original etag and body; width, height, partial; times.

Numbers in their places and no JSON: read for each hit, a third of the time that took."""
_MAGIC = b"RZV2"
_UNREADABLE = (struct.error, ValueError, OverflowError, OSError)
"""What too few bytes, or a time that no calendar holds, makes of the attempt."""
_HEAD = re.compile(rb"(?:[a-z-]+: [^\r\n\0]*\r\n)*")
"""It is sent as it is: a line more, or one that is none, would be another reply."""


def pack(variant: Variant) -> bytes:
    """A variant as one value of a shared cache: numbers, texts, head, body."""
    texts = [text.encode() for text in (variant.content_type, variant.etag, variant.original_etag)]
    prefix = _PREFIX.pack(
        _MAGIC,
        *(len(variant.head), *map(len, texts), len(variant.body)),
        *(variant.width, variant.height, variant.partial),
        *(variant.last_modified.timestamp(), variant.checked_at),
    )
    return b"".join((prefix, *texts, variant.head, variant.body))


def unpack(value: bytes) -> Variant:
    """The variant that `pack` wrote. Raises ValueError on anything else."""
    try:
        return _unpack(value)
    except _UNREADABLE as error:
        raise ValueError(f"not a packed variant: {error}") from None


def _unpack(value: bytes) -> Variant:
    """What is stored elsewhere may be anybody's: nothing is believed that could not be sent."""
    magic, head, kind, etag, original, size, width, height, partial, modified, checked = (
        _PREFIX.unpack_from(value)
    )
    etag_at = _PREFIX.size + kind
    original_at = etag_at + etag
    head_at = original_at + original
    body_at = head_at + head
    if magic != _MAGIC or len(value) != body_at + size:
        raise ValueError("lengths disagree")
    texts = value[_PREFIX.size : head_at].decode("ascii")
    if not texts.isprintable():
        raise ValueError("text that no header field holds")
    if partial > 1 or not math.isfinite(checked):
        raise ValueError("no fact or no time")
    if min(width, height) < 1 or not _HEAD.fullmatch(value, head_at, body_at):
        raise ValueError("no size or no head")
    return Variant(
        value[body_at:],
        value[head_at:body_at],
        texts[:kind],
        texts[kind : kind + etag],
        datetime.fromtimestamp(modified, UTC),
        texts[kind + etag :],
        width,
        height,
        checked,
        partial == 1,
    )
