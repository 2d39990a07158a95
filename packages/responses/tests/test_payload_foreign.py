"""Payloads of other packages as bodies, known by what they have."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from multidict import CIMultiDict

from treadle_responses import PayloadLookupError, Response, get_payload

Make = Callable[..., Any]


class Theirs:
    """The shape of a payload of aiohttp's client."""

    def __init__(self, size: int | None = 6) -> None:
        self.size = size
        self.headers: CIMultiDict[str] = CIMultiDict({"Content-Type": "text/x", "X-Own": "1"})
        self.closed = 0

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return b"theirs".decode(encoding, errors)

    async def write(self, writer: Any) -> None:
        await writer.write(b"the")
        await writer.write(b"irs")

    async def close(self) -> None:
        self.closed += 1


class Least:
    """The least that makes a payload."""

    headers: Mapping[str, str] = {}
    size = None

    async def write(self, writer: Any) -> None:
        await writer.write(b"least")


@pytest.mark.parametrize(("size", "length"), [(6, ["6"]), (None, [])])
def test_as_a_body(send: Make, size: int | None, length: list[str]) -> None:
    theirs = Theirs(size)
    response = Response(body=theirs, headers={"X-Mine": "2"})  # type: ignore[arg-type]  # at run time
    assert (response.content_type, response.text) == ("text/x", "theirs")
    wire = send(response)
    assert wire.body == b"theirs"
    assert (wire.get("X-Own"), wire.get("X-Mine")) == (["1"], ["2"])
    assert wire.get("Content-Length") == length
    assert theirs.closed == 1


def test_fields_of_the_caller_win() -> None:
    payload = get_payload(Theirs(), headers={"X-Own": "2", "X-Mine": "3"}, encoding="utf-8")
    expected = {"Content-Type": "text/x", "X-Own": "2", "X-Mine": "3"}
    assert dict(payload.headers) == expected


def test_the_least(send: Make) -> None:
    payload = get_payload(Least())
    assert (payload.size, payload.content_type) == (None, "application/octet-stream")
    with pytest.raises(TypeError, match="Least cannot be read as text"):
        payload.decode()
    assert send(Response(body=payload)).body == b"least"
    assert payload.consumed


class NoHeaders:
    size = None

    async def write(self, writer: Any) -> None: ...


class NoSize:
    headers: Mapping[str, str] = {}

    async def write(self, writer: Any) -> None: ...


class WritesAtOnce:
    headers: Mapping[str, str] = {}
    size = 1

    def write(self, writer: Any) -> None: ...


class OtherHeaders(Theirs):
    def __init__(self) -> None:
        super().__init__()
        self.headers = "text/x"  # type: ignore[assignment]  # another shape


@pytest.mark.parametrize("kind", [NoHeaders, NoSize, WritesAtOnce, OtherHeaders, object])
def test_what_is_none(kind: Callable[[], object]) -> None:
    with pytest.raises(PayloadLookupError, match=r"No payload is registered|register the type"):
        get_payload(kind())
