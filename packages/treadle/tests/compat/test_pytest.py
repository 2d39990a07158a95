"""The hook of ``pytest -p treadle.compat``; ``test_install`` runs whole suites with it."""

import subprocess
import sys

import pytest

from treadle import compat


def _run(program: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60
    ).stdout.strip()


def test_the_hook_installs_the_layer() -> None:
    assert (
        _run("""
from treadle import compat
print(compat.is_installed())
compat.pytest_addoption()
print(compat.is_installed())
""")
        == "False\nTrue"
    )


def test_pytest_calls_it_when_it_loads_the_plugin() -> None:
    # Before the plugins of entry points, which may import aiohttp.web.
    assert (
        _run("""
import pytest
from treadle import compat

manager = pytest.PytestPluginManager()
manager.hook.pytest_addoption.call_historic(kwargs={"parser": None, "pluginmanager": manager})
print(compat.is_installed())
manager.register(compat)
print(compat.is_installed())
""")
        == "False\nTrue"
    )


def test_it_is_the_name_that_pytest_knows() -> None:
    assert pytest.hookspec is not None
    assert compat.pytest_addoption.__name__ == "pytest_addoption"
