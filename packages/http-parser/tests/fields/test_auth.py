"""Basic authentication, in the examples of RFC 7617 and beyond."""

import pytest

from treadle_http_parser.fields import encode_basic_auth


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        (("Aladdin", "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        (("test", "123£"), "Basic dGVzdDoxMjPCow=="),
        (("test", "123£", "latin-1"), "Basic dGVzdDoxMjOj"),
        (("a",), "Basic YTo="),
        (("", "p:q"), "Basic OnA6cQ=="),
    ],
)
def test_values(arguments: tuple[str, ...], value: str) -> None:
    assert encode_basic_auth(*arguments) == value


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("a:b",), "A login cannot have a colon"),
        (("a", "b\r\nX: y"), r"cannot have '\\r' \(at 3"),
        (("a\x00",), r"cannot have '\\x00' \(at 1"),
        (("€", "", "latin-1"), "can't encode"),
    ],
)
def test_refused(arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        encode_basic_auth(*arguments)
    assert "X: y" not in str(caught.value)
