"""The modules of the two, and what is a name of a module."""

from types import ModuleType

from parity._modules import MODULES, load, names_of


def test_both_have_all_modules() -> None:
    assert set(load("aiohttp")) == set(load("treadle")) == set(MODULES)


def test_a_package_without_them_has_none() -> None:
    assert set(load("email")) == {""}


def test_the_names_of_a_module_are_those_that_it_lists_and_defines() -> None:
    module = ModuleType("mine")
    source = "import os\nfrom json import dumps\nA = 3\n_B = 4\nclass C: ...\nlisted = dumps"
    exec(source, vars(module))
    vars(module)["__all__"] = ["listed"]
    assert names_of(module) == ["A", "C", "listed"]
