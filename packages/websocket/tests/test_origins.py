import pytest

from treadle_websocket import AllowedOrigins, WSValueError


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://example.com", True),
        ("HTTPS://Example.COM", True),
        ("https://example.com:443", True),
        ("http://localhost:3000", True),
        ("https://[::1]:8443", True),
        ("http://example.com", False),
        ("https://example.com:8443", False),
        ("https://example.com.evil.test", False),
        ("https://evil-example.com", False),
        ("https://user@example.com", False),
        ("https://example.com/", False),
        ("https://example.com, https://evil.test", False),
        ("null", False),
        ("", False),
        ("https://ex\xe4mple.com", False),
        (None, True),
    ],
)
def test_listed_origins(origin: str | None, allowed: bool) -> None:
    policy = AllowedOrigins(["https://example.com", "http://localhost:3000", "https://[::1]:8443"])
    assert policy.allows(origin, "example.com") is allowed


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        ("https://example.com", "example.com", True),
        ("https://example.com", "example.com:443", True),
        ("http://example.com", "EXAMPLE.com", True),
        ("http://localhost:8080", "localhost:8080", True),
        ("http://localhost:8080", "localhost", False),
        ("https://evil.test", "example.com", False),
        ("https://example.com", None, False),
        ("https://example.com", "", False),
        ("https://example.com", "example.com/", False),
        ("null", "null", False),
    ],
)
def test_the_same_host(origin: str, host: str | None, allowed: bool) -> None:
    assert AllowedOrigins(same_host=True).allows(origin, host) is allowed


def test_a_missing_origin_and_null() -> None:
    assert not AllowedOrigins(missing=False).allows(None, "a")
    assert AllowedOrigins(["null"]).allows("null", "a")


@pytest.mark.parametrize("origin", ["example.com", "https://example.com/", "*", "https://", "a b"])
def test_mistakes_say_what_an_origin_is(origin: str) -> None:
    with pytest.raises(WSValueError, match="must be 'scheme://host"):
        AllowedOrigins([origin])


def test_one_string_is_not_a_list() -> None:
    with pytest.raises(WSValueError, match=r"for example \['https://example.com'\]"):
        AllowedOrigins("https://example.com")
