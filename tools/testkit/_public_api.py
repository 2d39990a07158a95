"""Checks of a package's public names that every package passes."""

import ast
import doctest
import importlib
import pkgutil
from collections.abc import Collection, Iterator
from pathlib import Path
from types import FunctionType, ModuleType

__all__ = ["check_public_api"]


def check_public_api(
    package: ModuleType, names: Collection[str], inherits: tuple[type, ...] = ()
) -> None:
    """Assert that ``package`` exports exactly ``names``, each of them documented.

    Each of its modules has a docstring and a true ``__all__``, and the examples in docstrings work.
    Subclasses of ``inherits`` need no docstring of their own.
    """
    # Type checkers do not see an ``__all__`` that is made at run time.
    exported: list[str] = vars(package)["__all__"]
    assert sorted(exported) == sorted(names)
    for name in exported:
        value = getattr(package, name)
        if not getattr(value, "__module__", "").startswith(package.__name__.partition("_")[0]):
            # Another library's, such as the type of messages where aiohttp is loaded.
            continue
        is_class = isinstance(value, type)
        if (is_class and not issubclass(value, inherits)) or isinstance(value, FunctionType):
            assert value.__doc__, f"{package.__name__}.{name} has no docstring"
    assert doctest.testmod(package, optionflags=doctest.ELLIPSIS).failed == 0
    for module in _modules(package):
        assert _has_docstring(module), f"{module.__name__} has no docstring"
        # A public module of constants, as ``hdrs`` is, may export whatever it has.
        listed: list[str] = vars(module).get("__all__", [])
        assert listed or not module.__name__.rpartition(".")[2].startswith("_"), module.__name__
        assert len(listed) == len(set(listed)), f"{module.__name__} lists a name twice"
        for name in listed:
            assert hasattr(module, name), f"{module.__name__} has no {name}"
        assert doctest.testmod(module, optionflags=doctest.ELLIPSIS).failed == 0


def _modules(package: ModuleType) -> Iterator[ModuleType]:
    for _, name, is_package in pkgutil.iter_modules(package.__path__):
        # An extension has no source to read; its package exports what it has.
        extension = not any(Path(folder, f"{name}.py").exists() for folder in package.__path__)
        if not (is_package or extension or name == "_version"):
            yield importlib.import_module(f"{package.__name__}.{name}")


def _has_docstring(module: ModuleType) -> bool:
    # Read rather than asked for: compiled modules have no docstrings.
    assert module.__file__ is not None
    source = Path(module.__file__).with_suffix(".py").read_text(encoding="utf-8")
    return ast.get_docstring(ast.parse(source)) is not None
