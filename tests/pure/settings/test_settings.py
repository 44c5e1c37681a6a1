import pickle
from pathlib import Path

import pytest

from resizer.cdn.vendors import TOKENS
from resizer.model.limits import Limits
from resizer.settings.load import SettingsError, read_settings, warnings
from resizer.settings.rules import PURGING, SERVING, WATCHING
from resizer.settings.settings import Settings
from resizer.settings.types import Confidential
from resizer.urls.access import Urls


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of the machine that runs the tests."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"RESIZER_{name.upper()}", raising=False)
    monkeypatch.delenv("RESIZER_CONFIG", raising=False)


def faults_of(**flags: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read_settings(flags)
    return caught.value.faults


def serving_faults(**flags: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read_settings(flags, SERVING)
    return caught.value.faults


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESIZER_SOURCE", "s3://photos/public")
    monkeypatch.setenv("RESIZER_SIGNING_KEYS", "new, old")
    monkeypatch.setenv("RESIZER_WIDTHS", "320,640")
    monkeypatch.setenv("RESIZER_FRESH_FOR", "7d")
    monkeypatch.setenv("RESIZER_PRESETS", "thumb:width=200,fit=cover hero:w=1600")
    settings = read_settings()
    assert settings.source == "s3://photos/public"
    assert settings.secrets == ("new", "old")
    assert settings.widths == [320, 640]
    assert settings.fresh_for == 7 * 86_400
    assert set(settings.dialect_settings.presets) == {"thumb", "hero"}


def test_flags_win_over_the_environment_and_that_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "resizer.toml").write_text('host = "file"\nport = 1\nworkers = 3\n')
    monkeypatch.setenv("RESIZER_HOST", "environment")
    monkeypatch.setenv("RESIZER_PORT", "2")
    settings = read_settings({"host": "flag", "port": None})
    assert (settings.host, settings.port, settings.workers) == ("flag", 2, 3)


def test_a_toml_file_holds_presets_as_a_table(tmp_path: Path) -> None:
    (tmp_path / "resizer.toml").write_text(
        'signing_keys = ["a", "b"]\nmax_age = "1h"\n[presets]\nthumb = "width=200,height=200"\n'
    )
    settings = read_settings()
    assert settings.presets == {"thumb": "width=200,height=200"}
    assert settings.max_age == 3600
    assert settings.secrets == ("a", "b")


def test_all_faults_are_told_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESIZER_PORT", "eighty")
    monkeypatch.setenv("RESIZER_SOURSE", "x")
    monkeypatch.setenv("RESIZER_URLS", "closed")
    monkeypatch.setenv("RESIZER_FRESH_FOR", "soon")
    monkeypatch.setenv("RESIZER_PRESETS", "thumb:widht=3")
    faults = "\n".join(faults_of())
    assert "RESIZER_SOURSE: no such setting; did you mean RESIZER_SOURCE?" in faults
    assert "RESIZER_PORT" in faults
    assert "'eighty'" in faults
    assert "'signed', 'presets' or 'open'" in faults
    assert "RESIZER_FRESH_FOR: must be a time such as" in faults
    assert "RESIZER_PRESETS: preset thumb: widht" in faults


def test_an_unknown_name_in_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "resizer.toml").write_text("max_agee = 3\n")
    assert faults_of() == ["max_agee: no such setting; did you mean max_age?"]


def test_a_file_that_is_not_toml_or_not_there_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bad.toml").write_text("port = \n")
    monkeypatch.setenv("RESIZER_CONFIG", "bad.toml")
    assert "bad.toml" in faults_of()[0]
    monkeypatch.setenv("RESIZER_CONFIG", "gone.toml")
    assert faults_of() == ["RESIZER_CONFIG: there is no file gone.toml"]


