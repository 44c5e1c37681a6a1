"""Names: what the keys, fields and channels of one source are called in Redis."""

from dataclasses import dataclass
from urllib.parse import quote

LEASE = "lease:"
"""Begins the field of a lease; the name of the variant's own field follows."""
PATH = "path:"
"""Begins a field that notes the path of a URL that was answered with the original."""
_NOT_VARIANTS = (LEASE.encode(), PATH.encode())


@dataclass(frozen=True, slots=True)
class Names:
    """Those of one namespace. It is quoted, so that no two pairs of namespace and key meet."""

    namespace: str

    @property
    def prefix(self) -> str:
        return f"resizer:{self._quoted}:"

    @property
    def flushes(self) -> str:
        """The channel that gateways hear flushes on."""
        return f"resizer-flush:{self._quoted}"

    @property
    def fill_notices(self) -> str:
        """The channel that tells of fills that others wait for."""
        return f"resizer-landing:{self._quoted}"

    @property
    def check(self) -> str:
        """Written to see whether anything can be."""
        return f"resizer-check:{self._quoted}"

    @property
    def gateways(self) -> str:
        """Who was alive when, by the server's clock."""
        return f"resizer-gateways:{self._quoted}"

    @property
    def overlays(self) -> str:
        """The keys of originals that are shown over others: their variants lie anywhere."""
        return f"resizer-overlays:{self._quoted}"

    def confirmations(self, announcement: str) -> str:
        """The channel that gateways confirm one announcement on."""
        return f"resizer-flush-confirmed:{self._quoted}:{announcement}"

    def of(self, key: str) -> str:
        """The hash of one original."""
        return self.prefix + key

    @property
    def _quoted(self) -> str:
        return quote(self.namespace, safe="")


def is_variant(field: bytes) -> bool:
    return not field.startswith(_NOT_VARIANTS)
