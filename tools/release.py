"""Prepare the release of one package, and name the packages that must follow it.

    python tools/release.py NAME VERSION            what would be done, and who must follow
    python tools/release.py NAME VERSION --write    do it: version, changelog, bounds

A package follows if its bounds do not allow the new version: whoever installs both would get the
old one. Its bounds are raised, and it gets a fragment for its own changelog. A package whose bounds
allow the new version needs no release.
"""

import argparse
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from packaging.version import InvalidVersion, Version

from workspace import ROOT, Package, packages_of

__all__ = ["Plan", "main", "make_plan"]


@dataclass(frozen=True)
class Plan:
    """The release of ``package`` as ``version``, and what it means for the others."""

    package: Package
    version: Version
    #: Those whose bounds exclude the version, in the order of their releases.
    followers: tuple[Package, ...]
    #: Those whose bounds allow it.
    others: tuple[Package, ...]

    @property
    def bound(self) -> str:
        """The bound that followers get: this release and later ones of its minor version."""
        return f"~={self.version}"

    def lines(self) -> list[str]:
        """Return the plan as text."""
        name, version = self.package.name, self.version
        lines = [f"{name} {self.package.version} becomes {version}:"]
        lines += [f"  {path.name}" for path in self.package.fragments()]
        for follower in self.followers:
            old = ", ".join(str(each) for each in follower.siblings if each.name == name)
            lines.append(f"{follower.name} {follower.version} must follow: it has {old}")
        lines += [f"{other.name} {other.version} allows it, and stays" for other in self.others]
        files = f"dist/{name.replace('-', '_')}-{version}*"
        lines.append(
            "Then: python tools/dev.py test, python tools/dev.py dist, commit, "
            f"git tag {name}-{version}, upload {files}"
        )
        if self.followers:
            follow = ", ".join(follower.name for follower in self.followers)
            lines.append(f"Then release in this order: {follow}")
        return lines


def make_plan(packages: dict[str, Package], name: str, version: str) -> Plan:
    """Return the plan; raises ``ValueError`` with the reason for one that makes no sense."""
    if name not in packages:
        raise ValueError(f"{name!r} is no package of this workspace: {', '.join(packages)}")
    package = packages[name]
    try:
        new = Version(version)
    except InvalidVersion:
        raise ValueError(f"{version!r} is no version: write X.Y.Z") from None
    if len(new.release) != 3:
        raise ValueError(f"{version!r} is no version of three numbers: write X.Y.Z")
    # The first release has the version that is there.
    if new < package.version or (new == package.version and not package.fragments()):
        raise ValueError(f"{name} has {package.version} already, and {version} is not newer")
    if not package.fragments():
        raise ValueError(f"{name} has no changes: there is no fragment in changelog.d")
    dependents = [
        (other, each) for other in packages.values() for each in other.siblings if each.name == name
    ]
    excluded = {
        other.name
        for other, requirement in dependents
        if not requirement.specifier.contains(new, prereleases=True)
    }
    followers = tuple(other for other in packages.values() if other.name in excluded)
    others = {other.name: other for other, _ in dependents if other.name not in excluded}
    return Plan(package, new, followers, tuple(others.values()))


def write(plan: Plan, build_changelog: Callable[[Package, Version], None]) -> None:
    """Change the files: version, changelog, and the bounds of the followers."""
    path = plan.package.version_file
    old, new = str(plan.package.version), str(plan.version)
    path.write_text(path.read_text().replace(f'"{old}"', f'"{new}"'))
    build_changelog(plan.package, plan.version)
    name = plan.package.name
    for follower in plan.followers:
        project = follower.folder / "pyproject.toml"
        pattern = rf'("{re.escape(name)}(?:\[[^\]]*\])?)[~=<>][^";]*'
        text, count = re.subn(pattern, rf"\g<1>{plan.bound}", project.read_text())
        assert count, f"{project} has no bound on {name}"
        project.write_text(text)
        fragment = follower.folder / "changelog.d" / f"+{name}-{new}.misc.md"
        fragment.write_text(f"{name} {new} and its later fixes are needed.\n")


def _towncrier(package: Package, version: Version) -> None:
    command = [sys.executable, "-m", "towncrier", "build", "--yes", "--dir", str(package.folder)]
    subprocess.run([*command, "--version", str(version)], check=True)


def main(
    arguments: list[str],
    root: Path = ROOT,
    build_changelog: Callable[[Package, Version], None] = _towncrier,
) -> int:
    """Print the plan, and carry it out if that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("name", help="a package, such as treadle-router")
    parser.add_argument("version", help="its new version, X.Y.Z")
    parser.add_argument("--write", action="store_true", help="change the files")
    options = parser.parse_args(arguments)
    try:
        plan = make_plan(packages_of(root), options.name, options.version)
    except ValueError as error:
        parser.error(str(error))
    print("\n".join(plan.lines()))
    if options.write:
        write(plan, build_changelog)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
