"""The exceptions of aiohttp's parser: their classes, their texts, their facts."""

import pytest

from treadle_server._core.http_exceptions import (
    BadHttpMessage,
    BadHttpMethod,
    BadStatusLine,
    ContentEncodingError,
    ContentLengthError,
    HttpBadRequest,
    HttpProcessingError,
    InvalidHeader,
    InvalidURLError,
    LineTooLong,
    PayloadEncodingError,
    TransferEncodingError,
)


@pytest.mark.parametrize(
    ("error", "bases", "code", "message", "args"),
    [
        (HttpProcessingError(code=409, message="m"), (Exception,), 409, "m", ()),
        (HttpBadRequest("m"), (BadHttpMessage,), 400, "m", ("m",)),
        (ContentEncodingError("m"), (PayloadEncodingError,), 400, "m", ("m",)),
        (TransferEncodingError("m"), (PayloadEncodingError,), 400, "m", ("m",)),
        (ContentLengthError("m"), (PayloadEncodingError,), 400, "m", ("m",)),
        (InvalidURLError("m"), (BadHttpMessage, HttpProcessingError), 400, "m", ("m",)),
        (
            LineTooLong(b"ab", 1),
            (BadHttpMessage, ValueError),
            400,
            "Got more than 1 bytes when reading: b'ab'.",
            (b"ab", 1, "Unknown"),
        ),
        (InvalidHeader(b"a"), (BadHttpMessage,), 400, "Invalid HTTP header: 'a'", ("a",)),
        (BadStatusLine("x"), (BadHttpMessage,), 400, "Bad status line 'x'", ("x",)),
        (BadHttpMethod("x", "why"), (BadStatusLine,), 400, "why", ("x",)),
    ],
)
def test_facts(
    error: HttpProcessingError,
    bases: tuple[type, ...],
    code: int,
    message: str,
    args: tuple[object, ...],
) -> None:
    assert all(isinstance(error, base) for base in bases)
    assert (error.code, error.message) == (code, message)
    assert args in (error.args, ())
    assert str(error) == f"{code}, message:\n  {message}"
    assert repr(error) == f"<{type(error).__name__}: {code}, message={message!r}>"
