"""``BasicAuth``: reading and writing the credentials of Basic authentication."""

import base64

import pytest
from yarl import URL

from treadle import BasicAuth, encode_basic_auth


def test_it_is_read() -> None:
    header = "Basic " + base64.b64encode(b"Ada:pass:word").decode()
    assert BasicAuth.decode(header) == ("Ada", "pass:word", "latin1")
    assert (
        BasicAuth.decode(header.lower().replace("basic", "BASIC", 1)[:6] + header[6:]).login
        == "Ada"
    )


def test_it_is_read_in_an_encoding() -> None:
    header = encode_basic_auth("\u017b\u00f3\u0142w", "\u00e9")
    assert BasicAuth.decode(header, "utf-8") == ("\u017b\u00f3\u0142w", "\u00e9", "utf-8")


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("Basic", "Could not parse authorization header"),
        ("Bearer abc", "Unknown authorization method 'Bearer'"),
        ("Basic ===", "Invalid base64 encoding"),
        ("Basic YWJj", "Invalid credentials"),
        ("Basic \u00e9", "can't encode"),
    ],
)
def test_what_cannot_be_read(header: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BasicAuth.decode(header)


def test_a_password_is_not_in_an_error() -> None:
    with pytest.raises(ValueError, match="Invalid") as error:
        BasicAuth.decode("Basic " + base64.b64encode(b"secret").decode())
    assert "secret" not in str(error.value)
    assert "c2VjcmV0" not in str(error.value)


def test_it_is_deprecated_to_make_one() -> None:
    with pytest.warns(DeprecationWarning, match="encode_basic_auth"):
        auth = BasicAuth("Ada", "x")
    assert auth.encode() == encode_basic_auth("Ada", "x", "latin1")
    assert (auth.login, auth.password, auth.encoding) == ("Ada", "x", "latin1")


@pytest.mark.parametrize("arguments", [(None, "x"), ("a", None), ("a:b", "x")])
def test_what_is_no_login(arguments: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="not allowed"):
        BasicAuth(*arguments)


def test_from_a_url() -> None:
    assert BasicAuth.from_url(URL("http://Ada:x@example.org")) == ("Ada", "x", "latin1")
    assert BasicAuth.from_url(URL("http://Ada@example.org")) == ("Ada", "", "latin1")
    assert BasicAuth.from_url(URL("http://example.org")) is None
    with pytest.raises(TypeError, match=r"yarl\.URL"):
        BasicAuth.from_url("http://example.org")  # type: ignore[arg-type]  # the mistake under test
