"""A peer that already runs, known by the shape of its URLs."""

from bench.bucket import Bucket
from bench.peers import Ask, Peer

FIELDS = "{source} {key} {width} {height} {format} {quality}"


def by_url(bucket: Bucket, given: str) -> Peer:
    """From `NAME=TEMPLATE`; `{source}` is the original's URL, the other fields are its ask's.

    Raises ValueError for a template with other fields, or without a name.
    """
    name, equals, template = given.partition("=")
    if not (name and equals and "://" in template):
        raise ValueError(f"{given!r} is not NAME=URL with {FIELDS}")

    def url(ask: Ask) -> str:
        return template.format(
            source=bucket.url(ask.key),
            key=ask.key,
            width=ask.width,
            height=ask.height or 0,
            format=ask.format,
            quality=ask.quality or 100,
        )

    try:
        url(Ask("key", "jpeg"))
    except (KeyError, IndexError) as error:
        raise ValueError(f"{given!r} asks for what is not among {FIELDS}") from error
    return Peer(name, url)
