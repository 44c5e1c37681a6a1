"""The options part of a URL, read option by option against the table."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

from resizer.errors import InvalidRequest
from resizer.model.transform import NO_EDGES, Transform, number
from resizer.urls import values
from resizer.urls.keys import percent_decode
from resizer.urls.options import BY_SPELLING, OPTIONS, REFUSED_NAMES, REFUSED_VALUES, Option

MAX_LENGTH = 4096
"""Characters of an options part, percent-encoded."""


@dataclass(frozen=True, slots=True)
class ParsedOption:
    """One option of a URL, understood."""

    definition: Option
    text: str
    """As written, percent-decoded."""
    value: Any

    @property
    def name(self) -> str:
        """The canonical one, whichever spelling was used."""
        return self.definition.name

    @property
    def field(self) -> str:
        """The field of Transform or ImageRequest that it sets."""
        return self.definition.field or self.definition.name


def read_options(text: str, presets: Collection[str]) -> list[ParsedOption]:
    """Every option of `text`, in its order. `presets` are the names that may stand alone.

    Raises InvalidRequest for an option that is unknown, bad, repeated or follows `sig`.
    """
    parts = text.split(",", len(OPTIONS))
    if len(text) > MAX_LENGTH or len(parts) > len(OPTIONS):
        raise InvalidRequest(
            "The options are too long.",
            accepted=f"each option once, {MAX_LENGTH} characters in all",
        )
    if not text:
        raise no_options()
    options = [_read(percent_decode(part, "options"), presets) for part in parts]
    _refuse_repeats([option.name for option in options])
    if any(option.name == "sig" for option in options[:-1]):
        raise InvalidRequest("sig is not the last option.", option="sig", accepted="sig at the end")
    return options


def with_width(options: Sequence[str], width: int) -> tuple[str, ...]:
    """Decoded `options` with this width: in the place of the one they have, else in front."""
    wanted = f"width={width}"
    replaced = tuple(wanted if _is_width(option) else option for option in options)
    return replaced if wanted in replaced else (wanted, *replaced)


def _is_width(option: str) -> bool:
    found = BY_SPELLING.get(option.partition("=")[0])
    return found is not None and found.name == "width"


def no_options() -> InvalidRequest:
    return InvalidRequest(
        "The URL has no options: it needs at least one, such as width=400.",
        accepted="at least one, such as width=400, before the key",
    )


def shown(text: str) -> str:
    """A client's words, fit to be shown in a message: not more than 40 characters of them."""
    return text if len(text) <= 40 else f"{text[:40]}…"


def _read(text: str, presets: Collection[str]) -> ParsedOption:
    name, equals, value = text.partition("=")
    if not equals and name in presets:
        return ParsedOption(OPTIONS["preset"], text, name)
    option = BY_SPELLING.get(name)
    if option is None:
        raise _unknown_option(name, [] if equals else presets)
    if not equals:
        raise _bad(option, f"{name} has no value")
    if reason := REFUSED_VALUES.get((option.name, value)):
        raise _bad(option, f"{name}={value} is {reason}")
    if option.name == "preset" and value not in presets:
        raise _bad(option, f"There is no preset {shown(value)}{_hint(value, presets)}")
    try:
        return ParsedOption(option, text, option.read(value))
    except ValueError:
        raise _bad(option, f"{name}={shown(value)} is not valid") from None


def _bad(option: Option, what: str) -> InvalidRequest:
    return InvalidRequest(
        f"{what}: {option.name} takes {option.accepts}.",
        option=option.name,
        accepted=option.accepts,
    )


def _unknown_option(name: str, presets: Collection[str]) -> InvalidRequest:
    """`presets` are what else the name could have been meant for."""
    if not name:
        return InvalidRequest("There is an empty option.", accepted="<name>=<value>,<name>=<value>")
    what = f"{shown(name)} is neither an option nor a preset{_hint(name, [*BY_SPELLING, *presets])}"
    if name in REFUSED_NAMES:
        what = f"{name} is {REFUSED_NAMES[name]}"
    accepted = ", ".join(OPTIONS)
    return InvalidRequest(
        f"{what}: the options are {accepted}.", option=shown(name), accepted=accepted
    )


def _hint(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name[:64], [*known], n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _refuse_repeats(names: Sequence[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen or (name.startswith("trim.") and "trim" in names):
            raise InvalidRequest(
                f"{name} is given twice.", option=name, accepted="each option once, in one spelling"
            )
        seen.add(name)


_NOT_TRANSFORM = ("preset", "onerror", "exp", "sig")


def to_transform(options: Sequence[ParsedOption], base: Transform, max_side: int) -> Transform:
    """`base` with what `options` say, `trim.…` put together into one rectangle.

    Raises InvalidRequest for a box that, with border and dpr, is over `max_side` pixels.
    """
    transform = replace(base, **_changes(options))
    _check_side("width", transform, max_side)
    _check_side("height", transform, max_side)
    return transform


def _changes(options: Sequence[ParsedOption]) -> dict[str, Any]:
    """The fields of Transform that these options set."""
    changes = {
        option.field: option.value for option in options if option.name not in _NOT_TRANSFORM
    }
    sides = {
        option.name.removeprefix("trim."): option.value
        for option in options
        if option.name.startswith("trim.")
    }
    return changes | {"trim": values.box(sides)} if sides else changes


def _check_side(name: str, transform: Transform, max_side: int) -> None:
    """Refuse a box (with border and dpr) that is larger than any variant may be."""
    edges = transform.border.edges if transform.border else NO_EDGES
    frame = edges.left + edges.right if name == "width" else edges.top + edges.bottom
    pixels = round(((getattr(transform, name) or 0) + frame) * transform.dpr, 4)
    if pixels > max_side:
        raise InvalidRequest(
            f"{name} would be {number(pixels)} pixels, dpr and border included:"
            f" at most {max_side} are made.",
            option=name,
            accepted=f"at most {max_side} pixels, dpr and border included",
        )
