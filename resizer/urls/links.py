"""Links: paths of variants as the gateway answers them, signed where it wants that."""

from collections.abc import Sequence
from dataclasses import dataclass

from resizer.urls.access import Access, authorise
from resizer.urls.dialect import Dialect, DialectSettings
from resizer.urls.dialects import DIALECTS
from resizer.urls.request import ImageRequest


@dataclass(frozen=True, slots=True)
class Links:
    """Writes only what a gateway of these settings lets in."""

    settings: DialectSettings
    access: Access
    dialect: Dialect = DIALECTS.default

    def path(self, key: str, options: Sequence[str]) -> str:
        """The path of a URL, signed with the first key if there is one.

        `options` and `key` are decoded. Raises InvalidRequest, SourceNotFound and
        SignatureMismatch for what would not be answered.
        """
        return self._checked(key, options)[0]

    def request(self, key: str, options: Sequence[str]) -> ImageRequest:
        """What the gateway understands of that path. Raises the same."""
        return self._checked(key, options)[1]

    def _checked(self, key: str, options: Sequence[str]) -> tuple[str, ImageRequest]:
        secret = next(iter(self.access.secrets), None)
        tail = self.dialect.write(options, key, secret)
        request = self.dialect.parse(tail, self.settings)
        authorise(request, self.access)
        return self.dialect.prefixes[0] + tail, request
