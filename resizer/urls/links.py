"""Links: paths of variants as the gateway answers them, signed where it wants that."""

from collections.abc import Sequence
from dataclasses import dataclass

from resizer.urls import signing
from resizer.urls.access import Access, authorise
from resizer.urls.dialects.cloudflare import DialectSettings, parse, write


@dataclass(frozen=True, slots=True)
class Links:
    """Writes only what a gateway of these settings lets in."""

    settings: DialectSettings
    access: Access

    def path(self, key: str, options: Sequence[str]) -> str:
        """`/img/<options>/<key>`, signed with the first key if there is one.

        `options` and `key` are decoded. Raises InvalidRequest, SourceNotFound and
        SignatureMismatch for what would not be answered.
        """
        secrets = self.access.secrets
        signature = signing.sign(secrets[0], options, key) if secrets else None
        tail = write(options, key, signature)
        authorise(parse(tail, self.settings), self.access)
        return f"/img/{tail}"
