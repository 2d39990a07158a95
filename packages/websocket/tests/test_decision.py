"""The bytes of a decision, and its text where a client has put something into it."""

import http.client
import io

import pytest

from treadle_websocket import Accept, Reject, WSHandshakeError
from treadle_websocket._decision import bad_request, quote, reject


def parsed(data: bytes) -> tuple[int, str, dict[str, str], bytes]:
    """Return the response as the standard library reads it."""

    class Sock:
        def makefile(self, _mode: str) -> io.BytesIO:
            return io.BytesIO(data)

    response = http.client.HTTPResponse(Sock())  # type: ignore[arg-type]  # all that it needs
    response.begin()
    return response.status, response.reason, dict(response.headers), response.read()


def test_an_acceptance() -> None:
    accept = Accept((("Upgrade", "websocket"), ("Connection", "Upgrade")))
    assert accept.to_bytes() == (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    )
    assert accept.deflate is None


@pytest.mark.parametrize(
    "refusal",
    [bad_request("a sentence"), reject(405, "Method Not Allowed", "use GET", ("Allow", "GET"))],
    ids=["400", "405"],
)
def test_a_refusal(refusal: Reject) -> None:
    status, reason, headers, body = parsed(refusal.to_bytes())
    assert (status, reason, body) == (refusal.status, refusal.reason, refusal.body)
    assert headers == dict(refusal.headers) | {
        "Content-Length": str(len(body)), "Connection": "close",
    }  # fmt: skip
    error = refusal.error()
    assert isinstance(error, WSHandshakeError)
    assert (str(error), error.status) == (body.decode(), status)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GET", "'GET'"), (None, "None"), ("a\r\nb: c", "'a\\r\\nb: c'"), ("\xe4", "'\\xe4'"),
        ("x" * 500, "'" + "x" * 80 + "'"),
    ],
)  # fmt: skip
def test_text_of_a_client_is_short_and_printable(text: str | None, shown: str) -> None:
    assert quote(text) == shown
    assert bad_request(quote(text)).body.isascii()
