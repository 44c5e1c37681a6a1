"""What an SVG may ask for: counted, and refused in words, before anything is drawn."""

import base64
import struct
import zlib

import pytest

from resizer.errors import UnprocessableSource
from resizer.model.limits import Limits
from resizer.render.containers.svg import MAX_DEPTH, MAX_ELEMENTS, check_svg
from resizer.render.read.inspect import inspect
from tests.support.drawings import flat, jpeg

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" width="100" height="50">'


def inside(text: str, doctype: str = "") -> list[bytes]:
    return check_svg(memoryview(f"{doctype}{HEAD}{text}</svg>".encode()))


def refused(text: str, doctype: str = "") -> str:
    with pytest.raises(UnprocessableSource) as refusal:
        inside(text, doctype)
    return str(refusal.value)


def ladder(rung: str, ground: str, height: int) -> str:
    """`ground`, drawn by each rung as often as that says, one rung upon another."""
    rungs = (rung.replace("HERE", f"r{n}").replace("BELOW", f"r{n - 1}") for n in range(1, height))
    return ground.replace("HERE", "r0") + "".join(rungs)


USES = '<g id="HERE"><use href="#BELOW"/><use href="#BELOW"/></g>'
MASKS = '<mask id="HERE"><rect mask="url(#BELOW)"/><rect style="mask: url( \'#BELOW\' )"/></mask>'
PATTERNS = '<pattern id="HERE"><rect fill="url(#BELOW)"/><rect fill="url(#BELOW)"/></pattern>'
MARKERS = '<marker id="HERE"><path marker-end="url(#BELOW)"/><use href="#BELOW"/></marker>'


@pytest.mark.parametrize("rung", [USES, MASKS, PATTERNS, MARKERS])
def test_what_multiplies_is_counted_as_often_as_it_is_drawn(rung: str) -> None:
    ground = '<rect id="HERE"/>'
    assert inside(ladder(rung, ground, 10)) == []
    assert f"more than {MAX_ELEMENTS:,} elements" in refused(ladder(rung, ground, 40))


def test_a_chain_of_references_is_as_deep_as_elements_within_elements() -> None:
    chain = '<use id="HERE" href="#BELOW"/>'
    assert inside(ladder(chain, '<g id="HERE"/>', MAX_DEPTH - 2)) == []
    assert f"{MAX_DEPTH} deep" in refused(ladder(chain, '<g id="HERE"/>', MAX_DEPTH + 2))
    assert f"{MAX_DEPTH} deep" in refused("<g>" * MAX_DEPTH + "</g>" * MAX_DEPTH)
    assert inside("<g>" * (MAX_DEPTH - 1) + "</g>" * (MAX_DEPTH - 1)) == []


def test_elements_are_counted() -> None:
    assert inside("<g/>" * (MAX_ELEMENTS - 1)) == []
    assert "more than 100,000 elements" in refused("<g/>" * MAX_ELEMENTS)


def test_what_draws_itself_is_refused_and_a_link_to_itself_is_none() -> None:
    assert "within itself" in refused('<g id="a"><use href="#a"/></g>')
    assert "within itself" in refused('<mask id="a"><rect mask="url(#a)"/></mask>')
    assert inside('<g id="a"><a href="#a"><rect/></a></g>') == []


def test_names_kept_in_entities_are_fine() -> None:
    doctype = '<!DOCTYPE svg [<!ENTITY ns "http://www.w3.org/2000/svg">]>'
    assert check_svg(memoryview(f'{doctype}<svg xmlns="&ns;"/>'.encode())) == []


@pytest.mark.parametrize(
    "entity",
    [
        '<!ENTITY a "&b;">',
        '<!ENTITY a SYSTEM "file:///etc/passwd">',
        '<!ENTITY a PUBLIC "x" "http://127.0.0.1/">',
        '<!ENTITY % a "b">',
    ],
)
def test_entities_that_refer_are_refused(entity: str) -> None:
    assert "entity" in refused("<text>&a;</text>", f"<!DOCTYPE svg [<!ENTITY b 'x'>{entity}]>")


def test_entities_that_come_to_much_are_refused() -> None:
    doctype = f'<!DOCTYPE svg [<!ENTITY a "{"x" * 900}">]>'
    assert inside("&a;" * 1000, doctype) == []
    assert "1,048,576 characters" in refused("&a;" * 2000, doctype)


def declared(*attributes: str) -> str:
    return f"<!DOCTYPE svg [{''.join(f'<!ATTLIST g {one}>' for one in attributes)}]>"


def test_attributes_that_are_declared_are_counted() -> None:
    """Unbounded, their cost grows with the square of their number."""
    names = [f"a{n} CDATA #IMPLIED" for n in range(101)]
    assert inside("<g/>", declared(*names[:100])) == []
    assert "too many attributes" in refused("<g/>", declared(*names))


def test_no_element_is_given_attributes_that_are_not_written() -> None:
    namespaces = [f'xmlns:n{n} CDATA #FIXED "http://www.w3.org/{n}"' for n in range(11)]
    assert inside("<g/>", declared(*namespaces[:10])) == []
    assert "too many attributes" in refused("<g/>", declared(*namespaces))
    assert "default value" in refused("<g/>", declared('mask CDATA "url(#a)"'))


def test_declared_elements_are_left_alone_however_deep() -> None:
    doctype = f"<!DOCTYPE svg [<!ELEMENT g {'(' * 100_000}a{')' * 100_000}>]>"
    assert inside("<g/>", doctype) == []


@pytest.mark.parametrize("text", ["<g>", "</g>", "&nbsp;", "<g a='1' a='2'/>", "\0", "<\xff"])
def test_what_is_no_xml_is_refused(text: str) -> None:
    assert "not well-formed" in refused(text)


def bomb(side: int) -> bytes:
    """A PNG that says how large it is, and no more."""
    head = b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))
    data = b"IDAT" + zlib.compress(bytes(100))
    rest = struct.pack(">I", len(data) - 4) + data + struct.pack(">I", zlib.crc32(data))
    return b"\x89PNG\r\n\x1a\n" + body + rest


def image(data: bytes, kind: str = "png") -> str:
    coded = base64.b64encode(data).decode()
    return f'<image width="9" height="9" href="data:image/{kind};base64,{coded}"/>'


def look_at(text: str) -> None:
    inspect(memoryview(f"{HEAD}{text}</svg>".encode()), Limits())


def test_the_images_inside_are_taken_out_once_each() -> None:
    picture = jpeg(flat(8, 8, (9, 9, 9)))
    percent = '<image href="data:image/svg+xml,%3Csvg/%3E"/>'
    assert set(inside(image(picture) * 3 + percent)) == {picture, b"<svg/>"}
    assert len(inside(image(picture) * 3)) == 1
    look_at(image(picture) * 3 + '<image href="data:,"/>')


def test_images_inside_are_bound_together_by_what_their_headers_say() -> None:
    look_at(image(bomb(4000)))
    with pytest.raises(UnprocessableSource, match="have 32,008,001 pixels, more than 25,000,000"):
        look_at(image(bomb(4000)) + image(bomb(4001)))


@pytest.mark.parametrize("data", [b"BM\0\0", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", b"text"])
def test_an_image_inside_that_nobody_draws_is_refused(data: bytes) -> None:
    with pytest.raises(UnprocessableSource):
        look_at(image(data))


def test_a_bomb_within_an_svg_within_an_svg_is_found() -> None:
    with pytest.raises(UnprocessableSource, match="pixels"):
        look_at(image(f"{HEAD}{image(bomb(6000))}</svg>".encode(), "svg+xml"))
