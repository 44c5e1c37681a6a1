"""Every setting, once: its name, type, default, bounds and meaning.

A name is the same everywhere: `RESIZER_MAX_AGE` in the environment, `max_age` in the TOML file,
`--max-age` as a flag, `MAX_AGE` as a heading in the documentation. Flags win over the environment,
the environment over the file. Unknown names are refused and all faults are told together.
"""

import os
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from resizer.cdn.target import PurgePolicy, read_target
from resizer.cdn.vendors import TOKENS
from resizer.model.limits import FailOn, Limits
from resizer.render.protocol.messages import Resampling
from resizer.settings.types import (
    WIDEST,
    AddressText,
    CacheUrl,
    Port,
    Presets,
    Seconds,
    Secrets,
    Targets,
    Timeout,
    Token,
    WebUrl,
    Widths,
    read_preset,
)
from resizer.storage.address import Address, Servers
from resizer.storage.kinds import read_address
from resizer.urls.access import Access, Urls
from resizer.urls.dialect import DialectSettings
from resizer.urls.preset import Preset

PREFIX = "RESIZER_"
CONFIG_VARIABLE = PREFIX + "CONFIG"
_DEFAULT_CONFIG = Path("resizer.toml")
_LIMITS = Limits()


def config_file() -> Path | None:
    """The TOML file: that of `RESIZER_CONFIG`, else `resizer.toml` here if there is one."""
    if name := os.environ.get(CONFIG_VARIABLE):
        return Path(name)
    return _DEFAULT_CONFIG if _DEFAULT_CONFIG.is_file() else None


