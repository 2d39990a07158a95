"""The proxies that a server trusts: what may be given, and what is refused with which sentence."""

import pickle
from ipaddress import ip_address, ip_network

import pytest

from treadle_server import TrustedProxies
from treadle_server._core.trusted_proxies import as_trusted_proxies, unmapped


@pytest.mark.parametrize(
    ("proxies", "address", "trusted"),
    [
        (["10.0.0.1"], "10.0.0.1", True),
        (["10.0.0.1"], "10.0.0.2", False),
        ([" 10.0.0.1 "], "10.0.0.1", True),
        (["10.0.0.0/8"], "10.200.3.4", True),
        (["10.0.0.0/8"], "11.0.0.0", False),
        (["::1"], "::1", True),
        (["::1"], "127.0.0.1", False),
        (["fe80::/10"], "fe80::1%eth0", True),
        (["2001:db8::/32", "10.0.0.1"], "2001:db8:1::9", True),
        # One address, however it is written.
        (["::ffff:10.0.0.1"], "10.0.0.1", True),
        (["::ffff:10.0.0.0/104"], "10.9.9.9", True),
        (["::ffff:10.0.0.0/104"], "11.9.9.9", False),
        (["10.0.0.0/8"], "::ffff:10.0.0.1", True),
        # An IPv4 address is no address of IPv6.
        (["::/0"], "10.0.0.1", False),
        (["0.0.0.0/0"], "::1", False),
        ([ip_address("10.0.0.1")], "10.0.0.1", True),
        ([ip_network("10.0.0.0/8")], "10.0.0.1", True),
        ({ip_address("::1"), "10.0.0.1"}, "10.0.0.1", True),
        (["unix"], "10.0.0.1", False),
    ],
)
def test_addresses(proxies: list[str], address: str, trusted: bool) -> None:
    assert TrustedProxies(proxies).has(unmapped(ip_address(address))) is trusted


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ("10.0.0.1", TypeError, r"trusted_proxies must be a list of addresses, .* write \['10.0"),
        (b"10.0.0.1", TypeError, r"must be a list of addresses, got b'10.0.0.1'"),
        (5.0, TypeError, "must be a list of addresses or a number of proxies, got 5.0"),
        (True, TypeError, "must be a list of addresses or a number of proxies, got True"),
        (False, TypeError, "must be a list of addresses or a number of proxies, got False"),
        (0, ValueError, "from 1 to 100 if it is a number of proxies, got 0; give None to trust"),
        (-1, ValueError, "from 1 to 100 if it is a number of proxies, got -1"),
        (101, ValueError, "from 1 to 100 if it is a number of proxies, got 101"),
        (
            ["::1", "10.0.0.1/8"],
            ValueError,
            (
                r"trusted_proxies\[1\]: '10.0.0.1/8' has host bits set: write '10.0.0.0/8', or "
                "'10.0.0.1' for this address alone"
            ),
        ),
        (["2001:db8::1/32"], ValueError, "has host bits set: write '2001:db8::/32'"),
        (["proxy.example"], ValueError, r"\[0\]: 'proxy.example' is neither an address nor a netw"),
        (["localhost"], ValueError, "nor a network, and names are not resolved: write '10.0.0.1'"),
        ([""], ValueError, r"trusted_proxies\[0\]: '' is neither an address nor a network"),
        (["*"], ValueError, r"'\*' is not an address: write '0.0.0.0/0' and '::/0' to believe"),
        (["unix:"], ValueError, "'unix:' is not an address: write 'unix' for all peers on Unix"),
        (["/run/proxy.sock"], ValueError, "write 'unix' for all peers on Unix sockets"),
        (["10.0.0.1:80"], ValueError, "'10.0.0.1:80' has a port, 80: write '10.0.0.1'"),
        (["[::1]:80"], ValueError, r"'\[::1\]:80' has a port, 80: write '::1'"),
        (["fe80::1%eth0"], ValueError, "has a zone id: write 'fe80::1'"),
        (["10.0.0.256"], ValueError, "'10.0.0.256' is neither an address nor a network"),
        (["10.0.0.0/33"], ValueError, "'10.0.0.0/33' is neither an address nor a network"),
        ([1], TypeError, r"trusted_proxies\[0\] must be a str or a value of ipaddress, got 1"),
        ([None], TypeError, r"trusted_proxies\[0\] must be a str .* got None"),
        ([b"::1"], TypeError, r"trusted_proxies\[0\] must be a str .* got b'::1'"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    value: object, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        as_trusted_proxies(value)  # type: ignore[arg-type]  # mistakes
    with pytest.raises(error, match=message):
        TrustedProxies(value)  # type: ignore[arg-type]  # mistakes


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"family": "x-forwarded"}, ValueError, "'X-Forwarded' or 'Forwarded', got 'x-forwarded'"),
        ({"family": None}, ValueError, "family must be 'X-Forwarded' or 'Forwarded', got None"),
        ({"fields": "for"}, TypeError, r"fields must be a list of names, got 'for': write \['for'"),
        ({"fields": ["from"]}, ValueError, "has 'from': known are for, proto, host, port"),
        ({"fields": ["for", "prefix"]}, ValueError, r"mount the application with add_subapp\(\)"),
        ({"fields": []}, ValueError, "fields is empty: give None as trusted_proxies"),
        ({"family": "Forwarded", "fields": ["port"]}, ValueError, "the port is part of its host"),
    ],
)
def test_wrong_fields(options: dict[str, object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        TrustedProxies(1, **options)  # type: ignore[arg-type]  # mistakes


def test_what_an_option_stands_for() -> None:
    given = TrustedProxies(["::1", "unix"], fields=["for"])
    assert as_trusted_proxies(None) is None
    assert as_trusted_proxies([]) is None
    assert as_trusted_proxies(given) is given
    assert as_trusted_proxies(iter(["::1"])) == TrustedProxies(["::1"])
    assert as_trusted_proxies(2) == TrustedProxies(2)
    with pytest.raises(ValueError, match="trusted_proxies has no proxy: give None to trust none"):
        TrustedProxies([])


def test_it_is_a_value() -> None:
    given = TrustedProxies(["::1", "unix"], family="Forwarded", fields=["for", "host"])
    again = TrustedProxies(("::1", "unix"), family="Forwarded", fields={"host", "for"})
    assert given == again
    assert hash(given) == hash(again)
    assert pickle.loads(pickle.dumps(given)) == given
    assert given != TrustedProxies(["::1"], family="Forwarded", fields=["for", "host"])
    assert given.unix
    assert TrustedProxies(3).count == 3
    with pytest.raises(AttributeError):
        given.count = 4  # type: ignore[misc]  # frozen
