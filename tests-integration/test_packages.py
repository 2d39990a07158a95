"""The files and names that every package of the workspace must have."""

import importlib
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = sorted(path.parent for path in ROOT.glob("packages/*/pyproject.toml"))


def test_there_are_eight() -> None:
    assert [path.name for path in PACKAGES] == [
        "http-parser", "multipart", "responses", "router", "server", "testing", "treadle",
        "websocket",
    ]  # fmt: skip


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_a_package_is_complete(package: Path) -> None:
    project = tomllib.loads((package / "pyproject.toml").read_text())
    name = project["project"]["name"]
    module = importlib.import_module(name.replace("-", "_"))
    source = package / "src" / module.__name__
    assert (source / "py.typed").exists()
    assert (package / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()
    assert name in (package / "CHANGELOG.md").read_text()
    assert list((package / "changelog.d").glob("*.md")), "a user-visible package without a fragment"
    assert project["tool"]["towncrier"]["package"] == module.__name__
    assert module.__version__
    assert len(module.__all__) == len(set(module.__all__))
    for exported in module.__all__:
        assert hasattr(module, exported)


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_a_module_has_its_test(package: Path) -> None:
    """``_x.py`` is tested by ``test_x.py``."""
    missing = [
        path.stem
        for path in package.glob("src/*/_*.py")
        if path.stem not in ("__init__", "_version")
        and not (package / "tests" / f"test{path.stem}.py").exists()
    ]
    assert not missing
