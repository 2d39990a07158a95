"""The files and names that every package of the workspace must have."""

import importlib
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = sorted(path.parent for path in ROOT.glob("packages/*/pyproject.toml"))


def test_there_are_nine() -> None:
    assert [path.name for path in PACKAGES] == [
        "http-parser", "multipart", "responses", "router", "server", "speedups", "testing",
        "treadle", "websocket",
    ]  # fmt: skip


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_a_package_is_complete(package: Path) -> None:
    if package.name == "speedups":
        pytest.importorskip("treadle_speedups", exc_type=ImportError)  # where it is compiled
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


#: Modules without a test module of their own, and why.
TESTED_ELSEWHERE = {
    "treadle_http_parser/hdrs.py": "constants, which test_public_api compares with their names",
    "treadle_server/web.py": "re-exports, which test_web of treadle compares with the contract",
    "treadle_server/http_exceptions.py": "re-exports, which tools/parity compares with aiohttp's",
    **dict.fromkeys(
        (
            f"treadle/{name}.py"
            for name in (
                "abc", "hdrs", "http", "http_exceptions", "http_parser", "http_websocket", "log",
                "multipart", "payload", "pytest_plugin", "streams", "test_utils", "typedefs",
                "web_app", "web_exceptions", "web_fileresponse", "web_log", "web_middlewares",
                "web_protocol", "web_request", "web_response", "web_routedef", "web_runner",
                "web_server", "web_urldispatcher", "web_ws",
            )
        ),
        "re-exports, which tools/parity compares with aiohttp's modules of these names",
    ),
}  # fmt: skip


def module_tests() -> dict[str, Path]:
    """Return where each module is tested: ``_x/y.py`` in ``x/test_y.py`` below ``tests``."""
    found: dict[str, Path] = {}
    for package in PACKAGES:
        for path in sorted(package.glob("src/*/**/*.py")):
            name = path.relative_to(package / "src")
            if path.stem not in ("__init__", "__main__", "_version"):
                folders = [part.lstrip("_") for part in name.parts[1:-1]]
                test = f"test_{path.stem.lstrip('_')}.py"
                found[name.as_posix()] = package.joinpath("tests", *folders, test)
    return found


def test_a_module_has_its_test_module() -> None:
    missing = {name for name, path in module_tests().items() if not path.exists()}
    assert missing == set(TESTED_ELSEWHERE)
