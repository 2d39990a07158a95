"""The fields of proxies: who is believed, how far, and that a stranger never is."""

import random
from typing import Any

import pytest

from testkit import assert_linear
from treadle_http_parser import Fields
from treadle_server import TrustedProxies
from treadle_server._core.types import ConnectionInfo, ProxiedInfo
from treadle_server._http import forwarded
from treadle_server._http.forwarded import Believed, ForwardedReader

PROXY = "10.0.0.1"
STRANGER = "203.0.113.9"
CLIENT = "198.51.100.7"
SPOOFED = "6.6.6.6"
ALL = ("for", "proto", "host", "port")


def info(peer: str = PROXY, sockname: object = ("10.0.0.9", 80)) -> ConnectionInfo:
    return ConnectionInfo((peer, 4711), sockname, None)


def fields(*lines: str) -> Fields:
    pairs = (line.split(": ", 1) for line in lines)
    return tuple((name.encode(), value.encode("latin-1")) for name, value in pairs)


def read(
    lines: list[str],
    connection: ConnectionInfo | None = None,
    proxies: Any = ("10.0.0.0/8", "fd00::/8", "unix"),
    **options: Any,
) -> Believed:
    reader = ForwardedReader(TrustedProxies(proxies, **options))
    return reader.read(fields(*lines), "app.example", connection or info())


@pytest.mark.parametrize(
    ("value", "remote"),
    [
        (CLIENT, CLIENT),
        # The client's own text is left of what the proxy has seen.
        (f"{SPOOFED}, {CLIENT}", CLIENT),
        (f"{PROXY}, {CLIENT}", CLIENT),
        (f"{SPOOFED}, {PROXY}, {CLIENT}", CLIENT),
        (f"{SPOOFED},{CLIENT}", CLIENT),
        (f"{SPOOFED} , \t{CLIENT} ", CLIENT),
        # Through more proxies.
        (f"{CLIENT}, 10.1.1.1", CLIENT),
        (f"{SPOOFED}, {CLIENT}, 10.1.1.1, 10.2.2.2", CLIENT),
        (f"{SPOOFED}, {CLIENT}, {STRANGER}, 10.2.2.2", STRANGER),
        # Only proxies: the first of them.
        ("10.3.3.3, 10.2.2.2", "10.3.3.3"),
        # It stops at what it cannot read.
        (f"{SPOOFED}, unknown", None),
        (f"{SPOOFED}, unknown, 10.2.2.2", "10.2.2.2"),
        (f"{SPOOFED}, _hidden", None),
        (f"{SPOOFED}, ", None),
        (f"{SPOOFED},, 10.2.2.2", "10.2.2.2"),
        (",", None),
        ("", None),
        (f"{SPOOFED}, unix:", None),
        (f"{SPOOFED}, proxy.example", None),
        (f"{SPOOFED}, 10.2.2.256", None),
        (f"{SPOOFED}, 010.2.2.2", None),
        (f"{SPOOFED}, 10.2.2", None),
        (f"{SPOOFED}, 0x0a020202", None),
        (f"{SPOOFED}, 167903746", None),
        (f"{SPOOFED}, 10.2.2.2 10.3.3.3", None),
        (f"{SPOOFED}, 10.2.2.2;10.3.3.3", None),
        (f"{SPOOFED}, \xb2.2.2.2", None),
        (f'{SPOOFED}, "{CLIENT}"', None),
        (f"{SPOOFED}, for={CLIENT}", None),
        (f"{SPOOFED}, {CLIENT}/32", None),
        (f"{SPOOFED}, " + "1" * 200, None),
        # Ports, and all forms of IPv6.
        (f"{SPOOFED}, {CLIENT}:4711", CLIENT),
        (f"{SPOOFED}, {CLIENT}:_x", CLIENT),
        (f"{SPOOFED}, {CLIENT}:", None),
        (f"{SPOOFED}, {CLIENT}:123456", None),
        (f"{CLIENT}, 10.2.2.2:80", CLIENT),
        ("2001:DB8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:80", "2001:db8::1"),
        ("2001:db8:0:0:0:0:0:1", "2001:db8::1"),
        (f"{SPOOFED}, [2001:db8::1", None),
        (f"{SPOOFED}, 2001:db8::1]", None),
        (f"{SPOOFED}, [{CLIENT}]", None),
        (f"{SPOOFED}, [2001:db8::1]80", None),
        (f"{SPOOFED}, [::1]:80:80", None),
        (f"{CLIENT}, fd00::1", CLIENT),
        (f"{CLIENT}, [fd00::1%eth0]:80", CLIENT),
        ("fe80::1%eth0", "fe80::1%eth0"),
        (f"{SPOOFED}, fe80::1%", None),
        (f"{SPOOFED}, fe80::1%<b>", None),
        (f"{SPOOFED}, fe80::1%{'e' * 33}", None),
        (f"::ffff:{CLIENT}", CLIENT),
        (f"{CLIENT}, ::ffff:10.2.2.2", CLIENT),
        (f"{CLIENT}, [::FFFF:0a02:0202]:1", CLIENT),
    ],
)
def test_the_walk(value: str, remote: str | None) -> None:
    assert read([f"X-Forwarded-For: {value}"]).remote == remote


