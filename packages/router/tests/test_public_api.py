"""The names that the package exports."""

import doctest

import treadle_router
from testkit import check_public_api

EXPORTED = {
    "ANY_METHOD",
    "BuildError",
    "CONVERTERS",
    "Conflict",
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
    "ParamTypeError",
    "PartTypeError",
    "PathError",
    "PathPattern",
    "Resource",
    "ResourceNameError",
    "ResourceNameTypeError",
    "Route",
    "Router",
    "RouterError",
    "RouterWarning",
    "UnknownNameError",
    "UnknownParamError",
    "UnknownPartError",
    "Variable",
    "__version__",
    "canonical_method",
    "check_method",
    "check_resource_name",
    "conflicts",
    "decode_safe",
    "decode_value",
    "encode_fixed",
    "encode_value",
}


def test_public_api() -> None:
    check_public_api(treadle_router, EXPORTED)


def test_example_of_the_package_is_true() -> None:
    assert doctest.testmod(treadle_router) == (0, 7)
