"""Build what an index gets of each package, check it, and run the tests that an sdist carries.

``build`` makes an sdist of each package and a wheel from the sdist, in ``dist/`` of the clone, so
that a file which is missing in an sdist is missing in the wheel too. ``twine``, ``pyroma`` and
``check-wheel-contents`` then say what an index and its users would miss.

``test [NAME...]`` unpacks sdists and runs their tests, with the wheels in place of the workspace;
without names, those of the leaves.

``oldest [NAME...]`` does the same with the oldest siblings that a package allows: the wheels of
their tags, such as treadle-router-0.1.2. A sibling whose oldest version is that of the workspace
has nothing older.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path

from workspace import ROOT, packages_of

DIST = ROOT / "dist"
LEAVES = [
    "treadle-http-parser", "treadle-multipart", "treadle-responses", "treadle-router",
    "treadle-speedups", "treadle-websocket",
]  # fmt: skip


def built(name: str, kind: str) -> Path:
    """Return the wheel or the sdist of a package; ``kind`` is the end of its file name."""
    (path,) = DIST.glob(f"{name.replace('-', '_')}-[0-9]*{kind}")
    return path


def build() -> None:
    """Build and check all packages."""
    shutil.rmtree(DIST, ignore_errors=True)
    for package in packages_of().values():
        command = [sys.executable, "-m", "build", "--quiet", "--no-isolation"]
        subprocess.run([*command, "--outdir", str(DIST), str(package.folder)], check=True)
    files = [str(path) for path in sorted(DIST.iterdir())]
    wheels = [path for path in files if path.endswith(".whl")]
    subprocess.run([sys.executable, "-m", "twine", "check", "--strict", *files], check=True)
    subprocess.run(["check-wheel-contents", *wheels], check=True)
    for path in files:
        if path not in wheels:
            subprocess.run(["pyroma", "--min", "10", "--file", path], check=True)


def test(name: str, wheels: Iterable[Path]) -> None:
    """Run the tests in the sdist of a package, with what is in ``wheels``."""
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder, "site")
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile"]
        subprocess.run([*install, "--target", str(site), *map(str, wheels)], check=True)
        sdist = built(name, ".tar.gz")
        with tarfile.open(sdist) as archive:
            archive.extractall(folder, filter="data")
        print(f"{sdist.name}:", flush=True)
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q"],
            cwd=Path(folder, sdist.name.removesuffix(".tar.gz")),
            # Before the workspace, which is in the environment.
            env=os.environ | {"PYTHONPATH": str(site)},
            check=True,
        )


def build_tag(name: str, version: str, folder: Path) -> Path:
    """Build the wheel of a version that has a tag, and return its path."""
    tag = f"{name}-{version}"
    source = folder / "source"
    subprocess.run(["git", "worktree", "add", "--detach", str(source), tag], cwd=ROOT, check=True)
    try:
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
        command += ["--no-build-isolation", "--wheel-dir", str(folder / tag)]
        package = packages_of(source)[name].folder
        subprocess.run([*command, str(package)], check=True)
    finally:
        command = ["git", "worktree", "remove", "--force", str(source)]
        subprocess.run(command, cwd=ROOT, check=True)
    (wheel,) = (folder / tag).glob("*.whl")
    return wheel


def test_oldest(names: list[str]) -> None:
    """Run the tests of packages with the oldest siblings that they allow."""
    packages = packages_of()
    for name in names or list(packages):
        package = packages[name]
        with tempfile.TemporaryDirectory() as folder:
            wheels = {each: built(each, ".whl") for each in packages}
            older = []
            for sibling, version in package.oldest():
                if version != packages[sibling].version:
                    wheels[sibling] = build_tag(sibling, str(version), Path(folder))
                    older.append(f"{sibling} {version}")
            if not older:
                print(f"{name}: the oldest siblings that it allows are those of the workspace")
                continue
            print(f"{name} with {', '.join(older)}:", flush=True)
            test(name, wheels.values())


def main(arguments: list[str]) -> int:
    """Do what the arguments say."""
    match arguments:
        case ["build"]:
            build()
        case ["test", *names]:
            wheels = list(DIST.glob("*.whl"))
            for name in names or LEAVES:
                test(name, wheels)
        case ["oldest", *names]:
            test_oldest(names)
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
