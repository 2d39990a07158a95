"""``TrustedProxies``: the proxies in front of a server, and the fields of theirs that it believes.

Any client can send the fields of a proxy, so they count only if the owner of the server says which
peers are proxies. The fields are read in ``_http.forwarded``.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_interface,
    ip_network,
)
from typing import Final, Literal, TypeAlias, final, get_args

__all__ = [
    "MOST_HOPS", "ForwardedFamily", "ForwardedField", "ProxyAddress", "TrustedProxies",
    "as_trusted_proxies", "unmapped",
]  # fmt: skip

Network: TypeAlias = IPv4Network | IPv6Network
#: An address, a network, or ``"unix"``: all peers on Unix sockets.
ProxyAddress: TypeAlias = str | IPv4Address | IPv6Address | IPv4Network | IPv6Network
ForwardedFamily: TypeAlias = Literal["X-Forwarded", "Forwarded"]
ForwardedField: TypeAlias = Literal["for", "proto", "host", "port"]

#: The most proxies that one request can have passed. Real chains have two or three.
MOST_HOPS: Final = 100

_FAMILIES: Final[tuple[str, ...]] = get_args(ForwardedFamily)
_FIELDS: Final[tuple[str, ...]] = get_args(ForwardedField)
_OPTION: Final = "trusted_proxies"
_MAPPED: Final = IPv6Network("::ffff:0:0/96")


def unmapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 address stands for (``::ffff:10.0.0.1``), or itself."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


@final
@dataclass(frozen=True, slots=True, init=False)
class TrustedProxies:
    """The proxies in front of a server, and the fields that they are believed.

    ``proxies`` are addresses and networks (``"10.0.0.1"``, ``"10.0.0.0/8"``, ``"::1"``, values of
    ``ipaddress``) and ``"unix"`` for all peers on Unix sockets; or an int, the number of proxies
    that each request passes, whatever their addresses.

    ``family`` says which fields they write: ``"X-Forwarded"`` for X-Forwarded-For and its
    neighbours, or ``"Forwarded"`` (RFC 7239). The other family is never read, because a proxy that
    writes one passes on what a client has sent in the other. ``fields`` are those that are
    believed: ``"for"`` (the address), ``"proto"`` (the scheme), ``"host"``, and for X-Forwarded
    ``"port"``. Name ``"host"`` and ``"port"`` only if the proxy sets them in each request.

    Raises ``TypeError`` or ``ValueError`` for what cannot be meant, with the place and the fix.
    """

    #: The networks of the proxies; empty if ``count`` is not 0.
    networks: tuple[Network, ...]
    #: True if all peers on Unix sockets are proxies.
    unix: bool
    #: The number of proxies, whatever their addresses; 0 if they are known by address.
    count: int
    family: ForwardedFamily
    fields: frozenset[ForwardedField]

    def __init__(
        self,
        proxies: Iterable[ProxyAddress] | int,
        *,
        family: ForwardedFamily = "X-Forwarded",
        fields: Collection[ForwardedField] = ("for", "proto"),
    ) -> None:
        put = object.__setattr__
        if isinstance(proxies, int):
            put(self, "count", _check_count(proxies))
            values: list[Network | None] = []
        else:
            put(self, "count", 0)
            values = [_network(each, place) for place, each in enumerate(_check_list(proxies))]
            if not values:
                raise ValueError(f"{_OPTION} has no proxy: give None to trust none")
        put(self, "networks", tuple(each for each in values if each is not None))
        put(self, "unix", None in values)
        if family not in _FAMILIES:
            raise ValueError(f"family must be 'X-Forwarded' or 'Forwarded', got {family!r}")
        put(self, "family", family)
        put(self, "fields", _check_fields(fields, family))

    def has(self, address: IPv4Address | IPv6Address) -> bool:
        """Return True if an address that ``unmapped`` has returned is that of a proxy."""
        version = address.version
        return any(each.version == version and address in each for each in self.networks)


def as_trusted_proxies(
    value: TrustedProxies | Iterable[ProxyAddress] | int | None,
) -> TrustedProxies | None:
    """Return the proxies that an option stands for; None for none, and for an empty list."""
    if value is None or isinstance(value, TrustedProxies):
        return value
    if not isinstance(value, int):
        value = _check_list(value)
        if not value:
            return None
    return TrustedProxies(value)


def _check_count(count: int) -> int:
    if isinstance(count, bool):
        raise TypeError(
            f"{_OPTION} must be a list of addresses or a number of proxies, got {count}"
        )
    if not 1 <= count <= MOST_HOPS:
        raise ValueError(
            f"{_OPTION} must be from 1 to {MOST_HOPS} if it is a number of proxies, got {count}; "
            "give None to trust none"
        )
    return count


def _check_list(proxies: Iterable[ProxyAddress]) -> list[ProxyAddress]:
    if isinstance(proxies, (str, bytes)):
        raise TypeError(
            f"{_OPTION} must be a list of addresses, got {proxies!r}: write [{proxies!r}]"
        )
    try:
        return list(proxies)
    except TypeError:
        raise TypeError(
            f"{_OPTION} must be a list of addresses or a number of proxies, got {proxies!r}"
        ) from None


def _check_fields(
    fields: Collection[ForwardedField], family: ForwardedFamily
) -> frozenset[ForwardedField]:
    if isinstance(fields, (str, bytes)):
        raise TypeError(f"fields must be a list of names, got {fields!r}: write [{fields!r}]")
    names: Collection[str] = fields
    for field in names:
        if field == "prefix":
            raise ValueError(
                "fields has 'prefix': no URL is made with X-Forwarded-Prefix. Have the proxy pass "
                "the path as it is, and mount the application with add_subapp()"
            )
        if field not in _FIELDS:
            raise ValueError(f"fields has {field!r}: known are {', '.join(_FIELDS)}")
        if field == "port" and family == "Forwarded":
            raise ValueError("fields has 'port': Forwarded has none, the port is part of its host")
    if not fields:
        raise ValueError("fields is empty: give None as trusted_proxies to believe nothing")
    return frozenset(fields)


def _network(value: ProxyAddress, place: int) -> Network | None:
    """Return a proxy as a network; None for ``"unix"``."""
    where = f"{_OPTION}[{place}]"
    if isinstance(value, str):
        text = value.strip()
        if text == "unix":
            return None
    elif isinstance(value, (IPv4Address, IPv6Address, IPv4Network, IPv6Network)):
        text = str(value)
    else:
        raise TypeError(f"{where} must be a str or a value of ipaddress, got {value!r}")
    if "%" in text:
        raise ValueError(f"{where}: {value!r} has a zone id: write {text.partition('%')[0]!r}")
    try:
        network = ip_network(text)
    except ValueError:
        raise ValueError(f"{where}: {value!r} {_fault(text)}") from None
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        mapped = network.network_address.ipv4_mapped
        return ip_network(f"{mapped}/{network.prefixlen - _MAPPED.prefixlen}")
    return network


def _fault(text: str) -> str:
    """Return the end of a sentence about a text that is not a network."""
    try:
        right = ip_interface(text)
    except ValueError:
        pass
    else:
        return f"has host bits set: write '{right.network}', or '{right.ip}' for this address alone"
    if text == "*":
        return "is not an address: write '0.0.0.0/0' and '::/0' to believe every peer"
    if text.startswith(("/", "unix:")):
        return "is not an address: write 'unix' for all peers on Unix sockets"
    host, _, port = text.rpartition(":")
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return "is neither an address nor a network, and names are not resolved: write '10.0.0.1'"
    return f"has a port, {port}: write {host.strip('[]')!r}"
