"""The vendors: each module here is one, and names in `VENDORS` the ways to purge it."""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

from resizer.cdn.vendor import Vendor


def _found() -> Iterator[Vendor]:
    for module in iter_modules(__path__):
        yield from import_module(f"{__name__}.{module.name}").VENDORS


VENDORS = {vendor.name: vendor for vendor in _found()}
NEEDS = tuple(dict.fromkeys(need for vendor in VENDORS.values() for need in vendor.needs))
"""Settings that one or other of them cannot do without."""
TOKENS = frozenset(vendor.token for vendor in VENDORS.values() if vendor.token)
"""Those of them that are secrets."""
