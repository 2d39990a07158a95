"""Whose hit a request is: functions from a request to the key that is limited.

An application gives any function, async or not; None means that the request is not limited. The
address of a client is ``request.remote``, which respects the proxies that the server trusts and no
others: fields such as X-Forwarded-For are what a stranger says.
"""

import functools
import inspect
import ipaddress
import logging
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from treadle_server import Request

__all__ = ["Key", "by_address", "by_route", "key_of", "settled", "together"]

_logger: Final = logging.getLogger("treadle.limits")

#: Returns the key of a request, or None for one that is not limited.
Key: TypeAlias = Callable[[Request], str | Awaitable[str | None] | None]

#: The key of all requests without a route: their paths are what strangers invent.
_UNMATCHED: Final = "unmatched"


def by_address(*, ipv6_prefix: int = 64, ipv4_prefix: int = 32) -> Callable[[Request], str | None]:
    """Return a key function: the client's address, one key for each network of these lengths.

    A client with IPv6 usually has a whole /64, so that single addresses would limit nothing. A
    client without an address (a Unix socket whose proxy is not trusted) is not limited, which the
    log says once. Raises ``ValueError`` for a length that no network has.
    """
    if not 0 < ipv6_prefix <= 128 or not 0 < ipv4_prefix <= 32:
        raise ValueError(
            f"A prefix has 1 to 32 bits for IPv4 and 1 to 128 for IPv6, not {ipv4_prefix} and "
            f"{ipv6_prefix}"
        )
    warned = False

    # Addresses come again; and to read one takes longer than all else of a limit.
    @functools.lru_cache(maxsize=4096)
    def network_of(remote: str) -> str | None:
        try:
            address = ipaddress.ip_address(remote.partition("%")[0])
        except ValueError:
            return None
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        length = ipv4_prefix if address.version == 4 else ipv6_prefix
        if length == address.max_prefixlen:
            return str(address)
        return str(ipaddress.ip_network((address, length), strict=False))

    def address_key(request: Request) -> str | None:
        nonlocal warned
        remote = request.remote
        key = None if remote is None else network_of(remote)
        if key is None and not warned:
            warned = True
            _logger.warning(
                "Rate limits by address do not limit requests without one, such as those over a "
                "Unix socket: name the proxy with trusted_proxies, or give another key"
            )
        return key

    return address_key


def by_route(request: Request) -> str:
    """Return the path of the route with its variables in braces: all clients share one limit.

    Requests without a route have one key together.
    """
    return request.route_template or _UNMATCHED


def together(*keys: Key) -> Callable[[Request], Awaitable[str | None]]:
    """Return a key function of several, such as address and route: each combination is a key.

    A request that one of them does not limit is not limited. Raises ``TypeError`` without any.
    """
    if not keys:
        raise TypeError("together() takes key functions, such as by_address() and by_route")

    async def combined_key(request: Request) -> str | None:
        parts: list[str] = []
        for function in keys:
            part = await key_of(function, request)
            if part is None:
                return None
            # The length keeps ``("a b", "c")`` and ``("a", "b c")`` apart.
            parts.append(f"{len(part)}:{part}")
        return " ".join(parts)

    return combined_key


async def key_of(function: Key, request: Request) -> str | None:
    """Return the key of ``request``; raises ``TypeError`` if it is neither text nor None."""
    return await settled(function(request))


async def settled(key: str | Awaitable[str | None] | None) -> str | None:
    """Return what a key function has returned, or will return; raises like ``key_of``."""
    if inspect.isawaitable(key):
        key = await key
    if key is not None and not isinstance(key, str):
        raise TypeError(f"The key function of a limit returned {key!r}: return a str, or None")
    return key
