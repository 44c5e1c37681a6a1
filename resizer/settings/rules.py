"""Rules that span settings: each is right on its own, and together they cannot be."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from resizer.cdn.vendors import NEEDS
from resizer.settings.settings import PREFIX, Settings
from resizer.urls.access import Urls

MAKE_A_KEY = (
    "make one with `openssl rand -hex 32` or"
    ' `python3 -c "import secrets; print(secrets.token_hex(32))"`'
)


@dataclass(frozen=True, slots=True)
class SettingRule:
    """What must hold of some settings."""

    names: frozenset[str]
    """Those it looks at; the rule is not asked while one of them is a fault of its own."""
    fault: Callable[[Settings], str | None]
    """What is wrong, if anything."""


def _presets_fit(settings: Settings) -> str | None:
    try:
        settings.parsed_presets()
    except ValueError as error:
        return f"{PREFIX}PRESETS: {error}"
    return None


def _presets_can_redirect(settings: Settings) -> str | None:
    if settings.fallback or _presets_fit(settings) is not None:
        return None
    redirecting = [n for n, p in settings.parsed_presets().items() if p.redirect_on_error]
    if not redirecting:
        return None
    return f"{PREFIX}PRESETS: preset {redirecting[0]}: onerror=redirect needs {PREFIX}FALLBACK"


def _widths_fit(settings: Settings) -> str | None:
    if max(settings.widths, default=0) <= settings.max_output_side:
        return None
    return f"{PREFIX}WIDTHS: {max(settings.widths)} is over {PREFIX}MAX_OUTPUT_SIDE"


def _source_is_named(settings: Settings) -> str | None:
    if settings.source:
        return None
    return (
        f"{PREFIX}SOURCE is not set: say where originals are, s3://bucket[/prefix] or a directory"
    )


def _directory_is_there(settings: Settings) -> str | None:
    if not settings.source or settings.source_address.exists():
        return None
    return f"{PREFIX}SOURCE: there is no directory {settings.source}"


def _cache_is_shared(settings: Settings) -> str | None:
    if settings.cache.get_secret_value() != "memory:":
        return None
    return f"{PREFIX}CACHE is memory:, which lives inside the server: no command reaches it"


def _results_can_be_flushed(settings: Settings) -> str | None:
    if settings.results is None or settings.cache.get_secret_value() != "memory:":
        return None
    return f"{PREFIX}RESULTS needs a Redis as {PREFIX}CACHE: what is flushed is told through it"


def _results_are_elsewhere(settings: Settings) -> str | None:
    results = settings.results_address
    if results is None or not settings.source or not settings.source_address.contains(results):
        return None
    return f"{PREFIX}RESULTS lies inside {PREFIX}SOURCE: results could be asked for as originals"


def _can_sign(settings: Settings) -> str | None:
    if settings.urls is not Urls.SIGNED or settings.signing_keys:
        return None
    return (
        f"{PREFIX}SIGNING_KEYS is not set and {PREFIX}URLS is signed: {MAKE_A_KEY};"
        f" or choose {PREFIX}URLS=presets or open"
    )


def _answers_something(settings: Settings) -> str | None:
    allowed = settings.signing_keys or settings.presets or settings.widths
    if settings.urls is not Urls.PRESETS or allowed:
        return None
    return f"{PREFIX}URLS is presets: set {PREFIX}PRESETS, {PREFIX}WIDTHS or {PREFIX}SIGNING_KEYS"


def _cdn_is_named(settings: Settings) -> str | None:
    return None if settings.cdn else f"{PREFIX}CDN is not set: say what to purge"


def _vendors_have(name: str, settings: Settings) -> str | None:
    if getattr(settings, name):
        return None
    vendors = (target.vendor for target in settings.purge_policy.targets)
    needing = [vendor.name for vendor in vendors if name in vendor.needs]
    if not needing:
        return None
    return f"{PREFIX}{name.upper()} is not set, and {needing[0]} in {PREFIX}CDN needs it"


def _events_are_named(settings: Settings) -> str | None:
    if settings.events:
        return None
    return f"{PREFIX}EVENTS is not set: say which SQS queue takes the bucket's notifications"


def _source_has_events(settings: Settings) -> str | None:
    address = settings.source_address
    if not settings.source or address.sends_events:
        return None
    return f"{PREFIX}SOURCE is {address.form}, and only a bucket sends events"


ALWAYS = (
    SettingRule(frozenset({"presets", "max_output_side"}), _presets_fit),
    SettingRule(frozenset({"presets", "fallback"}), _presets_can_redirect),
    SettingRule(frozenset({"widths", "max_output_side"}), _widths_fit),
)
_PURGES = tuple(
    SettingRule(frozenset({"cdn", name}), partial(_vendors_have, name)) for name in NEEDS
)
PURGING = (SettingRule(frozenset({"cdn"}), _cdn_is_named), *_PURGES)
"""What a purge of the CDN needs. A server that has the same settings needs none of it."""
SHARED = SettingRule(frozenset({"cache"}), _cache_is_shared)
NAMED_SOURCE = SettingRule(frozenset({"source"}), _source_is_named)
SIGNING = SettingRule(frozenset({"urls", "signing_keys"}), _can_sign)
WATCHING = (
    NAMED_SOURCE,
    SHARED,
    SettingRule(frozenset({"source"}), _source_has_events),
    SettingRule(frozenset({"events"}), _events_are_named),
    *_PURGES,
)
"""What `resizer watch` needs."""
SERVING = (
    NAMED_SOURCE,
    SettingRule(frozenset({"source"}), _directory_is_there),
    SettingRule(frozenset({"results", "cache"}), _results_can_be_flushed),
    SettingRule(frozenset({"results", "source"}), _results_are_elsewhere),
    SIGNING,
    SettingRule(frozenset({"urls", "presets", "widths", "signing_keys"}), _answers_something),
)
"""What a server needs beside what always holds."""
