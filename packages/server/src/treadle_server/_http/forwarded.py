"""The fields in which proxies describe a request, read as far as a server trusts their writers.

The walk goes from the peer towards the client. The peer is known by its connection. If it is a
trusted proxy, the last element of X-Forwarded-For (or Forwarded) is its own, and names the node
that had connected to it. If that one is a trusted proxy too, the element before is its own, and so
on. The first node that is not a trusted proxy is the client, and what is left of it is the text of
that client. The walk also stops at what it cannot read: a gap proves nothing about what is left of
it.

Everything here takes values and returns values.
"""

import functools
import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Final, NamedTuple, final

from treadle_http_parser import Fields
from treadle_server._core.trusted_proxies import MOST_HOPS, TrustedProxies, unmapped
from treadle_server._core.types import ConnectionInfo, ProxiedInfo

__all__ = ["Believed", "ForwardedReader"]

#: Nodes that are read once; bounded, because clients make addresses up.
_MOST_NODES: Final = 1024
#: The longest node: an IPv6 address with a zone id, brackets and a port.
_MOST_NODE: Final = 100

# A node may have a port, which may be hidden like a name (RFC 7239 section 6.2).
_NODE: Final = re.compile(r"(?:\[([^\]]+)\]|([^:]+))(?::(?:[0-9]{1,5}|_[A-Za-z0-9._-]+))?")
_ADDRESS: Final = re.compile(r"[0-9A-Fa-f.:]+(?:%[0-9A-Za-z._~-]{1,32})?")
_HOST: Final = re.compile(r"([A-Za-z0-9._~-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{1,5}))?")
_PORT: Final = re.compile(r"[1-9][0-9]{0,4}")

_SCHEMES: Final = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
_DEFAULT_PORTS: Final = {"http": "80", "https": "443"}

# One parameter of an element of Forwarded. Addresses need quotes if they have a colon, but not all
# proxies write them.
_TOKEN: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_PARAMETER: Final = re.compile(
    rf'[ \t]*({_TOKEN})=(?:"((?:[^"\\]|\\.)*)"|([^\s",;=]+))[ \t]*(?:;|$)'
)
_QUOTED_PAIR: Final = re.compile(r"\\(.)")


class Believed(NamedTuple):
    """The values that trusted proxies give a request; None for those that they do not give."""

    remote: str | None = None
    scheme: str | None = None
    host: str | None = None


class _Node(NamedTuple):
    """A sender of a request that an element names."""

    address: str
    is_proxy: bool


_NOTHING: Final = Believed()


@final
class ForwardedReader:
    """Reads the fields of trusted proxies; one per server."""

    def __init__(self, proxies: TrustedProxies) -> None:
        self._proxies: Final = proxies
        self._node: Final = functools.lru_cache(_MOST_NODES)(self._read_node)
        self._names: Final = _names(proxies)

    def trusts(self, info: ConnectionInfo) -> bool:
        """Return True if the other end of a connection is a trusted proxy.

        Behind a header of the PROXY protocol, that end is the client which the header names.
        """
        proxies = self._proxies
        if isinstance(info, ProxiedInfo):
            if info.source is None:
                # The bytes may be those of anyone.
                return False
        elif isinstance(info.sockname, (str, bytes)) and not proxies.count:
            return proxies.unix
        if proxies.count:
            return self._others(info) >= 0
        node = None if info.remote is None else self._node(info.remote[: _MOST_NODE + 1])
        return node is not None and node.is_proxy

    def read(self, fields: Fields, authority: str, info: ConnectionInfo) -> Believed:
        """Return the values for a request with these fields and this host.

        The time is linear in the size of the fields.
        """
        if not self.trusts(info):
            return _NOTHING
        names = self._names
        lines: dict[bytes, list[str]] = {}
        for name, value in fields:
            # The shortest is Forwarded; most fields end here.
            if len(name) >= 9 and (key := name.lower()) in names:
                lines.setdefault(key, []).append(value.decode("latin-1"))
        if not lines:
            return _NOTHING
        others = self._others(info)
        if self._proxies.family == "Forwarded":
            remote, given = self._walk_elements(lines[b"forwarded"], others)
        else:
            remote, given = self._walk_lists(lines, others)
        believed = self._proxies.fields
        scheme = _SCHEMES.get(given.get("proto", "").lower()) if "proto" in believed else None
        host = given.get("host") if "host" in believed else None
        if host is not None and _read_host(host) is None:
            host = None
        if "port" in believed and (port := _PORT.fullmatch(given.get("port", ""))):
            plain = "https" if info.ssl_context is not None else "http"
            host = _with_port(host or authority, port[0], scheme or plain)
        return Believed(remote, scheme, host)

    def _others(self, info: ConnectionInfo) -> int:
        """Return how many counted proxies are behind the peer; -1 if the peer is not one."""
        # The proxy that wrote a header of the PROXY protocol is one of them.
        return self._proxies.count - 1 - isinstance(info, ProxiedInfo)

    def _is_proxy(self, node: _Node, hops: int, others: int) -> bool:
        """Return True if the node that ``hops`` proxies stand in front of is a proxy too."""
        if hops >= MOST_HOPS:
            return False
        return hops <= others if self._proxies.count else node.is_proxy

    def _read_node(self, text: str) -> _Node | None:
        """Return the node that a text names, None if it names no address.

        Names that are hidden, and ``unknown``, are no addresses (RFC 7239 section 6).
        """
        if len(text) > _MOST_NODE:
            return None
        if text.count(":") > 1 and not text.startswith("["):
            bare = text
        else:
            found = _NODE.fullmatch(text)
            if found is None:
                return None
            bracketed, plain = found.groups()
            bare = plain or bracketed
            if plain is None and ":" not in bare:
                return None
        if not _ADDRESS.fullmatch(bare):
            return None
        try:
            address = unmapped(ip_address(bare))
        except ValueError:
            return None
        return _Node(str(address), self._proxies.has(address))

    # X-Forwarded-*.

    def _walk_lists(
        self, lines: Mapping[bytes, list[str]], others: int
    ) -> tuple[str | None, dict[str, str]]:
        """Return the client, and the other values that the peer has written.

        A list of schemes or hosts has one element for each proxy if each of them adds one; most
        replace the list, and some pass on what a client has sent. Only the last element is sure to
        be a proxy's, the peer's.
        """
        remote = None
        hops = 1
        for text in _from_right(lines.get(b"x-forwarded-for", [])):
            node = self._node(text[: _MOST_NODE + 1])
            if node is None:
                break
            remote = node.address
            if not self._is_proxy(node, hops, others):
                break
            hops += 1
        given = {
            field: next(_from_right(lines[name])) for field, name in _LISTS.items() if name in lines
        }
        return remote, given

    # Forwarded.

    def _walk_elements(self, lines: list[str], others: int) -> tuple[str | None, dict[str, str]]:
        """Return the client, and the element of the proxy nearest to it."""
        remote = None
        hops = 1
        element: dict[str, str] = {}
        for text in _elements_from_right(lines):
            element = _read_element(text)
            if "for" not in self._proxies.fields:
                break
            node = self._node(element.get("for", "")[: _MOST_NODE + 1])
            if node is None:
                break
            remote = node.address
            if not self._is_proxy(node, hops, others):
                break
            hops += 1
        return remote, element