def test_secrets_are_never_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESIZER_SIGNING_KEYS", "hush-hush")
    monkeypatch.setenv("RESIZER_CACHE", "redis://:hush-hush@localhost")
    settings = read_settings()
    assert "hush" not in f"{settings!r} {settings} {settings.model_dump_json()}"
    for cache in ("memcached://:hush-hush@localhost", "redis://:hush-hush@localhost:port"):
        monkeypatch.setenv("RESIZER_CACHE", cache)
        (fault,) = faults_of()
        assert fault.startswith("RESIZER_CACHE: ")
        assert "hush" not in fault


def test_what_is_a_secret_is_confidential_when_it_is_wrong() -> None:
    secret = [n for n, field in Settings.model_fields.items() if "Secret" in str(field.annotation)]
    assert {"signing_keys", "cache"} | TOKENS == set(secret)
    assert all(Confidential in Settings.model_fields[name].metadata for name in (*secret, "cdn"))


@pytest.mark.parametrize(
    "source", ["gs://bucket", "s3://", "s3:///prefix", "file://host/a", "http://example.com/"]
)
def test_a_source_of_another_kind_is_refused(source: str) -> None:
    assert "RESIZER_SOURCE" in faults_of(source=source)[0]


def test_a_preset_wider_than_the_limit_is_refused() -> None:
    (fault,) = faults_of(presets="hero:width=1600", max_output_side="800")
    assert fault.startswith("RESIZER_PRESETS: preset hero: width")


def test_a_server_needs_a_source_and_on_signed_urls_a_key() -> None:
    source, key = serving_faults()
    assert "RESIZER_SOURCE is not set" in source
    assert "openssl rand -hex 32" in key
    assert read_settings({"source": "s3://photos", "urls": "open"}, SERVING)


def test_a_directory_that_is_not_there_keeps_a_server_from_starting() -> None:
    (fault,) = serving_faults(source="nowhere", urls="open")
    assert fault == "RESIZER_SOURCE: there is no directory nowhere"


def test_what_is_wrong_together_is_told_with_what_is_wrong_alone() -> None:
    faults = serving_faults(port="0x", workers="0", widths="9000", presets="a:w=1,onerror=redirect")
    assert [fault.partition(" ")[0].rstrip(":") for fault in faults] == [
        "RESIZER_PORT",
        "RESIZER_WORKERS",
        "RESIZER_PRESETS",
        "RESIZER_WIDTHS",
        "RESIZER_SOURCE",
        "RESIZER_SIGNING_KEYS",
    ]
    assert "must be a whole number (given: '0x')" in faults[0]
    assert "must be at least 1" in faults[1]


def test_a_server_that_could_answer_nothing_does_not_start() -> None:
    (fault,) = serving_faults(source="s3://photos", urls="presets")
    assert "RESIZER_WIDTHS" in fault


@pytest.mark.parametrize("name", ["fallback", "public_url", "s3_endpoint"])
@pytest.mark.parametrize(
    "value", ["foo", "ftp://host/", "http://", "https://host/a\r\nSet-Cookie: b"]
)
def test_what_is_no_web_address_is_refused(name: str, value: str) -> None:
    (fault,) = faults_of(**{name: value})
    assert "must be an http:// or https:// URL" in fault


@pytest.mark.parametrize("name", ["cache_timeout", "fetch_seconds", "render_seconds"])
def test_nothing_is_waited_for_longer_than_an_hour(name: str) -> None:
    settings = read_settings({name: "1h"})
    assert getattr(settings, name) == 3600
    for value in ("99999999999d", "3600.5", "61m"):
        (fault,) = faults_of(**{name: value})
        assert fault == f"RESIZER_{name.upper()}: must be at most 1h (given: {value!r})"


@pytest.mark.parametrize("cache", ["redis://host/zzz", "redis://host/0?nosuch=1", "unix://h"])
def test_a_cache_that_redis_py_would_choke_on_is_refused(cache: str) -> None:
    (fault,) = faults_of(cache=cache)
    assert fault.startswith("RESIZER_CACHE: must be memory:")


def test_a_port_that_kubernetes_set_is_explained() -> None:
    (fault,) = faults_of(port="tcp://10.0.0.1:8080")
    assert "enableServiceLinks: false" in fault


