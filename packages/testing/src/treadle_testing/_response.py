"""``MemoryResponse``: a response of a ``MemoryClient``, read as one of aiohttp's client."""

import json
from collections.abc import Callable
from http.cookies import SimpleCookie
from types import TracebackType
from typing import Any, Final, NamedTuple, Self, final

from aiohttp import ClientResponseError, RequestInfo
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from treadle_http_parser import ContentDecoder
from treadle_http_parser.fields import parse_content_type
from treadle_server import HttpVersion, StreamReader

from ._wire import Answer, MemoryConnection

__all__ = ["MemoryResponse", "SentRequest"]


class SentRequest(NamedTuple):
    """The request that a response answers."""

    method: str
    url: URL
    headers: CIMultiDictProxy[str]


@final
class MemoryResponse:
    """A response: ``status`` and ``headers`` are there, the body is read with the methods.

    ``history`` has the redirects before it.
    """

    def __init__(
        self,
        answer: Answer,
        request: SentRequest,
        connection: MemoryConnection,
        history: "tuple[MemoryResponse, ...]",
    ) -> None:
        self._answer: Final = answer
        self._connection: Final = connection
        self._body: bytes | None = None
        self.request_info: Final = request
        self.history: Final = history
        self.status: Final[int] = answer.status
        self.reason: Final[str] = answer.reason

    @property
    def method(self) -> str:
        """The method of the request."""
        return self.request_info.method

    @property
    def url(self) -> URL:
        """The URL of the request."""
        return self.request_info.url

    @property
    def version(self) -> HttpVersion:
        """The version of HTTP."""
        major, _, minor = self._answer.version.partition(".")
        return HttpVersion(int(major), int(minor))

    @property
    def ok(self) -> bool:
        """True for a status below 400."""
        return self.status < 400

    @property
    def headers(self) -> CIMultiDictProxy[str]:
        """The header fields."""
        return CIMultiDictProxy(self._answer.headers)

    @property
    def cookies(self) -> "SimpleCookie":
        """The cookies that this response sets."""
        cookies = SimpleCookie()
        for line in self._answer.headers.getall("Set-Cookie", ()):
            cookies.load(line)
        return cookies

    @property
    def content_type(self) -> str:
        """The media type."""
        return parse_content_type(self._answer.headers.get("Content-Type", ""))[0]

    @property
    def charset(self) -> str | None:
        """The charset of the media type."""
        return parse_content_type(self._answer.headers.get("Content-Type", ""))[1].get("charset")

    @property
    def content_length(self) -> int | None:
        """The value of Content-Length."""
        value = self._answer.headers.get("Content-Length")
        return None if value is None else int(value)

    @property
    def content(self) -> StreamReader:
        """The body as a stream, for responses that do not end; its Content-Encoding is kept."""
        return self._answer.body

    async def read(self) -> bytes:
        """Return the whole body, without its Content-Encoding; a second call returns the same."""
        if self._body is None:
            answer = self._answer
            # Most have arrived whole.
            body = answer.body.read_nowait() if answer.is_whole else await answer.body.read()
            body = bytes(body)
            coding = self._answer.headers.get("Content-Encoding", "identity")
            if body and coding.lower() != "identity":
                body = _decode(coding, body)
            self._body = body
        return self._body

    async def text(self, encoding: str | None = None, errors: str = "strict") -> str:
        """Return the body as text, in the charset of the media type or UTF-8."""
        return (await self.read()).decode(encoding or self.charset or "utf-8", errors)

    async def json(
        self, *, encoding: str | None = None, loads: Callable[[str], Any] = json.loads
    ) -> Any:
        """Return the body as JSON."""
        return loads(await self.text(encoding))

    def raise_for_status(self) -> None:
        """Raise ``aiohttp.ClientResponseError`` for a status from 400 on."""
        if not self.ok:
            raise ClientResponseError(
                RequestInfo(self.url, self.method, self.request_info.headers, self.url),
                (),
                status=self.status,
                message=self.reason,
                headers=CIMultiDict(self._answer.headers),
            )

    def close(self) -> None:
        """Leave, if the response has not ended: the server finds the connection lost."""
        if not self._answer.ended:
            self._connection.transport.hang_up()

    release = close

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<MemoryResponse {self.method} {self.url} [{self.status} {self.reason}]>"


def _decode(coding: str, body: bytes) -> bytes:
    # A test's own application is trusted to inflate as much as it likes.
    decoder = ContentDecoder(coding, max_ratio=2**30)
    decoder.feed(body)
    pieces = []
    while piece := decoder.read():
        pieces.append(piece)
    decoder.finish()
    return b"".join(pieces)
