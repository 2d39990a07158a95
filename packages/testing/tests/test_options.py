"""The options that type checkers know are those that aiohttp's client and our server take."""

import inspect
from collections.abc import Callable

import pytest
from aiohttp import ClientSession

from treadle_server import ServerOptions
from treadle_testing import BaseTestServer, MemoryClient
from treadle_testing._options import (
    ListenOptions,
    MemoryRequestOptions,
    RequestOptions,
    StartOptions,
    WebSocketOptions,
)


@pytest.mark.parametrize(
    ("options", "function", "others"),
    [
        (
            RequestOptions.__optional_keys__,
            ClientSession._request,
            # The last three are deprecated and not among the types of aiohttp's own clients.
            {"self", "method", "str_or_url", "verify_ssl", "fingerprint", "ssl_context"},
        ),
        (
            WebSocketOptions.__optional_keys__,
            ClientSession._ws_connect,
            {"self", "url", "decode_text"},
        ),
        (MemoryRequestOptions.__optional_keys__, MemoryClient.request, {"self", "method", "path"}),
        (
            ListenOptions.__optional_keys__,
            BaseTestServer.__init__,
            {"self", "scheme", "host", "port", "kwargs"},
        ),
    ],
)
def test_the_options_are_those_of_the_function(
    options: frozenset[str], function: Callable[..., object], others: set[str]
) -> None:
    assert options == {*inspect.signature(function).parameters} - others


def test_a_test_server_takes_the_options_of_a_server() -> None:
    assert StartOptions.__optional_keys__ - ServerOptions.__optional_keys__ == {
        "handle_signals",
        "shutdown_timeout",
    }
