"""The names that users may import, pinned."""

import importlib
import inspect
import pkgutil
from types import FunctionType, ModuleType

import pytest

import treadle_http_parser
from testkit import check_public_api
from treadle_http_parser import fields, hdrs

PUBLIC = {
    "DEFAULT_LIMITS", "ContentDecoder", "ContentEncodingError", "Data", "EndOfMessage", "Error",
    "Event", "Fields", "Framing", "Limits", "LocalProtocolError", "ProtocolError", "Request",
    "ServerConnection", "__version__", "available_codings", "encode_fields",
    "reason_phrase", "status_line", "valid_authority",
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


@pytest.mark.parametrize(("package", "names"), [(treadle_http_parser, PUBLIC), (fields, FIELDS)])
def test_public_api(package: ModuleType, names: set[str]) -> None:
    check_public_api(package, names)


def test_the_members_of_the_connection_have_docstrings() -> None:
    members = inspect.getmembers(treadle_http_parser.ServerConnection)
    kinds = (FunctionType, property)
    public = {
        name: member
        for name, member in members
        if isinstance(member, kinds) and not name.startswith("_")
    }
    assert len(public) > 10
    assert [name for name, member in public.items() if not member.__doc__] == []


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
