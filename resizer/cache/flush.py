"""Flush: what is to be forgotten, how much it was, and its form on the wire."""

import json
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Flush:
    """Forget one key, or every key that starts with a prefix (`""` is all of them)."""

    key: str | None = None
    prefix: str = ""
    """Counts only without a key."""

    def matches(self, key: str) -> bool:
        """Whether `key` is to be forgotten."""
        return key.startswith(self.prefix) if self.key is None else key == self.key

    def to_json(self) -> str:
        """As it is published to the other gateways."""
        facts = {"prefix": self.prefix} if self.key is None else {"key": self.key}
        return json.dumps(facts)

    @classmethod
    def from_json(cls, message: bytes) -> Self:
        """What was published. Anything malformed is a flush of everything: the safe reading."""
        try:
            facts = json.loads(message)
            if isinstance(facts, dict) and isinstance(facts.get("key"), str):
                return cls(key=facts["key"])
            if isinstance(facts, dict) and isinstance(facts.get("prefix"), str):
                return cls(prefix=facts["prefix"])
        except (ValueError, RecursionError):
            pass
        return cls()


@dataclass(frozen=True, slots=True)
class Flushed:
    """What a flush removed from a tier, or would remove."""

    originals: int = 0
    variants: int = 0

    def __add__(self, other: "Flushed") -> "Flushed":
        return Flushed(self.originals + other.originals, self.variants + other.variants)
