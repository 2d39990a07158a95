"""The folder of a run: one environment for all suites, their sources, what pytest printed."""

import os
import subprocess
import tarfile
import venv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from ._suites import Suite

__all__ = ["Run", "SuiteError", "Workplace"]

_PACKAGES: Final = Path(__file__).resolve().parent.parent.parent / "packages"
#: Every suite gets these. The versions that its own configuration asks for do not matter here.
_COMMON: Final = (
    "aiohttp==3.14.5", "pytest>=9", "pytest-asyncio>=1.2",
    "pytest-aiohttp", "pytest-cov", "pytest-mock",
)  # fmt: skip
#: Suites turn warnings into errors, those of other libraries' later versions included.
_OPTIONS: Final = (
    "-q", "-p", "no:cacheprovider", "--tb=short", "-o", "addopts=", "-o", "asyncio_mode=auto",
    "-o", "asyncio_default_fixture_loop_scope=function", "-o", "filterwarnings=default",
)  # fmt: skip
#: Seconds for one run of one suite; the slowest needs half a minute.
PATIENCE: Final = 600


class SuiteError(Exception):
    """A suite could not be prepared or run; the message says why, and what to look at."""


class Run(NamedTuple):
    """One run of one suite on one of the two servers."""

    #: The results that pytest has written, None without any.
    junit: Path | None
    #: The file with the output of pytest.
    output: Path


class Workplace:
    """The folder: ``env`` for all suites, and a folder for each of them."""

    def __init__(self, folder: Path) -> None:
        self._folder: Final = folder.resolve()
        self._environment: Final = self._folder / "env"
        scripts = "Scripts" if os.name == "nt" else "bin"
        #: The interpreter of the environment.
        self.python = str(self._environment / scripts / "python")

    def install(self, suites: Iterable[Suite], *, keep: bool) -> None:
        """Make the environment for ``suites``; an existing one gets what it lacks if ``keep``.

        One environment for all: their needs agree, and a run takes a quarter of the time.
        """
        if not keep or not Path(self.python).exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            venv.create(self._environment, with_pip=True, clear=True)
        packages = sorted(path.parent for path in _PACKAGES.glob("*/pyproject.toml"))
        editable = [argument for path in packages for argument in ("-e", str(path))]
        needs = sorted({need for suite in suites for need in (*suite.needs, suite.requirement)})
        self._pip("install", *_COMMON, *needs, *editable)

    def fetch(self, suite: Suite, *, keep: bool) -> Path:
        """Return the unpacked source of ``suite``, fetched if it is not there or not ``keep``."""
        home = self._folder / suite.requirement
        source = home / "source"
        if not (keep and source.is_dir()):
            home.mkdir(parents=True, exist_ok=True)
            only_source = ("--no-deps", "--no-binary", suite.name)
            self._pip("download", *only_source, "-d", str(home), suite.requirement)
            archives = list(home.glob("*.tar.gz"))
            if not archives:
                raise SuiteError(f"{suite.requirement} has no source distribution (.tar.gz)")
            with tarfile.open(archives[0]) as tar:
                tar.extractall(source, filter="data")
        unpacked = next(path for path in sorted(source.iterdir()) if path.is_dir())
        for name, text in suite.files.items():
            (unpacked / name).parent.mkdir(exist_ok=True)
            (unpacked / name).write_text(text)
        return unpacked

    def run(
        self,
        suite: Suite,
        source: Path,
        side: str,
        plugin: Sequence[str],
        *,
        patience: float = PATIENCE,
    ) -> Run:
        """Run the tests of ``suite``; ``side`` names the files, ``plugin`` selects the server.

        Raises ``SuiteError`` after ``patience`` seconds.
        """
        home = self._folder / suite.requirement
        junit, output = home / f"junit-{side}.xml", home / f"output-{side}.txt"
        junit.unlink(missing_ok=True)
        command = [self.python, "-m", "pytest", *_OPTIONS, *plugin, *suite.arguments]
        variables = {"PYTEST_ADDOPTS": " ".join(plugin)} if suite.inner else {}
        try:
            with output.open("w") as file:
                subprocess.run(
                    [*command, f"--junit-xml={junit}"],
                    cwd=source, stdout=file, stderr=file, stdin=subprocess.DEVNULL,
                    env=self._variables(variables), timeout=patience, check=False,
                )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise SuiteError(f"no end after {patience} seconds on {side}: see {output}") from None
        return Run(junit if junit.exists() else None, output)

    def _variables(self, more: Mapping[str, str]) -> dict[str, str]:
        """Return the environment variables: the caller's, without those of its own Python."""
        variables = os.environ | more
        for name in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"):
            variables.pop(name, None)
        if "PYTEST_ADDOPTS" not in more:
            variables.pop("PYTEST_ADDOPTS", None)
        return variables

    def _pip(self, *arguments: str) -> None:
        log = self._folder / "pip.txt"
        command = [self.python, "-m", "pip", *arguments]
        with log.open("w") as file:
            done = subprocess.run(
                command, stdout=file, stderr=file, env=self._variables({}), check=False
            )
        if done.returncode:
            lines = [line for line in log.read_text().splitlines() if line.startswith("ERROR")]
            raise SuiteError(f"pip failed: {' '.join(lines[-2:]) or arguments} (see {log})")
