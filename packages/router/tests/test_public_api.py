"""The names that the package exports."""

import doctest
import importlib
import pkgutil

import treadle_router

EXPORTED = {
    "ANY_METHOD",
    "BuildError",
    "CONVERTERS",
    "ConflictError",
    "Converter",
    "Enclosure",
    "FrozenError",
    "Group",
    "HandlerError",
    "HostError",
    "HostPattern",
    "Item",
    "Match",
    "Matcher",
    "MethodError",
    "MethodNotAllowed",
    "MismatchError",
    "MissingPartError",
    "NotFound",
    "PartTypeError",
    "PathError",
    "PathPattern",
    "Resource",
    "ResourceNameError",
    "Route",
    "Router",
    "RouterError",
    "UnknownNameError",
    "UnknownPartError",
    "Variable",
    "__version__",
    "check_resource_name",
    "decode_safe",
    "decode_value",
    "encode_fixed",
    "encode_value",
}


def test_all_is_pinned() -> None:
    assert set(treadle_router.__all__) == EXPORTED
    assert len(treadle_router.__all__) == len(EXPORTED)
    assert all(hasattr(treadle_router, name) for name in treadle_router.__all__)


def test_every_module_lists_its_exports() -> None:
    for module in pkgutil.iter_modules(treadle_router.__path__):
        loaded = importlib.import_module(f"treadle_router.{module.name}")
        if module.name == "_version":
            continue
        assert loaded.__doc__, module.name
        for name in loaded.__all__:
            assert hasattr(loaded, name), f"{module.name}.{name}"


def test_example_of_the_package_is_true() -> None:
    assert doctest.testmod(treadle_router) == (0, 7)