class Settings(BaseSettings):
    """The settings of a gateway. Sections and order are those of the documentation."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    source: AddressText = Field(
        "", description="Where originals are: s3://bucket[/prefix] or a directory."
    )
    s3_endpoint: WebUrl | None = Field(
        None, description="URL of an S3-compatible server; else AWS_ENDPOINT_URL_S3, else AWS."
    )
    s3_region: str | None = Field(None, description="Region of the bucket; else AWS_REGION.")
    source_cache_mb: int = Field(128, ge=0, description="Originals each process keeps, MiB.")

    cache: CacheUrl = Field(
        SecretStr("memory:"),
        description="The shared tier: redis://, rediss://, redis+cluster://; memory: for none.",
    )
    fresh_for: Seconds = Field(
        3600, description="Time after which the source is asked whether an original changed."
    )
    serve_stale_for: Seconds = Field(
        86_400, description="Then, time for which a variant is served while the source is asked."
    )
    cache_timeout: Timeout = Field(
        0.25, description="Longest wait for Redis; after it the request is a miss."
    )
    memory_cache_mb: int = Field(256, ge=0, description="Size of each process's memory tier, MiB.")
    missing_ttl: Seconds = Field(
        10, description="Time for which a missing or unreadable original is remembered."
    )
    results: AddressText | None = Field(
        None, description="Where variants are kept beyond Redis: s3://bucket/prefix or a directory."
    )

    urls: Urls = Field(Urls.SIGNED, description="Which URLs are answered: signed, presets or open.")
    signing_keys: Secrets = Field(
        [], description="Comma-separated secrets: the first signs, any is accepted."
    )
    presets: Presets = Field({}, description="Named options: thumb:width=200,fit=cover hero:w=1600")
    widths: Widths = Field([], description="Widths that unsigned URLs may ask for (URLS=presets).")
    fallback: WebUrl | None = Field(None, description="URL that onerror=redirect leads to.")
    public_url: WebUrl = Field(
        "", description="Where clients ask: before paths of `resizer url`, and told to CDN targets."
    )

    max_age: Seconds = Field(86_400, description="Cache-Control max-age: browsers.")
    s_maxage: Seconds = Field(604_800, description="Cache-Control s-maxage: CDNs.")
    stale_while_revalidate: Seconds = Field(86_400, description="Cache-Control of the same name.")
    stale_if_error: Seconds = Field(
        604_800,
        description="Time for which a stale variant is served while the source is away; told so.",
    )
    error_max_age: Seconds = Field(10, description="Cache-Control max-age of a problem reply.")
    partial_max_age: Seconds = Field(
        60, description="Time for which a picture of a broken original is kept, here and by CDNs."
    )

    cdn: Targets = Field([], description="What to purge: cloudfront:id fastly:id ban:http://host …")
    cloudflare_token: Token = Field(
        SecretStr(""), description="API token that may purge the cache of the zone."
    )
    fastly_token: Token = Field(
        SecretStr(""), description="API token that may purge the service by key."
    )

    events: WebUrl = Field("", description="URL of the SQS queue of the bucket's notifications.")
    dead_letters: WebUrl = Field("", description="URL of the SQS queue of what nobody can handle.")
    event_tries: int = Field(
        5, ge=1, description="Times a message is received before it is given up."
    )

    max_source_bytes: int = Field(
        _LIMITS.max_source_bytes, ge=1, description="Largest original, bytes."
    )
    max_source_pixels: int = Field(
        _LIMITS.max_source_pixels, ge=1, description="Largest original, width × height."
    )
    max_output_side: int = Field(
        _LIMITS.max_output_side, ge=1, le=WIDEST, description="Largest variant side, pixels."
    )
    max_variant_bytes: int = Field(
        _LIMITS.max_variant_bytes, ge=1024 * 1024, description="Largest variant, bytes."
    )
    max_frames: int = Field(_LIMITS.max_frames, ge=1, description="Most frames of an animation.")
    fetch_seconds: Timeout = Field(
        _LIMITS.fetch_seconds, description="Time for an original to arrive whole."
    )
    render_seconds: Timeout = Field(
        _LIMITS.render_seconds, description="Time of one render, then its worker is killed."
    )
    svg_seconds: Timeout = Field(
        _LIMITS.svg_seconds, description="CPU time of the render of an SVG."
    )
    render_memory_mb: int = Field(
        _LIMITS.render_memory_mb, ge=384, description="Address space of one worker, MiB."
    )
    max_queue: int = Field(
        _LIMITS.max_queue, ge=1, description="Fills under way in a process; one more is a 503."
    )

    fail_on: FailOn = Field(
        _LIMITS.fail_on, description="Originals to refuse: none, truncated, error or warning."
    )

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: Port = Field(8080, description="Port to listen on.")
    workers: int = Field(1, ge=1, le=256, description="Server processes.")
    renderers: int = Field(
        0, ge=0, le=256, description="Render workers of each process; 0 shares out the cores."
    )
    renderer_recycle: int = Field(1000, ge=1, description="Renders after which one is replaced.")
    pixel_cache_mb: int = Field(
        256, ge=0, description="Decoded pixels that each process keeps for other sizes, MiB."
    )
    resampling: Resampling = Field(
        Resampling.LINEAR, description="linear (right) or gamma (as peers do, cheaper)."
    )
    drain_seconds: Seconds = Field(30, description="Time for open requests after SIGTERM.")
    access_log: bool = Field(True, description="One JSON line a request on standard output.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls, config_file()))

    @property
    def source_address(self) -> Address:
        """Where originals are, and by which server."""
        return self._address(self.source)

    @property
    def results_address(self) -> Address | None:
        """Where variants are kept beyond Redis, if anywhere."""
        return None if self.results is None else self._address(self.results)

    def _address(self, text: str) -> Address:
        return read_address(text, Servers(self.s3_endpoint, self.s3_region))

    @property
    def renderers_each(self) -> int:
        """Render workers of one process: as set, else one a core, shared out among processes."""
        return self.renderers or max(1, len(os.sched_getaffinity(0)) // self.workers)

    @property
    def limits(self) -> Limits:
        """The limits as one value."""
        return Limits(**{name: getattr(self, name) for name in Limits.__dataclass_fields__})

    @property
    def secrets(self) -> tuple[str, ...]:
        """The signing keys in plain text; the first signs."""
        return tuple(key.get_secret_value() for key in self.signing_keys)

    @property
    def access(self) -> Access:
        """Which URLs are answered, for whom."""
        return Access(self.urls, self.secrets, frozenset(self.widths))

    @property
    def purge_policy(self) -> PurgePolicy:
        """What is in front of the gateway, and how it is purged."""
        return PurgePolicy(
            tuple(read_target(entry) for entry in self.cdn),
            self.public_url,
            {name: getattr(self, name).get_secret_value() for name in TOKENS},
        )

    def parsed_presets(self) -> dict[str, Preset]:
        """The presets. Raises ValueError for the first that is wrong under these limits."""
        return {
            name: read_preset(name, options, self.max_output_side)
            for name, options in self.presets.items()
        }

    @property
    def dialect_settings(self) -> DialectSettings:
        """What URLs may say under these settings."""
        return DialectSettings(
            max_side=self.max_output_side,
            presets=self.parsed_presets(),
            onerror_allowed=self.fallback is not None,
        )
