"""Payloads in memory, and the properties that all payloads share."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from multidict import CIMultiDict

from treadle_responses import (
    BytesPayload,
    JsonBytesPayload,
    JsonPayload,
    Payload,
    StringIOPayload,
    StringPayload,
)
from treadle_responses._payload import Sink

Make = Callable[..., Any]


@pytest.mark.parametrize(
    ("payload", "data", "content_type"),
    [
        (BytesPayload(b"x"), b"x", "application/octet-stream"),
        (BytesPayload(bytearray(b"x")), b"x", "application/octet-stream"),
        (BytesPayload(memoryview(b"abcd").cast("I")), b"abcd", "application/octet-stream"),
        (BytesPayload(b"x", filename="a.css"), b"x", "text/css; charset=utf-8"),
        (BytesPayload(b"x", content_type="a/b", filename="a.css"), b"x", "a/b"),
        (BytesPayload(b"x", headers={"content-type": "a/b"}), b"x", "a/b"),
        (StringPayload("\xfc"), b"\xc3\xbc", "text/plain; charset=utf-8"),
        (StringPayload("\xfc", encoding="latin-1"), b"\xfc", "text/plain; charset=latin-1"),
        (
            StringPayload("\xfc", content_type='a/b; charset="latin-1"; c=d'),
            b"\xfc",
            'a/b; charset="latin-1"; c=d',
        ),
        (StringPayload("\xfc", content_type="a/b"), b"\xc3\xbc", "a/b"),
        (StringIOPayload(io.StringIO("xy")), b"xy", "text/plain; charset=utf-8"),
        (JsonPayload({"a": 1}), b'{"a": 1}', "application/json"),
        (JsonPayload("\xfc", encoding="utf-16-le", dumps=str), b"\xfc\0", "application/json"),
        (JsonBytesPayload([1], dumps=lambda value: b"[1]"), b"[1]", "application/json"),
    ],
)
def test_payloads(run: Make, payload: Payload, data: bytes, content_type: str) -> None:
    assert payload.content_type == content_type
    assert payload.size == len(data)
    # Any number of times.
    for _ in range(2):
        assert run(payload.as_bytes()) == data
    assert payload.consumed is False
    assert payload.autoclose is True
    run(payload.close())


def test_a_string_io_is_read_from_where_it_is() -> None:
    file = io.StringIO("abc")
    file.read(1)
    assert StringIOPayload(file).decode() == "bc"


def test_decode() -> None:
    assert BytesPayload(b"\xfc").decode("latin-1") == "\xfc"
    assert BytesPayload(b"\xfc").decode(errors="replace") == "\ufffd"
    assert StringPayload("\xfc", encoding="latin-1").decode() == "\xfc"


def test_disposition_and_names() -> None:
    payload = BytesPayload(b"", filename="\xfc.txt", encoding="utf-8")
    assert (payload.filename, payload.encoding) == ("\xfc.txt", "utf-8")
    payload.set_content_disposition("attachment", filename=payload.filename or "")
    assert payload.headers["Content-Disposition"].endswith("filename*=UTF-8''%C3%BC.txt")


def test_the_order_of_fields_is_that_of_aiohttp() -> None:
    given = CIMultiDict({"X-Own": "1", "content-type": "a/b"})
    for payload in (
        BytesPayload(b"", given),
        BytesPayload(b"", given, "c/d", "e.txt"),
        StringPayload("", given),
        JsonPayload({}, headers=given),
    ):
        # The given fields are the caller's: their Content-Type wins.
        assert [*payload.headers.items()] == [("content-type", "a/b"), ("X-Own", "1")]
    payload = BytesPayload(b"", [("X-Own", "1"), ("X-Own", "2")], "c/d")
    assert [*payload.headers.items()] == [("Content-Type", "c/d"), ("X-Own", "1"), ("X-Own", "2")]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: BytesPayload("x"), TypeError),  # type: ignore[arg-type]  # the mistake under test
        (lambda: BytesPayload(b"x", content_type="a/b\r\nX: y"), ValueError),
        (lambda: BytesPayload(b"x", encoding="utf 8"), ValueError),
        (lambda: StringPayload("x", encoding="no-such-charset"), LookupError),
    ],
)
def test_mistakes(call: Callable[[], object], error: type[Exception]) -> None:
    with pytest.raises(error):
        call()


class Counting(Payload):
    """A payload of another package: it has only the two required methods."""

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return "12345"

    async def write(self, writer: Sink) -> None:
        for digit in self.decode():
            await writer.write(digit.encode())


def test_a_payload_of_ones_own(run: Make, ask: Make) -> None:
    payload = Counting(None)
    assert run(payload.as_bytes()) == b"12345"
    for limit, expected in [(None, b"12345"), (0, b""), (3, b"123"), (9, b"12345")]:
        wire = ask().wire
        run(payload.write_with_length(wire, limit))
        assert wire.body == expected
    with pytest.raises(TypeError, match="abstract"):
        Payload(None)  # type: ignore[abstract]  # the mistake under test


class Legacy(Payload):
    """A payload that has text, and writes something else."""

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        text = self._value
        if not isinstance(text, str):
            raise TypeError("no text")
        return text

    async def write(self, writer: Sink) -> None:
        await writer.write(b"written")


@pytest.mark.parametrize(
    ("value", "encoding", "asked", "expected"),
    [
        # As in aiohttp: the text, in the charset of the payload.
        ("caf\xe9", None, "utf-8", b"caf\xc3\xa9"),
        ("caf\xe9", None, "latin-1", b"caf\xe9"),
        ("caf\xe9", "latin-1", "utf-8", b"caf\xe9"),
        # There is no such text, so the bytes are those that it writes.
        ("caf\xe9", "ascii", "utf-8", b"written"),
        (b"", None, "utf-8", b"written"),
    ],
)
def test_the_bytes_of_a_payload_of_ones_own(
    run: Make, value: object, encoding: str | None, asked: str, expected: bytes
) -> None:
    assert run(Legacy(value, encoding=encoding).as_bytes(asked)) == expected


def test_the_head_of_a_part() -> None:
    payload = BytesPayload(b"", {"X-Name": "\xfc"})
    assert payload._binary_headers == (
        b"Content-Type: application/octet-stream\r\nX-Name: \xc3\xbc\r\n\r\n"
    )
    for bad in ("\r", "\n", "\0"):
        for name, value in ((f"X{bad}Y: z", "a"), ("X", f"a{bad}Y: z")):
            with pytest.raises(ValueError, match="header injection"):
                _ = BytesPayload(b"", {name: value})._binary_headers


def test_bytes_of_more_than_a_mib_warn() -> None:
    data = bytes(2**20)
    assert BytesPayload(data).size == len(data)
    with pytest.warns(ResourceWarning, match="1048577 bytes in one piece holds up"):
        assert BytesPayload(data + b"x").size == len(data) + 1
