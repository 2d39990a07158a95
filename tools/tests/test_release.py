"""The plan of a release, in workspaces that are made for it."""

from pathlib import Path

import pytest
from packaging.version import Version

import release
from workspace import Package, packages_of

#: Each package with its version, its bounds on others, and if it has a change to tell.
PACKAGES: dict[str, tuple[str, list[str], bool]] = {
    "treadle": ("0.3.0", ["treadle-server~=0.2.0", "treadle-router>=0.1,<0.3"], True),
    "treadle-router": ("0.1.4", [], True),
    "treadle-server": ("0.2.1", ["treadle-router[fast]~=0.1.2; python_version > '3'"], True),
    "treadle-words": ("0.1.0", ["multidict>=6.1"], False),
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, (version, bounds, changed) in PACKAGES.items():
        folder = tmp_path / "packages" / name
        module = folder / "src" / name.replace("-", "_")
        module.mkdir(parents=True)
        (module / "_version.py").write_text(f'"""The version."""\n\n__version__ = "{version}"\n')
        dependencies = "".join(f'    "{bound}",\n' for bound in bounds)
        (folder / "pyproject.toml").write_text(
            f'[project]\nname = "{name}"\ndependencies = [\n{dependencies}]\n'
        )
        (folder / "changelog.d").mkdir()
        if changed:
            (folder / "changelog.d" / "+change.feature.md").write_text("Something is new.\n")
    return tmp_path


def test_those_that_others_need_come_first(root: Path) -> None:
    packages = packages_of(root)
    assert list(packages) == ["treadle-router", "treadle-server", "treadle", "treadle-words"]
    assert dict(packages["treadle"].oldest()) == {
        "treadle-server": Version("0.2.0"), "treadle-router": Version("0.1"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "version", "followers", "others"),
    [
        ("treadle-router", "0.1.5", [], ["treadle-server", "treadle"]),
        ("treadle-router", "0.2.0", ["treadle-server"], ["treadle"]),
        ("treadle-router", "0.3.0", ["treadle-server", "treadle"], []),
        ("treadle-server", "0.2.2", [], ["treadle"]),
        ("treadle-server", "1.0.0", ["treadle"], []),
        ("treadle", "0.3.1", [], []),
        # The first release of what is there.
        ("treadle", "0.3.0", [], []),
    ],
)
def test_who_must_follow(
    root: Path, name: str, version: str, followers: list[str], others: list[str]
) -> None:
    plan = release.make_plan(packages_of(root), name, version)
    assert [each.name for each in plan.followers] == followers
    assert [each.name for each in plan.others] == others
    text = "\n".join(plan.lines())
    for follower in followers:
        assert f"{follower} {PACKAGES[follower][0]} must follow: it has {name}" in text


@pytest.mark.parametrize(
    ("name", "version", "reason"),
    [
        ("router", "0.2.0", "'router' is no package of this workspace: treadle-router, "),
        ("treadle-router", "new", "'new' is no version"),
        ("treadle-router", "0.2", "'0.2' is no version of three numbers"),
        ("treadle-router", "0.1.3", "treadle-router has 0.1.4 already, and 0.1.3 is not newer"),
        ("treadle-words", "0.1.0", "treadle-words has 0.1.0 already, and 0.1.0 is not newer"),
        ("treadle-words", "0.2.0", "treadle-words has no changes"),
    ],
)
def test_releases_that_make_no_sense(
    root: Path, name: str, version: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as raised:
        release.main([name, version, "--write"], root)
    assert raised.value.code == 2
    assert reason in capsys.readouterr().err
    assert {name: str(each.version) for name, each in packages_of(root).items()} == {
        name: row[0] for name, row in PACKAGES.items()
    }


def test_a_release_changes_versions_and_bounds(root: Path) -> None:
    built: list[tuple[str, str]] = []

    def build_changelog(package: Package, version: Version) -> None:
        built.append((package.name, str(version)))

    assert release.main(["treadle-router", "0.3.0", "--write"], root, build_changelog) == 0
    assert built == [("treadle-router", "0.3.0")]
    packages = packages_of(root)
    assert str(packages["treadle-router"].version) == "0.3.0"
    assert str(packages["treadle-server"].siblings[0]) == (
        'treadle-router[fast]~=0.3.0; python_version > "3"'
    )
    assert [str(each) for each in packages["treadle"].siblings] == [
        "treadle-server~=0.2.0", "treadle-router~=0.3.0",
    ]  # fmt: skip
    (_, fragment) = packages["treadle"].fragments()
    assert "treadle-router 0.3.0 and its later fixes are needed." in fragment.read_text()


def test_without_write_nothing_changes(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    assert release.main(["treadle-router", "0.3.0"], root) == 0
    assert "Then release in this order: treadle-server, treadle" in capsys.readouterr().out
    assert before == {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_package_without_a_lower_bound(root: Path) -> None:
    path = root / "packages" / "treadle-words" / "pyproject.toml"
    path.write_text(path.read_text().replace("multidict>=6.1", "treadle-router<2"))
    with pytest.raises(ValueError, match=r"treadle-words: treadle-router<2 has not exactly one"):
        list(packages_of(root)["treadle-words"].oldest())