def as_element(node: str) -> str:
    """Return a node as a proxy writes it into Forwarded."""
    return f'for="{node}"' if ":" in node else f"for={node}"


@pytest.mark.parametrize(
    ("value", "remote"),
    [
        (f"for={CLIENT}", CLIENT),
        (f"For={SPOOFED}, FOR={CLIENT}", CLIENT),
        (f"for={SPOOFED};proto=https, by={PROXY};for={CLIENT};proto=http", CLIENT),
        (f'for={SPOOFED}, for="{CLIENT}:4711", for="[fd00::1]:80"', CLIENT),
        ('for="[2001:db8:cafe::17]:4711"', "2001:db8:cafe::17"),
        ("for=[2001:db8:cafe::17]", "2001:db8:cafe::17"),
        (f"for={CLIENT}:4711", CLIENT),
        (f'for={SPOOFED}, for="_gazonk"', None),
        (f"for={SPOOFED}, for=unknown", None),
        (f"for={SPOOFED}, proto=https", None),
        (f"for={SPOOFED}, ", None),
        (f"for={SPOOFED},, for=10.2.2.2", "10.2.2.2"),
        ("", None),
        # An element of which any part is malformed says nothing.
        (f"for={SPOOFED}, for={CLIENT};", CLIENT),
        (f"for={SPOOFED}, for={CLIENT};proto", None),
        (f"for={SPOOFED}, for={CLIENT}; proto=http", CLIENT),
        (f"for={SPOOFED}, for={CLIENT} proto=http", None),
        (f"for={SPOOFED}, for={CLIENT};for={SPOOFED}", None),
        (f"for={SPOOFED}, for ={CLIENT}", None),
        (f"for={SPOOFED}, for= {CLIENT}", None),
        (f'for={SPOOFED}, for="{CLIENT}', None),
        # Quotes of a client neither hide the element of the proxy nor end in it.
        (f'for={SPOOFED};x=", for={CLIENT}', CLIENT),
        (f'for={SPOOFED};x=", for="{CLIENT}"', CLIENT),
        (f'for={SPOOFED};x="\\", for="[2001:db8::1]"', "2001:db8::1"),
        (f'for={SPOOFED}", for="{CLIENT}"', CLIENT),
        (f'", for={SPOOFED}, for={CLIENT}', CLIENT),
        (f'for={CLIENT};x="a, for={SPOOFED}"', CLIENT),
        (f'for={CLIENT};x="a\\", for={SPOOFED}, \\"b"', CLIENT),
        (f'for={SPOOFED}, x="\\\\";for={CLIENT}', CLIENT),
        (f'for="{CLIENT[:3]}\\{CLIENT[3:]}"', CLIENT),
        # Both proxies of one line, and a comma in quotes between.
        (f'for={CLIENT};host="a,b", for=10.2.2.2;host="c,d"', CLIENT),
    ],
)
def test_the_walk_through_forwarded(value: str, remote: str | None) -> None:
    assert read([f"Forwarded: {value}"], family="Forwarded").remote == remote


def test_both_families_walk_the_same_way() -> None:
    nodes = [SPOOFED, CLIENT, "10.3.3.3", "[fd00::1]:80"]
    x_forwarded = read([f"X-Forwarded-For: {', '.join(nodes)}"])
    elements = ", ".join(map(as_element, nodes))
    assert read([f"Forwarded: {elements}"], family="Forwarded") == x_forwarded
    assert x_forwarded.remote == CLIENT


