"""SVG and XMP: what a worker reads of them before libraries in C do."""

from xml.parsers import expat

from resizer.errors import UnprocessableSource
from resizer.render.containers import svg
from resizer.render.containers.xmp import sanitized
from tests.fuzz.oracles import check_refusal
from tests.fuzz.target import Target

GAIN_MAP = "http://ns.adobe.com/hdr-gain-map/1.0/"


def check(data: bytes) -> None:
    check_drawing(data)
    check_xmp(data)


def check_drawing(text: bytes) -> None:
    try:
        images = svg.check_svg(memoryview(text))
    except UnprocessableSource as error:
        check_refusal(error, 422)
        return
    assert all(isinstance(image, bytes) for image in images)
    assert sum(map(len, images)) <= len(text)


def check_xmp(packet: bytes) -> None:
    """What is kept is the packet, or XML that says nothing of a gain map, and stays as it is."""
    kept = sanitized(packet)
    if kept is None or kept == packet:
        return
    assert GAIN_MAP not in _namespaces(kept)
    assert sanitized(kept) == kept


def _namespaces(text: bytes) -> set[str]:
    """Those that are declared; one that stands in a processing instruction is none."""
    found: set[str] = set()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartNamespaceDeclHandler = lambda prefix, uri: found.add(uri or "")
    parser.Parse(text, True)
    return found


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">%b</svg>'
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF'
    b' xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description'
    b' xmlns:g="http://ns.adobe.com/hdr-gain-map/1.0/" g:Version="1.0" a="b">'
    b"<g:Map>1</g:Map></rdf:Description></rdf:RDF></x:xmpmeta>"
)
TARGET = Target(
    check,
    seeds=[
        SVG % b'<circle id="a" r="4"/><use xlink:href="#a"/><use href="#a"/>',
        SVG % b'<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>',
        SVG % b'<image href="data:image/png;base64,iVBORw0KGgo="/><image href="data:,%00%ff"/>',
        SVG % b'<mask id="m"><rect fill="url(#p)"/></mask><rect mask="url(\'#m\')"/>',
        b'<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + SVG % b"<text>&a;</text>",
        b'<!DOCTYPE svg SYSTEM "file:///etc/passwd">' + SVG % b"",
        '<?xml version="1.0" encoding="UTF-16"?><svg/>'.encode("utf-16"),
        b'<?xml version="1.0" encoding="latin-1"?><svg id="\xe9"/>',
        SVG % (b"<g>" * 300),
        XMP,
        b"<?xpacket begin='\xef\xbb\xbf' id='W5M0MpCehiHzreSzNTczkc9d'?>"
        + XMP
        + b"<?xpacket end='w'?>",
        XMP.decode().encode("utf-16"),
    ],
    words=[
        *(
            b"<svg",
            b"<use ",
            b'href="#a"',
            b'xlink:href="data:',
            b";base64,",
            b' id="a"',
            b"url(#a)",
        ),
        *(b"<mask", b"<pattern", b"<image ", b"<!DOCTYPE ", b"<!ENTITY ", b"<!ENTITY % ", b"&a;"),
        *(b"<![CDATA[", b"]]>", b"<!--", b"-->", b"<?xml ", b'encoding="', b"&#0;", b"&#xD800;"),
        *(
            b"http://ns.adobe.com/hdr-gain-map/1.0/",
            b"http://ns.adobe.com/tiff/1.0/",
            b"Orientation",
        ),
        *(b'xmlns=""', b'xmlns:x="', b"utf-16", b"utf-7", b"\xff\xfe", b"\0", b"/>"),
    ],
)
