"""Requests as programs and tests for aiohttp make them: by the constructor, with a writer."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from treadle_server import (
    EMPTY_PAYLOAD,
    AbstractStreamWriter,
    BaseRequest,
    HttpVersion11,
    RawRequestMessage,
    Request,
    StreamReader,
)

from ._transport import FakeTransport

__all__ = ["KeepingWriter", "fed_body", "request_by_hand"]


class KeepingWriter(AbstractStreamWriter):
    """Keeps what is written."""

    def __init__(self) -> None:
        self.status_line = ""
        self.headers: CIMultiDict[str] = CIMultiDict()
        self.body = b""
        self.ended = False

    async def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Keep a piece of the body."""
        self.body += chunk

    async def write_eof(self, chunk: bytes = b"") -> None:
        """Keep the last piece, and the end."""
        self.body += chunk
        self.ended = True

    async def drain(self) -> None:
        """Do nothing."""

    def enable_compression(self, encoding: str = "deflate", strategy: int | None = None) -> None:  # noqa: ARG002  # the interface
        """Refuse: a response compresses its body itself."""
        raise AssertionError("the response compresses")

    def enable_chunking(self) -> None:
        """Do nothing."""

    async def write_headers(self, status_line: str, headers: CIMultiDict[str]) -> None:
        """Keep the head."""
        self.status_line, self.headers = status_line, headers


def fed_body(data: bytes) -> StreamReader:
    """Return a body that was fed by hand."""
    made = StreamReader(None, 2**16)
    made.feed_data(data)
    made.feed_eof()
    return made


def request_by_hand(
    method: str = "GET",
    path: str = "/path?a=1",
    headers: dict[str, str] | None = None,
    payload: StreamReader = EMPTY_PAYLOAD,
    *,
    cls: type[BaseRequest] = Request,
    writer: AbstractStreamWriter | None = None,
    **options: Any,
) -> BaseRequest:
    """Return a request as ``make_mocked_request`` makes it."""
    fields = CIMultiDictProxy(CIMultiDict(headers or {}))
    upgrade = "Upgrade" in fields
    raw = tuple((name.encode(), value.encode()) for name, value in fields.items())
    message = RawRequestMessage(
        method, path, HttpVersion11, fields, raw, False, None, upgrade, False, URL(path)
    )
    protocol = SimpleNamespace(
        peername=("192.0.2.7", 1),
        sockname=("192.0.2.1", 80),
        ssl_context=None,
        transport=FakeTransport(peername="a peer"),
    )
    task = cast("asyncio.Task[Any]", SimpleNamespace())
    return cls(
        message, payload, cast("Any", protocol), writer or KeepingWriter(), task, None, **options
    )
