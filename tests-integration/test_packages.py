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
    """``_x.py`` is tested by ``test_x.py``, or says in which file it is tested."""
    shared = {
        # The types and constants that others are tested through.
        "_version", "_types", "_tally",
        # treadle_server: tested on real sockets, through the connection and the application.
        "_shared", "_server", "_writer", "_flow", "_forms", "_lifecycle", "_request",
        "_request_fields", "_errors", "_view", "_middleware", "_cli", "_runner", "_body",
    }  # fmt: skip
    missing = [
        path.stem
        for path in package.glob("src/*/_*.py")
        if path.stem not in shared
        and path.stem != "__init__"
        and not (package / "tests" / f"test{path.stem}.py").exists()
    ]
    assert not missing
