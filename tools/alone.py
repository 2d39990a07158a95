"""Try each package by itself, as a user who installs only that one.

Every package is built as a wheel and installed into a fresh environment with nothing but what it
declares (wheels of this workspace where it needs siblings, the index for the rest). There it must
import, must not bring a sibling that it does not declare, and the examples of its README must be
true.
"""

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import readme
from workspace import Package, packages_of


def build(packages: list[Path], wheels: Path) -> None:
    """Build a wheel of every package."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    command += ["--no-build-isolation", "--wheel-dir", str(wheels)]
    subprocess.run([*command, *map(str, packages)], check=True)


def wheel_of(name: str, wheels: Path) -> str:
    """Return the path of the wheel of a package of this workspace."""
    (wheel,) = wheels.glob(f"{name.replace('-', '_')}-*.whl")
    return str(wheel)


def declared(name: str, packages: dict[str, Package]) -> set[str]:
    """Return the siblings that ``name`` needs, directly or not, and itself."""
    needed = {name}
    for requirement in packages[name].required:
        needed |= declared(requirement.name, packages)
    return needed


def try_alone(package: Path, name: str, siblings: set[str], wheels: Path) -> None:
    """Install one package into an environment of its own and use it there."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=False, symlinks=True)
        python = str(Path(folder) / ("Scripts" if sys.platform == "win32" else "bin") / "python")
        pip = [sys.executable, "-m", "pip", "--python", python]
        # Siblings by path too: by name, the index could answer with a foreign package.
        files = [wheel_of(sibling, wheels) for sibling in sorted(siblings)]
        subprocess.run([*pip, "install", "--quiet", *files], check=True)
        subprocess.run([*pip, "check", "--quiet"], check=True)
        listing = subprocess.run(
            [*pip, "list", "--format=freeze"], check=True, capture_output=True, text=True
        )
        installed = {line.partition("==")[0] for line in listing.stdout.splitlines()}
        found = {item for item in installed if item == "treadle" or item.startswith("treadle-")}
        if found != siblings:
            raise AssertionError(f"{name} brought {sorted(found)}, declared {sorted(siblings)}")
        module = name.replace("-", "_")
        # From a directory without the sources, and with warnings as errors.
        subprocess.run([python, "-W", "error", "-c", f"import {module}"], cwd=folder, check=True)
        count = readme.check(package / "README.md", python)
        if not count:
            raise AssertionError(f"The README of {name} has no example")
        print(f"{name}: alone with {sorted(installed - found)}; {count} examples are true")


def main() -> int:
    """Build and try all packages."""
    packages = packages_of()
    with tempfile.TemporaryDirectory() as wheels:
        build([package.folder for package in packages.values()], Path(wheels))
        for name, package in packages.items():
            if (package.folder / "hatch_build.py").exists() and "-none-any" in wheel_of(
                name, Path(wheels)
            ):
                print(f"{name}: left out, because it was not compiled: no C compiler was found")
                continue
            try_alone(package.folder, name, declared(name, packages), Path(wheels))
    return 0


if __name__ == "__main__":
    sys.exit(main())