@pytest.mark.parametrize("family", ["X-Forwarded", "Forwarded"])
def test_several_lines_are_one_list(family: str) -> None:
    prefix, name = ("", "X-Forwarded-For") if family == "X-Forwarded" else ("for=", "Forwarded")
    lines = [
        f"{name}: {prefix}{SPOOFED}",
        f"{name.upper()}: {prefix}{SPOOFED}, {prefix}{CLIENT}",
        "Accept: */*",
        f"{name.lower()}: {prefix}10.3.3.3",
        f"{name}: {prefix}10.2.2.2",
    ]
    assert read(lines, family=family).remote == CLIENT
    # A line that a client has left open ends nothing of the next one.
    lines[0] = f'{name}: {prefix}"'
    assert read(lines, family=family).remote == CLIENT
    lines[3] = f"{name}: "
    assert read(lines, family=family).remote == "10.2.2.2"


FORGED = [
    f"X-Forwarded-For: {SPOOFED}",
    "X-Forwarded-Proto: https",
    "X-Forwarded-Host: evil.example",
    "X-Forwarded-Port: 666",
    f'Forwarded: for={SPOOFED};proto=https;host="evil.example"',
    f"X-Real-IP: {SPOOFED}",
    f"X-Client-IP: {SPOOFED}",
    f"X_Forwarded_For: {SPOOFED}",
    "X-Forwarded-Prefix: /evil",
    "X-Forwarded-Scheme: https",
    "X-Forwarded-Ssl: on",
    "Front-End-Https: on",
]


@pytest.mark.parametrize("family", ["X-Forwarded", "Forwarded"])
@pytest.mark.parametrize(
    ("connection", "proxies"),
    [
        (info(STRANGER), ["10.0.0.0/8", "::1", "unix"]),
        (info("::ffff:203.0.113.9"), ["10.0.0.0/8"]),
        (info("10.0.0.2"), ["10.0.0.1"]),
        (info("2001:db8::1"), ["10.0.0.0/8", "0.0.0.0/0"]),
        (info(STRANGER), ["unix"]),
        (ConnectionInfo("", "/run/app.sock", None), ["10.0.0.0/8", "0.0.0.0/0", "::/0"]),
        (ConnectionInfo(None, None, None), ["0.0.0.0/0", "unix"]),
        (ConnectionInfo("10.0.0.1", ("10.0.0.9", 80), None), ["unix"]),
        # A client behind the PROXY protocol is no proxy.
        (ProxiedInfo(info(), (STRANGER, 1), source_tls=False), ["10.0.0.1"]),
        (ProxiedInfo(info(), "/run/x", source_tls=False), ["10.0.0.1", "unix"]),
        # The proxy does not say whose bytes these are.
        (ProxiedInfo(info(), None, source_tls=False), ["10.0.0.1"]),
        (ProxiedInfo(info(), None, source_tls=False), 2),
        # The only proxy has written the header.
        (ProxiedInfo(info(), (STRANGER, 1), source_tls=False), 1),
    ],
)
def test_a_stranger_is_never_believed(
    connection: ConnectionInfo, proxies: Any, family: str
) -> None:
    names = ALL if family == "X-Forwarded" else ALL[:-1]
    assert read(FORGED, connection, proxies, family=family, fields=names) == Believed()


@pytest.mark.parametrize(
    ("options", "believed"),
    [
        # The other family and other fields are a stranger's, though the peer is a proxy.
        ({}, Believed(SPOOFED, "https", None)),
        ({"fields": ["for"]}, Believed(SPOOFED, None, None)),
        ({"fields": ["proto"]}, Believed(None, "https", None)),
        ({"fields": ["host"]}, Believed(None, None, "evil.example")),
        ({"fields": ["host", "port"]}, Believed(None, None, "evil.example:666")),
        ({"fields": ["port"]}, Believed(None, None, "app.example:666")),
    ],
)
def test_only_the_named_fields_are_read(options: dict[str, Any], believed: Believed) -> None:
    assert read(FORGED[:4], **options) == believed
    rest = [line for line in FORGED if not line.startswith("X-Forwarded-")]
    assert read(rest, **options) == Believed()
    if "port" not in options.get("fields", ()):
        assert read(FORGED[4:5], family="Forwarded", **options) == believed
        assert read([*FORGED[:4], *FORGED[5:]], family="Forwarded", **options) == Believed()


@pytest.mark.parametrize(
    ("value", "scheme"),
    [
        ("https", "https"),
        ("HTTPS", "https"),
        ("http", "http"),
        ("wss", "https"),
        ("ws", "http"),
        ("", None),
        ("ftp", None),
        ("https:", None),
        ("https://", None),
        ("https http", None),
        ("javascript", None),
        # The last one is the peer's; a client may have sent the others.
        ("https, http", "http"),
        ("http,https", "https"),
        ("https, ", None),
        ("https, ftp", None),
    ],
)
def test_schemes(value: str, scheme: str | None) -> None:
    lines = [f"X-Forwarded-For: {CLIENT}", f"X-Forwarded-Proto: {value}"]
    assert read(lines) == Believed(CLIENT, scheme, None)


