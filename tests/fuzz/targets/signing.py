"""Signed URLs: what was signed is let in, and nothing else, however it is written.

The first line is a tail that is signed, by an HMAC of this file's own. Its signature then stands
under the second line, which is another tail, and in the third, a spelling of `sig=…`, for `{}`.
"""

import base64
import hashlib
from collections.abc import Sequence
from urllib.parse import unquote, unquote_to_bytes

from resizer.errors import ResizerError, SignatureExpired, SignatureMismatch
from resizer.urls import signing
from resizer.urls.access import Access, Urls, authorise
from resizer.urls.dialects import DIALECTS
from resizer.urls.dialects.cloudflare import parse, write
from resizer.urls.request import ImageRequest
from tests.fuzz.oracles import check_refusal
from tests.fuzz.target import Target
from tests.fuzz.targets.urls import SETTINGS
from tests.support.urls import options_of, sign

SECRET = "test-key-0123456789abcdef0123456789abcdef"
OTHER = "another-key-9876543210fedcba9876543210fed"
ALL_URLS = [Access(urls, (OTHER, SECRET), frozenset({320})) for urls in Urls]
_INNER, _OUTER = (
    bytes(byte ^ pad for byte in SECRET.encode().ljust(64, b"\0")) for pad in (0x36, 0x5C)
)


def check(data: bytes) -> None:
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    first, second, spelling = (*lines, "", "")[:3]
    request = _understood(first)
    if request is None or request.signature is not None:
        return
    signature = made(options_of(request), request.key)
    check_signed(request, signature)
    check_unsigned(request)
    check_expiry(request)
    check_forged(request, signature, second)
    check_spelled(request, signature, spelling)


def made(options: Sequence[str], key: str) -> str:
    """RFC 2104 in three lines."""
    text = "".join(f"{option}\n" for option in options) + f"\n{key}"
    inner = hashlib.sha256(_INNER + text.encode()).digest()
    digest = hashlib.sha256(_OUTER + inner).digest()
    return base64.b64encode(digest, b"-_").decode().removesuffix("=")


def check_signed(request: ImageRequest, signature: str) -> None:
    assert sign(SECRET, options_of(request), request.key) == signature
    tail = write(options_of(request), request.key, SECRET)
    assert tail == write([*options_of(request), f"sig={signature}"], request.key)
    assert all(lets_in(tail, signature, access) for access in ALL_URLS)
    assert not lets_in(tail, signature, Access(Urls.SIGNED, (OTHER,)))
    assert not lets_in(tail, signature, Access(Urls.SIGNED))


def check_unsigned(request: ImageRequest) -> None:
    """What a client may do without a key: presets, with one of the widths, or one of the widths."""
    tail = write(options_of(request), request.key)
    said = [option.partition("=") for option in options_of(request)]
    widths = [value for name, _, value in said if name in ("w", "width")]
    others = [
        name for name, _, _ in said if name not in ("w", "width", "preset", *SETTINGS.presets)
    ]
    allowed = {
        Urls.SIGNED: False,
        Urls.PRESETS: not others and all(int(width) == 320 for width in widths),
        Urls.OPEN: True,
    }
    for access in ALL_URLS:
        assert lets_in(tail, "", access) == allowed[access.urls], access.urls


def check_expiry(request: ImageRequest) -> None:
    """The end of a URL is signed too, and holds from its first second."""
    assert any(text.startswith("exp=") for text in options_of(request)) == bool(request.expires)
    for late in (-1, -0.001, 0, 1e12):
        try:
            signing.check_expiry(request.expires, (request.expires or 0) + late)
        except SignatureExpired:
            assert request.expires
            assert late >= 0
        else:
            assert not request.expires or late < 0


def check_forged(request: ImageRequest, signature: str, tail: str) -> None:
    """The signature of one URL under another: good if they say the same, whatever the spelling."""
    options, slash, rest = tail.partition("/")
    forged = f"{options},sig={signature}{slash}{rest}"
    if (other := _understood(forged)) is None:
        return
    said = [_decoded(part) for part in options.split(",")]
    same = (said, _decoded(rest.removeprefix("/"))) == ([*options_of(request)], request.key)
    assert (said, other.signature) == ([*options_of(other)], signature)
    for access in ALL_URLS:
        assert lets_in(forged, signature, access) == same


def check_spelled(request: ImageRequest, signature: str, spelling: str) -> None:
    """One spelling of a signature is good, however it is encoded; no log shows that one."""
    tail = write(options_of(request), request.key)
    options, slash, rest = tail.partition("/")
    spelled = f"{options},{spelling.replace('{}', signature)}{slash}{rest}"
    read = _understood(spelled)
    if read is None or read.signature is None or options_of(read) != options_of(request):
        return
    same = read.signature == signature and read.key == request.key
    for access in ALL_URLS:
        assert lets_in(spelled, signature, access) == same
    if same:
        line = DIALECTS.redact(
            f"/img/{spelled}".encode("utf-8", "surrogateescape").decode("latin-1")
        )
        assert signature not in line
        assert signature not in unquote(line)


def lets_in(tail: str, signature: str, access: Access) -> bool:
    try:
        authorise(parse(tail, SETTINGS), access)
    except SignatureMismatch as error:
        check_refusal(error, 403)
        told = (str(error), repr(error))
        assert not any(secret in text for text in told for secret in (SECRET, OTHER))
        assert not signature or not any(signature in text for text in told)
        return False
    return True


def _understood(tail: str) -> ImageRequest | None:
    try:
        return parse(tail, SETTINGS)
    except ResizerError as error:
        check_refusal(error, 400, 404)
        return None


def _decoded(raw: str) -> str:
    return unquote_to_bytes(raw.encode("utf-8", "surrogateescape")).decode()


SIGNED = "width=400,format=auto,exp=1798761600/photos/cat.jpg"
TARGET = Target(
    check,
    seeds=[
        f"{SIGNED}\n{SIGNED}\nsig={{}}".encode(),
        f"{SIGNED}\nwidth%3D400,format=auto,exp=1798761600//photos%2Fcat.jpg\nsig={{}}=".encode(),
        b"w=1/a/b\nw=1,/a/b\n%73%49g={}",
        b"background=rgb%280%200%200%20%2F%2050%25%29/Zo%C3%AB\n"
        b"background=rgb(0 0 0 %2f 50%25)/Zo\xc3\xab\n%73ig%3d{}",
        b"hero,w=320/a\nhero,w=320/b\nsig={},",
        b"preset=hero,dpr=2/a%2C\nwidth=320/a\nsig={}%2Cw=1",
        b"hero/a\nhero/a\nsig={}/b",
        b"w=0320/a\nw=320/a\nsig=%20{}",
    ],
    words=[
        *(
            b"{}",
            b"sig=",
            b",sig=",
            b"%73ig%3D",
            b"exp=",
            b"exp=1/",
            b"hero",
            b"w=320",
            b"/a\n",
            b"dpr=2",
        ),
        *(b"%0A", b"%2C", b"%2F", b"\n", b"\n\n", b"%00", b"=", b"//"),
    ],
)
