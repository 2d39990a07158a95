"""The names that users may import, pinned."""

import doctest
import importlib
import inspect
import pkgutil
from types import FunctionType

import pytest

import treadle_http_parser
from treadle_http_parser import fields, hdrs

PUBLIC = {
    "DEFAULT_LIMITS", "ContentDecoder", "ContentEncodingError", "Data", "EndOfMessage", "Error",
    "Event", "Fields", "Limits", "LocalProtocolError", "ProtocolError", "Request",
    "ServerConnection", "__version__", "available_codings", "encode_fields",
    "reason_phrase", "status_line",
}  # fmt: skip
FIELDS = {
    "ETAG_ANY", "OCTET_STREAM", "AcceptedCodings", "AcceptedLanguages", "AcceptedTypes", "ETag",
    "MediaRange", "MimeType", "encode_basic_auth", "format_http_date", "parse_accept",
    "parse_accept_encoding", "parse_accept_language", "parse_content_type", "parse_cookies",
    "parse_etag", "parse_etags", "parse_forwarded", "parse_http_date", "parse_mimetype",
    "validate_etag_value",
}  # fmt: skip
MODULES = [
    module.name
    for package in (treadle_http_parser, fields)
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + ".")
    if not module.name.endswith(("._version", ".hdrs"))
]


def test_all_is_pinned() -> None:
    assert set(treadle_http_parser.__all__) == PUBLIC
    assert set(fields.__all__) == FIELDS
    for package in (treadle_http_parser, fields):
        assert len(package.__all__) == len(set(package.__all__))
        for name in package.__all__:
            assert hasattr(package, name)


@pytest.mark.parametrize("name", MODULES)
def test_modules(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__doc__
    assert len(module.__all__) == len(set(module.__all__))
    for public in module.__all__:
        assert hasattr(module, public)


@pytest.mark.parametrize("name", ["treadle_http_parser", *MODULES])
def test_examples_in_docstrings(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def documented() -> dict[str, object]:
    """Return everything public that must have a docstring, by name."""
    values = {
        f"{package.__name__}.{name}": getattr(package, name)
        for package in (treadle_http_parser, fields)
        for name in package.__all__
    }
    members = inspect.getmembers(treadle_http_parser.ServerConnection)
    values |= {name: member for name, member in members if not name.startswith("_")}
    kinds = (type, FunctionType, property)
    return {name: value for name, value in values.items() if isinstance(value, kinds)}


@pytest.mark.parametrize("name", documented())
def test_everything_public_has_a_docstring(name: str) -> None:
    assert documented()[name].__doc__


def test_names_of_fields_and_methods() -> None:
    names = {name: value for name, value in vars(hdrs).items() if name.isupper()}
    methods = {name: value for name, value in names.items() if name.startswith("METH_")}
    assert methods.pop("METH_ANY") == "*"
    assert methods.pop("METH_ALL") == set(methods.values())
    assert methods == {f"METH_{value}": value for value in methods.values()}
    others = {name: value for name, value in names.items() if not name.startswith("METH_")}
    assert [value.upper().replace("-", "_") for value in others.values()] == list(others)


@pytest.mark.parametrize("name", MODULES)
def test_no_input_or_output(name: str) -> None:
    values = vars(importlib.import_module(name)).values()
    imported = {value.__name__ for value in values if inspect.ismodule(value)}
    assert not imported & {"asyncio", "socket", "ssl", "threading", "selectors"}
