"""What an SVG may ask for, counted in its text before anything is drawn.

Few bytes of an SVG can ask for hours and gigabytes, and no header says so. So its elements are
counted here, each as often as references (`use`, masks, patterns, …) have it drawn, and the images
inside it are taken out to be looked at. What this cannot see, `svg_cost` bounds in time and memory.

Seen in librsvg without it: 60 masks of two rectangles each that use the next draw for minutes,
100 lines with markers on markers for ever, and 30,000 clip paths in a chain overflow its stack.
"""

import re
from base64 import b64decode
from collections.abc import Iterable
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from urllib.parse import unquote_to_bytes
from xml.parsers import expat

from resizer.errors import UnprocessableSource

MAX_ELEMENTS = 100_000
"""Elements drawn, each as often as it is referred to. 100,000 circles take 0.5 GB and 1.5 s."""
MAX_DEPTH = 256
"""Elements within elements, references followed. libxml2 allows as many without references."""
_MAX_ENTITY = 1000
"""Characters of an entity. Drawing programs keep the names of XML namespaces in them."""
_MAX_EXPANDED = 1024 * 1024
"""Characters that all the uses of entities may come to."""
_MAX_DECLARED = 100
"""Attributes that a document type declares: expat goes over all of them for each more, and no clock
stops it. Drawing programs declare none or a dozen."""
_MAX_DEFAULTS = 10
"""Names of XML namespaces that it gives to each element."""

_DRAWS = {
    *("use", "tref", "textPath", "feImage", "pattern", "filter", "mask"),
    *("linearGradient", "radialGradient"),
}
"""Elements whose `href` has something drawn, or taken over, that stands elsewhere."""
_SHOWS = {"image", "feImage"}
_URL = re.compile(r"""url\(\s*['"]?#([^'")\s]+)""")


def check_svg(text: memoryview) -> list[bytes]:
    """The images inside an SVG, each once. Raises UnprocessableSource when it asks too much.

    External files need no bound: neither librsvg nor the worker's sandbox lets it read any.
    """
    tree = _Tree(text)
    _check_drawn(tree)
    return [data for url in sorted(tree.images) if (data := _data(url))]


@dataclass(slots=True)
class _Element:
    depth: int
    refers: list[str] = field(default_factory=list)
    children: list[int] = field(default_factory=list)


class _Tree:
    """The elements of a text, by number, in the order in which they start."""

    def __init__(self, text: memoryview) -> None:
        self.elements: list[_Element] = []
        self.ids: dict[str, int] = {}
        self.images: set[str] = set()
        self._open: list[int] = []
        self._references = bytes(text).count(b"&")
        self._declared = self._defaults = 0
        self._parse(text)

    def _parse(self, text: memoryview) -> None:
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = lambda name: self._open.pop()
        parser.EntityDeclHandler = self._entity
        parser.AttlistDeclHandler = self._attribute
        try:
            parser.Parse(bytes(text), True)
        except (expat.ExpatError, LookupError, ValueError) as error:
            raise UnprocessableSource(f"The SVG is not well-formed: {error}.") from None

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        number, depth = len(self.elements), len(self._open) + 1
        if number >= MAX_ELEMENTS:
            raise _too_many()
        if depth > MAX_DEPTH:
            raise _too_deep()
        element = _Element(depth)
        self.elements.append(element)
        if self._open:
            self.elements[self._open[-1]].children.append(number)
        self._open.append(number)
        self._note(number, name.rpartition(":")[2], attributes)

    def _note(self, number: int, name: str, attributes: dict[str, str]) -> None:
        refers = self.elements[number].refers
        for attribute, value in attributes.items():
            if attribute == "id":
                self.ids.setdefault(value, number)
            elif attribute.rpartition(":")[2] == "href":
                link = value.strip()
                if name in _DRAWS and link.startswith("#"):
                    refers.append(link[1:])
                elif name in _SHOWS and link.startswith("data:"):
                    self.images.add(link)
            elif "url(" in value:
                refers += _URL.findall(value)

    def _entity(
        self,
        name: str,
        is_parameter: bool,
        value: str | None,
        base: str | None,
        system: str | None,
        public: str | None,
        notation: str | None,
    ) -> None:
        if is_parameter or value is None or "&" in value or "%" in value:
            raise UnprocessableSource(
                "The SVG has an entity that refers outside it or to another: plain text is taken."
            )
        if len(value) > _MAX_ENTITY or len(value) * self._references > _MAX_EXPANDED:
            raise UnprocessableSource(
                f"The entities of the SVG come to more than {_MAX_EXPANDED:,} characters."
            )

    def _attribute(
        self, element: str, name: str, kind: str, default: str | None, required: bool
    ) -> None:
        self._declared += 1
        self._defaults += default is not None
        if default is not None and not name.startswith("xmlns"):
            raise UnprocessableSource("The SVG declares a default value of an attribute.")
        if self._declared > _MAX_DECLARED or self._defaults > _MAX_DEFAULTS:
            raise UnprocessableSource("The SVG declares too many attributes.")


def _check_drawn(tree: _Tree) -> None:
    """Count from the leaves up: what an element draws is itself and all that it has drawn."""
    if not any(element.refers for element in tree.elements):
        return  # as many and as deep as they stand there, which is counted
    drawn, height = [1] * len(tree.elements), [1] * len(tree.elements)
    below = {
        number: [*element.children, *_targets(tree, element)]
        for number, element in enumerate(tree.elements)
    }
    try:
        for number in TopologicalSorter(below).static_order():
            drawn[number] += sum(drawn[one] for one in below[number])
            height[number] += max((height[one] for one in below[number]), default=0)
            if drawn[number] > MAX_ELEMENTS:
                raise _too_many()
            if height[number] > MAX_DEPTH:
                raise _too_deep()
    except CycleError:
        raise UnprocessableSource("The SVG draws an element within itself.") from None


def _targets(tree: _Tree, element: _Element) -> Iterable[int]:
    return (tree.ids[name] for name in element.refers if name in tree.ids)


def _data(url: str) -> bytes:
    """RFC 2397: `data:[type][;base64],data`. What cannot be decoded is empty."""
    head, _, data = url.partition(",")
    try:
        raw = unquote_to_bytes(data)
        return b64decode(b"".join(raw.split())) if head.endswith(";base64") else raw
    except ValueError:
        return b""


def _too_many() -> UnprocessableSource:
    return UnprocessableSource(f"The SVG draws more than {MAX_ELEMENTS:,} elements.")


def _too_deep() -> UnprocessableSource:
    return UnprocessableSource(f"The SVG has elements more than {MAX_DEPTH} deep.")