@pytest.mark.parametrize("hops", [1, 2, 3])
@pytest.mark.parametrize("added", [0, 1, 2, 5])
def test_a_client_cannot_align_its_schemes_with_its_addresses(hops: int, added: int) -> None:
    # Of the proxies only the peer writes a scheme; the client has sent as many as it likes.
    nodes = [SPOOFED] * added + [CLIENT] + [f"10.0.0.{hop}" for hop in range(2, hops + 1)]
    for count in range(5):
        schemes = ["https"] * count + ["http"]
        lines = [f"X-Forwarded-For: {', '.join(nodes)}"]
        lines += [f"X-Forwarded-Proto: {scheme}" for scheme in schemes]
        for proxies in (["10.0.0.0/8"], hops):
            assert read(lines, proxies=proxies) == Believed(CLIENT, "http", None)


@pytest.mark.parametrize(
    ("value", "remote", "scheme", "host"),
    [
        # In Forwarded the values of an element are those of one proxy: the one next to the client.
        (f"for={SPOOFED};proto=http, for={CLIENT};proto=https", CLIENT, "https", None),
        (f"for={CLIENT};proto=https, for=10.2.2.2;proto=http", CLIENT, "https", None),
        (f"for={CLIENT}, for=10.2.2.2;proto=https", CLIENT, None, None),
        (f"for={SPOOFED};proto=https, for={CLIENT}", CLIENT, None, None),
        (f"for={SPOOFED};proto=https, proto=http;for=unknown", None, "http", None),
        (f"for={SPOOFED};proto=https, bad;proto=https", None, None, None),
        ("proto=https", None, "https", None),
        (f"host=a.example;for={CLIENT}", CLIENT, None, "a.example"),
        (f'host="a.example:8443";for={CLIENT}', CLIENT, None, "a.example:8443"),
        (f'host="a.example,b";for={CLIENT}', CLIENT, None, None),
        (f'host="a.example/b";for={CLIENT}', CLIENT, None, None),
    ],
)
def test_values_of_one_element(
    value: str, remote: str | None, scheme: str | None, host: str | None
) -> None:
    found = read([f"Forwarded: {value}"], family="Forwarded", fields=["for", "proto", "host"])
    assert found == Believed(remote, scheme, host)


@pytest.mark.parametrize(
    ("value", "host"),
    [
        ("www.example", "www.example"),
        ("www.example:8443", "www.example:8443"),
        ("[2001:db8::1]:80", "[2001:db8::1]:80"),
        ("evil.example, www.example", "www.example"),
        ("www.example:", None),
        ("www.example:99999", None),
        ("www.example/path", None),
        ("user@www.example", None),
        ("www.example\\@evil", None),
        ("www.example#", None),
        ("a b", None),
        ("<script>", None),
        ("caf\xe9.example", None),
        ("", None),
        ("a" * 254, None),
    ],
)
def test_hosts(value: str, host: str | None) -> None:
    assert read([f"X-Forwarded-Host: {value}"], fields=["host"]).host == host


@pytest.mark.parametrize(
    ("lines", "host"),
    [
        (["X-Forwarded-Port: 8443"], "app.example:8443"),
        (["X-Forwarded-Port: 80"], "app.example"),
        (["X-Forwarded-Port: 443"], "app.example:443"),
        (["X-Forwarded-Port: 443", "X-Forwarded-Proto: https"], "app.example"),
        (["X-Forwarded-Port: 80", "X-Forwarded-Proto: https"], "app.example:80"),
        (["X-Forwarded-Port: 81", "X-Forwarded-Host: [::1]:9"], "[::1]:81"),
        (["X-Forwarded-Port: 1, 81"], "app.example:81"),
        (["X-Forwarded-Port: 0"], None),
        (["X-Forwarded-Port: 65536"], None),
        (["X-Forwarded-Port: x"], None),
        (["X-Forwarded-Port: 81x", "X-Forwarded-Host: h:9"], "h:9"),
    ],
)
def test_ports(lines: list[str], host: str | None) -> None:
    assert read(lines, fields=ALL).host == host


