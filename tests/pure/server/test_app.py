"""What is wired: names on a shared Redis, and what forgets when something is flushed."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from resizer.cache.coherence import Coherence
from resizer.model.flush import Flush
from resizer.model.limits import FailOn
from resizer.render.protocol.messages import Resampling
from resizer.server.app import create_app
from resizer.server.components import Components
from resizer.server.factories import _results_id, fingerprint, summary
from resizer.settings.settings import Settings
from resizer.urls.access import Urls
from tests.support.caches import ONE
from tests.support.dialects import WITH_TOY


@pytest.fixture(autouse=True)
def _no_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)


def namespace(settings: Settings) -> str:
    return settings.source_address.namespace


@pytest.mark.parametrize(
    ("text", "endpoint", "source", "results"),
    [
        ("s3://photos", None, "215e8ef295b2", "148c9168"),
        ("s3://photos/", None, "215e8ef295b2", "148c9168"),
        ("s3://photos/public", None, "937ee7312849", "f73f760f"),
        ("s3://photos/public/", None, "937ee7312849", "f73f760f"),
        ("s3://photos//a", None, "d3bd44131695", "bbab77c7"),
        ("s3://photos/a?b#c%20d", None, "f5c380ae5988", "b5a3e8d3"),
        ("s3://photos", "http://127.0.0.1:9000", "997505b9419c", "148c9168"),
        ("/srv/photos", None, "79bc008a1a11", "79bc008a"),
        ("file:///srv/my%20photos", None, "f73e307e98a5", "f73e307e"),
    ],
)
def test_a_source_and_results_keep_their_names_from_version_to_version(
    text: str, endpoint: str | None, source: str, results: str
) -> None:
    settings = Settings.model_validate({"source": text, "results": text, "s3_endpoint": endpoint})
    assert (namespace(settings), _results_id(settings)) == (source, results)


def test_sources_that_differ_have_names_that_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Settings(source="s3://photos")
    prefixed = Settings(source="s3://photos/public")
    elsewhere = Settings(source="s3://photos", s3_endpoint="http://127.0.0.1:9000")
    assert len({namespace(settings) for settings in (one, prefixed, elsewhere)}) == 3
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9000")
    assert namespace(one) == namespace(elsewhere)


def test_one_source_has_one_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for spelled in ("s3://photos/", "S3://photos"):
        assert namespace(Settings(source=spelled)) == namespace(Settings(source="s3://photos"))
    monkeypatch.chdir(tmp_path)
    assert namespace(Settings(source="images")) == namespace(Settings(source=f"{tmp_path}/images"))
    assert "photos" not in namespace(Settings(source="s3://photos"))


def test_what_changes_the_bytes_changes_the_fingerprint() -> None:
    prints = [
        fingerprint(Settings()),
        fingerprint(Settings(resampling=Resampling.GAMMA)),
        fingerprint(Settings(max_output_side=100)),
        fingerprint(Settings(fail_on=FailOn.ERROR)),
    ]
    assert len(set(prints)) == 4
    assert fingerprint(Settings(max_age=5)) == prints[0]


def test_the_log_says_what_is_served_and_no_secret() -> None:
    settings = Settings.model_validate(
        {"source": "s3://photos", "cache": "redis://:hush@host/0", "renderers": 3}
    )
    assert summary(settings) == "source s3://photos, cache redis, 3 render workers, signed URLs"


def test_an_application_is_made_without_contacting_anything(tmp_path: Path) -> None:
    assert callable(create_app(Settings(source=str(tmp_path), urls=Urls.OPEN)))


def test_the_log_shows_no_signature_of_any_dialect(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async def scene() -> None:
        parts = Components(Settings(source=str(tmp_path), urls=Urls.OPEN), WITH_TOY)
        for path in (b"/toy/9/a~SECRET", b"/img/w=9,sig=SECRET/a"):
            parts.writer.write((0.0, 0.0, b"id", "GET", path, 200, 5, ""))
        parts.writer.flush()

    asyncio.run(scene())
    logged = capfd.readouterr().out
    assert len(logged.splitlines()) == 2
    assert "SECRET" not in logged


@pytest.mark.parametrize(
    "forget",
    [
        lambda coherence: coherence.forget(Flush(key="a")),
        lambda coherence: coherence.on_disconnect("ConnectionError"),
    ],
)
def test_all_that_a_process_remembers_is_forgotten_in_one_call(
    forget: Callable[[Coherence], None], tmp_path: Path
) -> None:
    async def scene() -> None:
        (tmp_path / "a").write_bytes(b"original")
        parts = Components(Settings(source=str(tmp_path), urls=Urls.OPEN, access_log=False))
        parts.memory.put("a", "width=1", ONE, 60)
        (await parts.originals.fetch("a")).close()
        assert (len(parts.memory), len(parts.originals)) == (1, 1)
        forget(parts.coherence)
        assert (len(parts.memory), len(parts.originals)) == (0, 0)
        await parts.originals.close()
        await parts.sources.close()

    asyncio.run(scene())
