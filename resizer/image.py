"""The three forms an image takes on its way: Original → Rendered → Variant."""

import itertools
import json
import math
import os
import re
import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self


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


_PREFIX = struct.Struct("!4sIII")
_MAGIC = b"RZV1"
_UNREADABLE_FACTS = (TypeError, KeyError, ValueError, OverflowError, OSError, RecursionError)
"""What JSON of another shape, or a time that no calendar holds, makes of the attempt."""


def pack(variant: Variant) -> bytes:
    """A variant as one value of a shared cache: lengths, facts as JSON, head, body."""
    facts = json.dumps(
        {
            "content_type": variant.content_type,
            "etag": variant.etag,
            "last_modified": variant.last_modified.timestamp(),
            "original_etag": variant.original_etag,
            "width": variant.width,
            "height": variant.height,
            "checked_at": variant.checked_at,
            "partial": variant.partial,
        }
    ).encode()
    return b"".join(
        (
            _PREFIX.pack(_MAGIC, len(facts), len(variant.head), len(variant.body)),
            facts,
            variant.head,
            variant.body,
        )
    )


def unpack(value: bytes) -> Variant:
    """The variant that `pack` wrote. Raises ValueError on anything else."""
    try:
        magic, facts_size, head_size, body_size = _PREFIX.unpack_from(value)
        facts_end = _PREFIX.size + facts_size
        if magic != _MAGIC or len(value) != facts_end + head_size + body_size:
            raise ValueError("lengths disagree")
        facts = json.loads(value[_PREFIX.size : facts_end])
        body_start = facts_end + head_size
        head = value[facts_end:body_start]
        _check(facts, head)
        facts["last_modified"] = datetime.fromtimestamp(facts["last_modified"], UTC)
        return Variant(body=value[body_start:], head=head, **facts)
    except (struct.error, *_UNREADABLE_FACTS) as error:
        raise ValueError(f"not a packed variant: {error}") from None


_KINDS: dict[str, tuple[type, ...]] = {
    "content_type": (str,),
    "etag": (str,),
    "original_etag": (str,),
    "width": (int,),
    "height": (int,),
    "checked_at": (float, int),
    "partial": (bool,),
}
_HEAD = re.compile(rb"(?:[a-z-]+: [^\r\n\0]*\r\n)*")
"""It is sent as it is: a line more, or one that is none, would be another reply."""


def _check(facts: dict[str, Any], head: bytes) -> None:
    """Raises ValueError, KeyError or TypeError: what is stored elsewhere may be anybody's."""
    if not all(type(facts[name]) in kinds for name, kinds in _KINDS.items()):
        raise ValueError("a fact of another kind")
    texts = (facts["content_type"], facts["etag"], facts["original_etag"])
    if not all(text.isascii() and text.isprintable() for text in texts):
        raise ValueError("text that no header field holds")
    if not math.isfinite(float(facts["checked_at"])):
        raise ValueError("no time")
    if min(facts["width"], facts["height"]) < 1 or not _HEAD.fullmatch(head):
        raise ValueError("no size or no head")
