"""The packages of the workspace: names, versions, and their bounds on each other."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

__all__ = ["ROOT", "Package", "packages_of"]

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Package:
    """One package: its name on the index, its folder and its version."""

    name: str
    folder: Path
    version: Version
    #: What it needs of its siblings, and what its extras need of them.
    required: tuple[Requirement, ...]
    optional: tuple[Requirement, ...]

    @property
    def siblings(self) -> tuple[Requirement, ...]:
        """All bounds on siblings."""
        return self.required + self.optional

    @property
    def version_file(self) -> Path:
        """The module that has the version."""
        return self.folder / "src" / self.name.replace("-", "_") / "_version.py"

    def fragments(self) -> list[Path]:
        """Return the changes that no release has."""
        return sorted(self.folder.glob("changelog.d/*.*.md"))

    def oldest(self) -> Iterator[tuple[str, Version]]:
        """Yield the name of each sibling, and the oldest version of it that is allowed."""
        for requirement in self.siblings:
            bounds = [each for each in requirement.specifier if each.operator in ("~=", ">=", "==")]
            if len(bounds) != 1:
                raise ValueError(f"{self.name}: {requirement} has not exactly one lower bound")
            yield requirement.name, Version(bounds[0].version)


def packages_of(root: Path = ROOT) -> dict[str, Package]:
    """Return the packages below ``root`` by name; those that others need come first."""
    projects = {}
    for path in sorted(root.glob("packages/*/pyproject.toml")):
        project = tomllib.loads(path.read_text())["project"]
        projects[project["name"]] = (path.parent, project)
    found: dict[str, Package] = {}

    def add(name: str) -> None:
        if name in found:
            return
        folder, project = projects[name]
        extras = project.get("optional-dependencies", {}).values()
        required, optional = (
            tuple(each for each in map(Requirement, texts) if each.name in projects.keys() - {name})
            for texts in (project["dependencies"], [text for extra in extras for text in extra])
        )
        for sibling in (*required, *optional):
            add(sibling.name)
        module = folder / "src" / name.replace("-", "_") / "_version.py"
        match = re.search(r'^__version__ = "([^"]+)"$', module.read_text(), re.MULTILINE)
        if match is None:
            raise ValueError(f'{module} has no line __version__ = "..."')
        found[name] = Package(name, folder, Version(match[1]), required, optional)

    for name in projects:
        add(name)
    return found
