"""The tables of the layer, compared with the aiohttp that is installed."""

import importlib
import pkgutil

import aiohttp
import pytest

import treadle
from treadle.compat._modules import (
    BASES,
    CLIENT_NAMES,
    EITHER,
    LOGGERS,
    NAMES,
    SERVER_MODULES,
    SHARED_MODULES,
    VERSION,
)


def test_the_version_is_the_one_that_is_compared() -> None:
    assert aiohttp.__version__ == VERSION


def test_every_module_of_the_server_has_a_twin() -> None:
    theirs = {module.name for module in pkgutil.iter_modules(aiohttp.__path__)}
    ours = {module.name for module in pkgutil.iter_modules(treadle.__path__)}
    assert {name for name in theirs if name.startswith("web")} <= SERVER_MODULES <= ours
    assert theirs & ours >= SHARED_MODULES
    assert not SERVER_MODULES & SHARED_MODULES


@pytest.mark.parametrize("module", NAMES)
def test_names_are_on_both_sides(module: str) -> None:
    for package in ("aiohttp", "treadle"):
        found = importlib.import_module(f"{package}.{module}" if module else package)
        for name in NAMES[module]:
            assert hasattr(found, name), f"{package}.{module} has no {name}"


@pytest.mark.parametrize("name", [*EITHER, *BASES])
def test_classes_are_aiohttps(name: str) -> None:
    modules = EITHER.get(name) or (BASES[name],)
    for module in modules:
        found = importlib.import_module(f"aiohttp.{module}" if module else "aiohttp")
        assert isinstance(getattr(found, name), type)


def test_names_of_the_client_are_aiohttps() -> None:
    assert {name for name in CLIENT_NAMES if not hasattr(aiohttp, name)} == set()
    assert {name for name in CLIENT_NAMES if hasattr(treadle, name)} == set()


def test_loggers_are_on_both_sides() -> None:
    import aiohttp.log

    for ours, (theirs, attribute) in LOGGERS.items():
        assert getattr(aiohttp.log, attribute).name == theirs
        assert ours.partition(".")[2] == theirs.partition(".")[2]