def test_a_fault_may_quote_braces() -> None:
    (fault,) = faults_of(presets="thumb:width={x}")
    assert fault.startswith("RESIZER_PRESETS: preset thumb: width={x}")


def test_a_name_that_is_like_no_other_gets_no_suggestion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESIZER_FOO", "1")
    assert faults_of() == ["RESIZER_FOO: no such setting"]


def test_open_urls_and_short_keys_are_warned_of() -> None:
    assert "anyone" in warnings(Settings(urls=Urls.OPEN))[0]
    short, fine = (
        read_settings({"signing_keys": "short"}),
        read_settings({"signing_keys": "k" * 32}),
    )
    assert "fewer than 32 characters" in warnings(short)[0]
    assert not warnings(fine)


def test_every_limit_is_a_setting_with_the_same_default() -> None:
    assert Settings().limits == Limits()


def test_settings_travel_to_other_processes() -> None:
    settings = read_settings({"signing_keys": "a", "presets": "thumb:width=3"})
    assert pickle.loads(pickle.dumps(settings)) == settings


def test_what_is_in_front_is_a_list_of_targets() -> None:
    faults = "cloudfront:E1, ban:http://varnish:6081/  purge:https://nginx"
    settings = read_settings(
        {"cdn": faults, "fastly_token": "hush", "public_url": "https://i.test"}
    )
    policy = settings.purge_policy
    assert [str(target) for target in policy.targets] == [
        "cloudfront:E1",
        "ban:http://varnish:6081",
        "purge:https://nginx",
    ]
    assert (policy.public_url, policy.tokens["fastly_token"]) == ("https://i.test", "hush")
    assert "hush" not in f"{settings!r} {policy!r}"


def test_a_wrong_target_is_a_fault_that_repeats_no_password() -> None:
    assert "RESIZER_CDN: must be entries such as fastly:id" in faults_of(cdn="akamai:1")[0]
    (fault,) = faults_of(cdn="ban:http://me:hush@varnish")
    assert "without a password" in fault
    assert "hush" not in fault


@pytest.mark.parametrize(
    ("cdn", "needed"),
    [
        ("cloudflare:z", {"cloudflare_token": "t"}),
        ("cloudflare-url:z", {"cloudflare_token": "t", "public_url": "https://i.test"}),
        ("fastly:s", {"fastly_token": "t"}),
        ("cloudfront:E1 ban:http://varnish purge:http://nginx", {}),
    ],
)
def test_a_purge_needs_its_tokens_and_a_server_does_not(cdn: str, needed: dict[str, str]) -> None:
    serving = {"source": "s3://photos", "urls": "open", "cdn": cdn}
    assert read_settings(serving, SERVING)
    assert read_settings({"cdn": cdn, **needed}, PURGING)
    for name in needed:
        with pytest.raises(SettingsError) as caught:
            read_settings({"cdn": cdn, **needed, name: None}, PURGING)
        (fault,) = caught.value.faults
        kind = cdn.partition(":")[0]
        assert fault == f"RESIZER_{name.upper()} is not set, and {kind} in RESIZER_CDN needs it"


def test_a_purge_needs_something_to_purge() -> None:
    with pytest.raises(SettingsError, match="RESIZER_CDN is not set"):
        read_settings({}, PURGING)


def test_watching_needs_a_bucket_its_queue_and_a_redis() -> None:
    queue = "https://sqs.eu-west-1.amazonaws.com/1/events"
    watching = {"source": "s3://photos", "cache": "redis://localhost", "events": queue}
    assert read_settings(watching, WATCHING)
    with pytest.raises(SettingsError) as caught:
        read_settings({"source": "/photos"}, WATCHING)
    assert caught.value.faults == [
        "RESIZER_CACHE is memory:, which lives inside the server: no command reaches it",
        "RESIZER_SOURCE is a directory, and only a bucket sends events",
        "RESIZER_EVENTS is not set: say which SQS queue takes the bucket's notifications",
    ]
