"""URL dialects, a module each: all that there are stand in `DIALECTS`."""

from resizer.urls.dialect import DialectRegistry
from resizer.urls.dialects import cloudflare

DIALECTS = DialectRegistry(cloudflare.DIALECT)
