"""Whose hit a request is: addresses, routes, and functions of the program."""

import asyncio
import logging
from typing import Any

import pytest

from treadle_limits._web.keys import key_of
from treadle_limits.web import by_address, together
from treadle_server import Request
from treadle_testing import make_mocked_request


def request_from(remote: str | None) -> Request:
    request = make_mocked_request("GET", "/")
    request._remote = remote
    return request


ADDRESSES = [
    ("192.0.2.7", "192.0.2.7"),
    ("::ffff:192.0.2.7", "192.0.2.7"),
    ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
    ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
    ("fe80::1%eth0", "fe80::/64"),
    ("::1", "::/64"),
]


@pytest.mark.parametrize(("remote", "key"), ADDRESSES)
def test_addresses(remote: str, key: str) -> None:
    assert by_address()(request_from(remote)) == key


def test_other_networks() -> None:
    key = by_address(ipv6_prefix=48, ipv4_prefix=24)
    assert key(request_from("2001:db8:1:2::1")) == "2001:db8:1::/48"
    assert key(request_from("192.0.2.7")) == "192.0.2.0/24"
    assert by_address(ipv6_prefix=128)(request_from("2001:db8::1")) == "2001:db8::1"


@pytest.mark.parametrize("options", [{"ipv6_prefix": 0}, {"ipv6_prefix": 129}, {"ipv4_prefix": 33}])
def test_lengths_that_no_network_has(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="A prefix has 1 to 32 bits"):
        by_address(**options)


@pytest.mark.parametrize("remote", ["/run/app.sock", "", "unknown"])
def test_without_an_address_there_is_no_limit_and_one_line(
    remote: str, caplog: pytest.LogCaptureFixture
) -> None:
    key = by_address()
    assert [key(request_from(remote)) for _ in range(3)] == [None] * 3
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "trusted_proxies" in record.getMessage()


async def user(_request: Request) -> str | None:
    return "ada"


KEYS: list[tuple[Any, str | None]] = [
    (lambda _request: "a", "a"),
    (lambda _request: None, None),
    (user, "ada"),
    (together(by_address(), user), "9:192.0.2.7 3:ada"),
    (together(user, lambda _request: None), None),
]


@pytest.mark.parametrize(("function", "key"), KEYS)
def test_functions(function: Any, key: str | None) -> None:
    assert asyncio.run(key_of(function, request_from("192.0.2.7"))) == key


def test_combinations_are_apart() -> None:
    one = together(lambda _request: "a 1:b", lambda _request: "c")
    other = together(lambda _request: "a", lambda _request: "b 1:c")

    async def main() -> None:
        request = request_from(None)
        assert await key_of(one, request) != await key_of(other, request)

    asyncio.run(main())


def test_a_key_that_is_no_text() -> None:
    def number(_request: Request) -> Any:
        return 5

    with pytest.raises(TypeError, match="returned 5"):
        asyncio.run(key_of(number, request_from(None)))


def test_together_of_none() -> None:
    with pytest.raises(TypeError, match="takes key functions"):
        together()
