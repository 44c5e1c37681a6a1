"""A dialect that only tests know: `/toy/<width>/<key>`, signed by what follows a `~`."""

import re
from collections.abc import Sequence

from resizer.errors import InvalidRequest
from resizer.model.formats import Format
from resizer.model.transform import Transform
from resizer.urls.dialect import Dialect, DialectRegistry, DialectSettings
from resizer.urls.dialects import DIALECTS
from resizer.urls.keys import read_key, write_key
from resizer.urls.request import ImageRequest
from resizer.urls.signing import SignatureScheme, hmac_sha256


def _parse(tail: str, settings: DialectSettings) -> ImageRequest:
    path, mark, signature = tail.partition("~")
    width, _, key = path.partition("/")
    if not width.isdecimal() or int(width) > settings.max_side:
        raise InvalidRequest("A toy has a width.")
    return ImageRequest(
        transform=Transform(width=int(width), format=Format.PNG),
        key=read_key(key),
        preset=None,
        explicit=frozenset({"width"}),
        expires=None,
        redirect_on_error=False,
        signed=path.encode("utf-8", "surrogateescape"),
        signature=signature if mark else None,
        scheme=_SCHEME,
    )


def _write(options: Sequence[str], key: str, secret: str | None) -> str:
    (width,) = options
    path = f"{width}/{write_key(key).replace('~', '%7E')}"
    return path if secret is None else f"{path}~{_SCHEME.sign(secret, path.encode())}"


_SCHEME = SignatureScheme(
    lambda secret, signed: hmac_sha256(secret.encode(), b"toy:" + signed)[:20],
    "one after a ~",
    "the toy",
)
TOY = Dialect(
    prefixes=("/toy/", "/old/toy/"),
    form="/toy/<width>/<key>",
    parse=_parse,
    write=_write,
    signature=re.compile(r"^((?:/old)?/toy/[^~]*~).*"),
)
WITH_TOY = DialectRegistry(*DIALECTS, TOY)
