"""The options of a server as keyword arguments: the fields of its config, with their types."""

import dataclasses
from typing import get_type_hints

import pytest

from treadle_http_parser import Limits
from treadle_server import ServerConfig, ServerOptions

# The fields of ``Limits`` under aiohttp's names, and the option that changes nothing.
ALIASES = {"max_line_size", "max_field_size", "max_headers", "timeout_ceil_threshold"}


def test_every_option_is_known_to_type_checkers() -> None:
    assert ServerOptions.__optional_keys__ == ServerConfig.keywords()
    assert not ServerOptions.__required_keys__


@pytest.mark.parametrize(
    "field", [*dataclasses.fields(ServerConfig), *dataclasses.fields(Limits)], ids=lambda f: f.name
)
def test_an_option_has_the_type_of_its_field(field: "dataclasses.Field[object]") -> None:
    declared = get_type_hints(ServerOptions)[field.name]
    if field.name == "access_log_class":
        # The config is below the classes of access logs and takes any callable.
        assert "AbstractAccessLogger" in str(declared)
    else:
        assert declared == field.type


def test_the_aliases_are_numbers() -> None:
    hints = get_type_hints(ServerOptions)
    assert {name: hints[name] for name in ALIASES} == dict.fromkeys(ALIASES, int) | {
        "timeout_ceil_threshold": float
    }