@pytest.mark.parametrize(
    ("count", "value", "remote"),
    [
        (1, CLIENT, CLIENT),
        (1, f"{SPOOFED}, {CLIENT}", CLIENT),
        (2, f"{SPOOFED}, {CLIENT}, {STRANGER}", CLIENT),
        (3, f"{SPOOFED}, {CLIENT}, {STRANGER}, 8.8.8.8", CLIENT),
        # Fewer than there should be: what is there was written by the proxies.
        (3, f"{CLIENT}, {STRANGER}", CLIENT),
        (2, f"{SPOOFED}, unknown, {STRANGER}", STRANGER),
        (2, f"{SPOOFED}, unknown", None),
    ],
)
def test_a_number_of_proxies(count: int, value: str, remote: str | None) -> None:
    for connection in (info(STRANGER), info("::1"), ConnectionInfo("", "/run/app.sock", None)):
        assert read([f"X-Forwarded-For: {value}"], connection, count).remote == remote


def test_a_proxy_behind_the_proxy_protocol() -> None:
    lines = [f"X-Forwarded-For: {SPOOFED}, {CLIENT}, {STRANGER}"]
    behind = ProxiedInfo(info("192.0.2.1"), ("10.5.5.5", 1), source_tls=False)
    assert read(lines, behind).remote == STRANGER
    assert read(lines, behind, 2).remote == STRANGER
    assert read(lines, behind, 3).remote == CLIENT


def test_peers_on_unix_sockets() -> None:
    line = [f"X-Forwarded-For: {SPOOFED}, {CLIENT}"]
    for peer, sockname in (("", "/run/app.sock"), (None, b"\0abstract"), ("/run/peer", "/run/a")):
        assert read(line, ConnectionInfo(peer, sockname, None), ["unix"]).remote == CLIENT


@pytest.mark.parametrize(
    "peer", ["10.0.0.1", "::ffff:10.0.0.1", "fd00::1", "fd00::1%eth0", "10.255.255.255"]
)
def test_forms_of_the_peer(peer: str) -> None:
    assert read([f"X-Forwarded-For: {CLIENT}"], info(peer)).remote == CLIENT


UNITS = [
    "10.0.0.1,", ",", "10.0.0.1:", "unknown,", " ", '"', '\\"', ',"', "for=10.0.0.1,", 'a="b",',
    'a="', "\\", '"",', "a=b;", "[", "%", 'a="b";', 'a="\\\\",',
]  # fmt: skip


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("family", ["X-Forwarded", "Forwarded"])
def test_the_time_is_linear(unit: str, family: Any) -> None:
    name = b"X-Forwarded-For" if family == "X-Forwarded" else b"Forwarded"

    def work(value: bytes) -> object:
        reader = ForwardedReader(TrustedProxies(["10.0.0.0/8"], family=family))
        return reader.read(((name, value), (name, value + b'"')), "", info())

    def split(value: bytes) -> object:
        lines = [value.decode(), value.decode() + '"']
        parts = forwarded._from_right, forwarded._elements_from_right
        return [len(list(each(lines))) for each in parts]

    assert_linear(work, unit.encode(), 40_000)
    assert_linear(split, unit.encode(), 40_000)


def test_the_number_of_hops_is_bounded() -> None:
    nodes = [f"10.0.{number // 256}.{number % 256}" for number in range(10_000)]
    assert read([f"X-Forwarded-For: {', '.join(nodes)}"]).remote == nodes[-100]
    elements = ", ".join(map(as_element, nodes))
    assert read([f"Forwarded: {elements}"], family="Forwarded").remote == nodes[-100]


@pytest.mark.parametrize("family", ["X-Forwarded", "Forwarded"])
def test_any_text_of_a_client_changes_nothing(family: Any) -> None:
    """The element of the proxy is read as if it stood alone, whatever stands in front of it."""
    random.seed(14)
    words = ['"', "\\", ",", ";", "=", "for=", SPOOFED, "10.0.0.1", " ", "[", "]", ":", "x", '="']
    name = "X-Forwarded-For" if family == "X-Forwarded" else "Forwarded"
    for written in (CLIENT, "[2001:db8::1]:80"):
        own = written if family == "X-Forwarded" else as_element(written) + ";proto=http"
        alone = read([f"{name}: {own}"], family=family)
        assert alone.remote in (CLIENT, "2001:db8::1")
        for _ in range(3_000):
            text = "".join(random.choices(words, k=random.randrange(12)))
            assert read([f"{name}: {text}, {own}"], family=family) == alone, text
            assert read([f"{name}: {text}", f"{name}: {own}"], family=family) == alone, text
