"""Flush: which variants are to be removed everywhere, how many were, and its JSON form."""

from dataclasses import dataclass
from typing import Any, Self

from resizer.model.field import has_tag, overlays_in


@dataclass(frozen=True, slots=True)
class Flush:
    """Forget one key, every variant with a tag, or every key that starts with a prefix.

    A variant is forgotten with its original, and with each that it shows over that.

    Of the three the first that is set counts; `Flush()` is everything.
    """

    key: str | None = None
    prefix: str = ""
    tag: str | None = None
    """The name of a preset, or another tag of a field."""

    def matches(self, key: str, field: str) -> bool:
        """Whether that variant is to be forgotten."""
        if self.tag is not None:
            return has_tag(field, self.tag)
        return self.touches(key) or any(map(self.touches, overlays_in(field)))

    def touches(self, key: str) -> bool:
        """Whether anything of `key` is to be forgotten: a variant of it, its original."""
        if self.key is not None:
            return key == self.key
        return self.tag is not None or key.startswith(self.prefix)

    def to_facts(self) -> dict[str, Any]:
        """As JSON can hold it."""
        if self.key is not None:
            return {"key": self.key}
        return {"prefix": self.prefix} if self.tag is None else {"tag": self.tag}

    @classmethod
    def from_facts(cls, facts: object) -> Self:
        """What `to_facts` made. Anything malformed is a flush of everything: the safe reading."""
        if isinstance(facts, dict):
            for name in ("key", "tag", "prefix"):
                if isinstance(facts.get(name), str):
                    return cls(**{name: facts[name]})
        return cls()


@dataclass(frozen=True, slots=True)
class FlushResult:
    """What a flush removed from the shared tiers, or would remove."""

    originals: int = 0
    variants: int = 0
    paths: frozenset[str] = frozenset()
    """Paths of URLs that were answered with what was removed, as far as they were noted."""
    results: int = 0
    """Variants removed from behind the shared tier."""
    confirmed: int = 0
    """Gateways that said that they forgot it."""
    unconfirmed: int = 0
    """Gateways that did not say that they forgot it; by now their memory stands aside."""

    def __add__(self, other: "FlushResult") -> "FlushResult":
        return FlushResult(
            self.originals + other.originals,
            self.variants + other.variants,
            self.paths | other.paths,
            self.results + other.results,
            max(self.confirmed, other.confirmed),
            max(self.unconfirmed, other.unconfirmed),
        )