_LISTS: Final = {
    "proto": b"x-forwarded-proto",
    "host": b"x-forwarded-host",
    "port": b"x-forwarded-port",
}


def _names(proxies: TrustedProxies) -> frozenset[bytes]:
    """Return the names of the fields that are read, in lower case."""
    if proxies.family == "Forwarded":
        return frozenset([b"forwarded"])
    return frozenset(f"x-forwarded-{field}".encode() for field in proxies.fields)


def _from_right(lines: list[str]) -> Iterator[str]:
    """Return the elements of a list, which may be several field lines, the last one first.

    Empty elements count: one may stand for a node without an address.
    """
    for line in reversed(lines):
        end = len(line)
        while end >= 0:
            comma = line.rfind(",", 0, end)
            yield line[comma + 1 : end].strip(" \t")
            end = comma


def _elements_from_right(lines: list[str]) -> Iterator[str]:
    """Return the elements of Forwarded, the last one first.

    A comma in quotes belongs to its element. Read from the left, an open quote of a client would
    hide the element that a proxy has written behind it; from the right the proxy's comes first.
    """
    for line in reversed(lines):
        end = len(line)
        # The next of each to the left; found once, so that the time is linear.
        comma, quote = line.rfind(","), line.rfind('"')
        while comma >= 0:
            if comma > quote:
                yield line[comma + 1 : end]
                end = comma
                comma = line.rfind(",", 0, comma)
                continue
            opening = _opening_quote(line, quote)
            if opening < 0:
                break
            quote = line.rfind('"', 0, opening)
            if comma > opening:
                comma = line.rfind(",", 0, opening)
        yield line[:end]


def _opening_quote(line: str, closing: int) -> int:
    """Return the place of the quote that ``closing`` ends; -1 without one."""
    position = closing
    while (position := line.rfind('"', 0, position)) >= 0:
        start = position
        while start and line[start - 1] == "\\":
            start -= 1
        if (position - start) % 2 == 0:
            return position
        position = start
    return -1


def _read_element(text: str) -> dict[str, str]:
    """Return the parameters of one element; none of them if any of it is malformed."""
    element: dict[str, str] = {}
    position, size = 0, len(text)
    while position < size:
        found = _PARAMETER.match(text, position)
        if found is None:
            return {}
        name, quoted, plain = found.groups()
        # Section 4: "Each parameter MUST NOT occur more than once per field-value."
        if (name := name.lower()) in element:
            return {}
        element[name] = plain if quoted is None else _QUOTED_PAIR.sub(r"\1", quoted)
        position = found.end()
    return element


def _read_host(text: str) -> str | None:
    """Return the host of a host with a port, None if it is malformed."""
    found = _HOST.fullmatch(text)
    return None if found is None or int(found[2] or 0) > 0xFFFF else found[1]


def _with_port(host: str, port: str, scheme: str) -> str | None:
    """Return a host with another port, which is left out if it is that of the scheme."""
    name = _read_host(host)
    if name is None or int(port) > 0xFFFF:
        return None
    return name if port == _DEFAULT_PORTS[scheme] else f"{name}:{port}"
