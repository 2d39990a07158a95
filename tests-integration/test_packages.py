"""The files and names that every package of the workspace must have."""

import ast
import importlib
import re
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = sorted(path.parent for path in ROOT.glob("packages/*/pyproject.toml"))


def test_there_are_twelve() -> None:
    assert [path.name for path in PACKAGES] == [
        "asgi", "channels", "http-parser", "limits", "multipart", "responses", "router", "server",
        "speedups", "testing", "treadle", "websocket",
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


#: The address of the repository: it is in each package, because an index shows each by itself.
REPOSITORY = "https://github.com/treadle-web/treadle"


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_an_index_shows_who_made_a_package_and_where_it_is(package: Path) -> None:
    project = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    folder = f"packages/{package.name}"
    urls = dict(project["urls"])
    documentation = urls.pop("Documentation")
    assert urls == {
        "Homepage": REPOSITORY,
        "Changelog": f"{REPOSITORY}/blob/main/{folder}/CHANGELOG.md",
        "Source": f"{REPOSITORY}/tree/main/{folder}",
        "Issues": f"{REPOSITORY}/issues",
    }
    kind, _, path = documentation.removeprefix(f"{REPOSITORY}/").partition("/main/")
    assert (ROOT / path).is_dir() if kind == "tree" else (ROOT / path).is_file()
    (author,) = project["authors"]
    assert author["name"] == "The treadle developers"
    assert author["email"].endswith("@users.noreply.github.com")
    supported = {f"Programming Language :: Python :: 3.{minor}" for minor in (11, 12, 13)}
    assert supported | {"Typing :: Typed"} <= set(project["classifiers"])
    assert project["keywords"]


def readme_on_an_index(package: Path) -> str:
    """Return the README with the substitutions of the build."""
    text = (package / "README.md").read_text()
    tool = tomllib.loads((package / "pyproject.toml").read_text())["tool"]["hatch"]
    hooks = tool.get("metadata", {}).get("hooks", {}).get("fancy-pypi-readme", {})
    for substitution in hooks.get("substitutions", []):
        text = re.sub(substitution["pattern"], substitution["replacement"], text)
    return text


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_links_of_a_readme_work_on_an_index(package: Path) -> None:
    """Those to the repository lead to files that are there, and none is relative."""
    code = re.compile(r"^```.*?^```$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
    text = code.sub("", readme_on_an_index(package))
    links = re.findall(r"\]\(([^)]+)\)", text)
    relative = [link for link in links if not link.startswith(("https://", "#"))]
    assert relative == []
    ours = [link.partition("#")[0] for link in links if link.startswith(REPOSITORY)]
    missing = [link for link in ours if not (ROOT / link.partition("/main/")[2]).exists()]
    assert missing == []


def imported(paths: Iterable[Path]) -> set[str]:
    """Return the top-level modules that files import."""
    found: set[str] = set()
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_what_its_tests_need_is_declared(package: Path) -> None:
    """``pip install --group test .`` brings all that the tests of an sdist import."""
    data = tomllib.loads((package / "pyproject.toml").read_text())
    texts = data["project"]["dependencies"] + data["dependency-groups"]["test"]
    needed = {Requirement(text).name for text in texts} | {data["project"]["name"]}
    for text in data["dependency-groups"]["test"]:
        requirement = Requirement(text)
        if requirement.name == data["project"]["name"]:
            for extra in requirement.extras:
                extras = data["project"]["optional-dependencies"][extra]
                needed |= {Requirement(each).name for each in extras}
    own = {path.stem for path in package.rglob("*.py")} | {"conftest", "testkit"}
    third = imported((package / "tests").rglob("*.py")) - set(sys.stdlib_module_names) - own
    missing = {name for name in third if name.replace("_", "-") not in {n.lower() for n in needed}}
    siblings = {name for name in missing if name.startswith("treadle")}
    # What a sibling brings is there with it.
    assert missing - siblings == set()
    if package.name not in ("server", "testing", "treadle"):
        assert siblings == set()


#: Modules without a test module of their own, and why.
TESTED_ELSEWHERE = {
    "treadle_asgi/_types.py": "types, which each module of the package has in its signatures",
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
