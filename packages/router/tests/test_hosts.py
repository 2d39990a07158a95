"""Host rules."""

import pickle

import pytest

from treadle_router import (
    Converter,
    HostError,
    HostPattern,
    Match,
    MethodNotAllowed,
    NotFound,
    Router,
)

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
    ("example.com", "example.com:", True),
    ("example.com", "example.com..", False),
    ("example.com.", "example.com.:80", True),
    ("example.com:80", "example.com:080", True),
    ("example.com:080", "example.com:80", True),
    ("example.com:80", "example.com:80x", False),
    ("*:80", "[::1]:80", True),
    ("*", "[::1]:80", True),
    ("[::1]", "[::1]", True),
    ("[::1]", "[0:0:0:0:0:0:0:1]:8080", True),
    ("[0:0::1]:8080", "[::1]:8080", True),
    ("[::1]:8080", "[::1]", False),
    ("[::1]", "[::2]", False),
    ("[::FFFF:10.0.0.1]", "[::ffff:a00:1]", True),
    ("[::1]", "[::1%25lo]", False),
    ("[::1]", "[::1", False),
    ("[::1]", "[::1]x", False),
    ("[::1]", "::1", False),
    ("[::1]", "[" + "0:" * 1000 + "1]", False),
    ("fa\xdf.example", "xn--fa-hia.example", True),
    ("FA\xdf.example", "xn--fa-hia.example", True),
    ("fa\xdf.example", "fass.example", False),
    ("b\xfccher.example", "B\xfccher.example", False),
    ("{x}.example", "a.example:1", True),
    ("{x}.example", "a.b.example", False),
    ("{x}.example", ".example", False),
    ("{x:.*}.example", ".example", False),
    ("{x}.example", "example", False),
    ("{x}.example:80", "a.example:80", True),
    ("{x}.example:80", "a.example", False),
    ("{x!int}.example", "12.example", True),
    ("{x!int}.example", "a.example", False),
    ("{x!date}.example", "2024-02-30.example", False),
    ("{x:[a-z]{2}}.example", "AB.example", True),
    ("{x:[A-Z]+}.example", "AB.example", False),
    ("api-{x}.{y}.example", "api-1.b.example.", True),
    ("{x}", "[::1]", False),
]

# A rule, a host, and the values of its variables.
VALUES: list[tuple[str, str, dict[str, object]]] = [
    ("{tenant}.example.com", "Ada.example.com:80", {"tenant": "ada"}),
    ("{x!int}.{y}.example", "007.b.example", {"x": 7, "y": "b"}),
    ("api-{x:[0-9]+}-z.example", "api-12-z.example", {"x": "12"}),
]


@pytest.mark.parametrize(("rule", "host", "values"), VALUES)
def test_values_are_in_the_match(rule: str, host: str, values: dict[str, object]) -> None:
    inner, router = Router[str](), Router[str]()
    inner.add_get("/plain", "plain")
    inner.add_get("/{id!int}", "typed")
    router.add_host(rule, inner)
    router.add_get("/plain", "elsewhere")
    for path, more in [("/plain", {}), ("/5", {"id": 5})]:
        match = router.match("GET", path, host=host)
        assert isinstance(match, Match)
        assert match.params == {**values, **more}
        assert set(match.raw_params) == set(match.params)
        assert {type(text) for text in match.raw_params.values()} == {str}
    assert router.match("PUT", "/plain", host=host) == MethodNotAllowed(frozenset({"GET", "HEAD"}))
    assert router.match("GET", "/none", host=host) == NotFound()
    match = router.match("GET", "/plain", host="else.where.else")
    assert isinstance(match, Match)
    assert match.handler == "elsewhere"


def test_a_name_stands_for_one_value() -> None:
    inner, deeper, router = Router[str](), Router[str](), Router[str]()
    deeper.add_get("/{id}", "deep")
    inner.enclose("/in", deeper)
    with pytest.raises(HostError, match=r"'\{id\}\.example' and the path '/in/\{id\}' both have"):
        router.add_host("{id}.example", inner)


def test_converters_of_the_router() -> None:
    router, inner = Router[str](converters={"upper": Converter("[a-z]+", str.upper)}), Router[str]()
    inner.add_get("/", "index")
    router.add_host("{x!upper}.example", inner)
    matcher = router.freeze()
    match = matcher.match("GET", "/", host="ada.example")
    assert isinstance(match, Match)
    assert match.params == {"x": "ADA"}
    rule = HostPattern("{x!int}.example:80")
    again = pickle.loads(pickle.dumps(rule))
    assert again == rule
    assert again.match("5.example:80")


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
        ("::1", "more than one colon: write an IPv6 address in brackets"),
        ("[::1", "is not an IPv6 address"),
        ("[::g]", "is not an IPv6 address"),
        ("[fe80::1%eth0]", "is not an IPv6 address: give one like .* without a zone"),
        ("[{x}]", "is not an IPv6 address"),
        ("[::1]:x", "bad port"),
        ("a..", "'' must be"),
        ("{x}.{x}", "has the variable 'x' twice"),
        ("{x}{y}.a", "several variables between two dots"),
        ("*.{x}", "a `\\*` and variables"),
        ("{x}-.a", "'{-' must be"),
        ("a:{x}", "bad port"),
        ("{x", "Invalid host rule '{x': `{` at character 0 is never closed"),
        ("x}", "Invalid host rule 'x}': `}` at character 1 closes nothing"),
        ("{x!no}.a", "Invalid host rule '{x!no}.a': unknown converter 'no'"),
        ("{x:[}.a", "bad expression"),
        ("b\xfc-{x}.a", "beside letters that are not ASCII"),
        ("b\xfc*.a", "beside letters that are not ASCII"),
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
