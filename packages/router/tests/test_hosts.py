"""Host rules."""

import pickle

import pytest

from treadle_router import HostError, HostPattern

TABLE = [
    ("example.com", "example.com", True),
    ("example.com", "EXAMPLE.com:8080", True),
    ("Example.com.", "example.com.", True),
    ("example.com", "www.example.com", False),
    ("example.com", "", False),
    ("example.com:80", "example.com:80", True),
    ("example.com:80", "example.com", False),
    ("*.example.com", "a.b.example.com:1", True),
    ("*.example.com", "example.com", False),
    ("*.example.com", "evil-example.com", False),
    ("*.example.com", "x.example.com.evil", False),
    ("*", "anything", True),
    ("a*b*c", "aXbXc", True),
    ("a*b*c", "acb", False),
    ("*a.*a", "a.a", True),
    ("ab*ba", "aba", False),
    ("*.b:81", "a.b:81", True),
    ("*.b:81", "a.b", False),
    ("bücher.example", "xn--bcher-kva.example", True),
    ("10.0.0.1", "10.0.0.1:5", True),
    ("example.com", "[::1]:80", False),
    ("example.com", ":", False),
]


@pytest.mark.parametrize(("rule", "host", "taken"), TABLE)
def test_match(rule: str, host: str, taken: bool) -> None:
    assert HostPattern(rule).match(host) is taken


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("", "has no host"),
        (".", "has no host"),
        (":80", "has no host"),
        ("http://a", "has a scheme"),
        ("-a.b", "'-a' must be 1 to 63"),
        ("a..b", "'' must be"),
        ("a_b", "'a_b' must be"),
        ("a" * 64, "must be 1 to 63"),
        ("a:b", "bad port"),
        ("a:99999", "bad port"),
        ("[::1]", "bad port|must be"),
        ("é" * 64, "not an international name"),
    ],
)
def test_refused(rule: str, message: str) -> None:
    with pytest.raises(HostError, match=message) as caught:
        HostPattern(rule)
    assert caught.value.host == rule


def test_only_text() -> None:
    with pytest.raises(TypeError, match="must be a str, not 5"):
        HostPattern(5)  # type: ignore[arg-type]  # the mistake under test


def test_stars_are_linear() -> None:
    assert not HostPattern("*a" * 30 + "b").match("a" * 100_000)


def test_value() -> None:
    pattern = HostPattern("*.Example.com:8080")
    assert pattern == pickle.loads(pickle.dumps(pattern))
    assert hash(pattern) == hash(HostPattern("*.example.com:8080"))
    assert pattern != HostPattern("*.example.com")
    assert repr(pattern) == "<HostPattern *.example.com:8080>"
