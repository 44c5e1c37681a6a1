"""The fingerprint of the renderer: what changes pixels changes it, and nothing else does."""

import shutil
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import grimp
import pytest

import resizer
from resizer.render.host import fingerprint
from resizer.render.host.fingerprint import CODE, digest, libraries, of_renderer

PACKAGE = Path(resizer.__file__).parent


@pytest.fixture
def package(tmp_path: Path) -> Path:
    for name in ("model", "render"):
        shutil.copytree(PACKAGE / name, tmp_path / name)
    return tmp_path


def test_it_is_that_of_the_installed_files(package: Path) -> None:
    assert of_renderer() == digest(PACKAGE, [*libraries()]) == digest(package, [*libraries()])


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("model/formats.py", '"medium-high": 78', '"medium-high": 79'),
        ("model/formats.py", '"effort": 2', '"effort": 3'),
        ("render/pipeline/lanczos.py", "_LOBES = 3", "_LOBES = 2"),
        ("render/read/decoders/pdf.py", "PIXELS_PER_POINT = 2", "PIXELS_PER_POINT = 3"),
    ],
)
def test_another_setting_of_an_encoder_or_a_step_changes_it(
    package: Path, file: str, old: str, new: str
) -> None:
    before, text = digest(package, []), (package / file).read_text()
    assert old in text
    (package / file).write_text(text.replace(old, new))
    assert digest(package, []) != before


def test_a_new_module_and_a_moved_one_change_it(package: Path) -> None:
    prints = [digest(package, [])]
    (package / "render/pipeline/new.py").write_text("")
    prints.append(digest(package, []))
    (package / "render/pipeline/new.py").rename(package / "render/read/new.py")
    prints.append(digest(package, []))
    assert len(set(prints)) == 3


def test_code_that_touches_no_pixel_leaves_it(package: Path) -> None:
    before = digest(package, [])
    for file in ("render/host/pool.py", "render/sandbox/lock.py", "model/freshness.py"):
        (package / file).write_text("")
    assert digest(package, []) == before


def test_a_library_of_another_version_changes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert f"pyvips-binary {version('pyvips-binary')}" in [*libraries()]
    prints = {of_renderer()}
    for upgraded in fingerprint.LIBRARIES:
        monkeypatch.setattr(
            fingerprint, "version", lambda name, up=upgraded: name + (name == up) * "!"
        )
        prints.add(digest(PACKAGE, [*libraries()]))
    assert len(prints) == 1 + len(fingerprint.LIBRARIES)


def test_a_systems_libvips_is_told_by_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_installed(name: str) -> str:
        raise PackageNotFoundError(name)

    (tmp_path / "libvips.so.42.19.3").touch()
    (tmp_path / "libvips.so.42").symlink_to("libvips.so.42.19.3")
    monkeypatch.setattr(fingerprint, "version", none_installed)
    monkeypatch.setattr(fingerprint, "_SYSTEM_LIBVIPS", (str(tmp_path), f"{tmp_path}/*"))
    assert "libvips.so.42.19.3" in [*libraries()]


def test_all_that_a_render_imports_counts_but_what_only_carries_or_refuses() -> None:
    imported = grimp.build_graph("resizer").find_upstream_modules(
        "resizer.render.pipeline.pipeline"
    )
    carries = {"resizer.errors", "resizer.model.image"}
    carries |= {"resizer.render.protocol.intermediate", "resizer.render.protocol.messages"}
    counted = {*_modules()}
    assert imported - carries - counted == set()


def _modules() -> Iterator[str]:
    for name in CODE:
        for file in [PACKAGE / name, *(PACKAGE / name).rglob("*.py")]:
            module = file.relative_to(PACKAGE.parent).with_suffix("").as_posix().replace("/", ".")
            yield module.removesuffix(".__init__")
