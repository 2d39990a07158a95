"""A WebSocket over a transport that has messages: what ``WebSocketResponse`` asks of it."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest
from multidict import CIMultiDict

from testkit import CONNECTION, FakeChannel, request_head
from treadle_responses import HTTPForbidden
from treadle_server import ClientConnectionResetError, Request, WebSocketResponse
from treadle_server._body.stream import EMPTY_PAYLOAD
from treadle_server._websocket.channel import extra_info, opener_of, too_late
from treadle_websocket import SessionSettings, WebSocketSession, WSCloseCode


class Opener(FakeChannel):
    """Accepts every handshake, and keeps how."""

    async def accept_websocket(
        self,
        subprotocol: str | None,
        headers: CIMultiDict[str],
        settings: SessionSettings,
        **options: Any,
    ) -> Any:
        self.accepted = (subprotocol, dict(headers), settings.max_msg_size, options)
        return self

    # Enough of a ``WebSocketChannel`` for this test.
    session: WebSocketSession[Any]


def ask(channel: FakeChannel, fields: str = "") -> Request:
    return Request.received(request_head("GET", "/", fields), EMPTY_PAYLOAD, channel, CONNECTION)


def test_the_handshake_is_the_channels() -> None:
    async def main() -> None:
        channel = Opener()
        channel.session = WebSocketSession()
        ws = WebSocketResponse(protocols=["a"], max_msg_size=7, writer_limit=3, decode_text=False)
        ws.headers["X-Own"] = "1"
        request = ask(channel, "Sec-WebSocket-Protocol: b, a\r\n")
        assert ws.can_prepare(request)
        assert await ws.prepare(request) is cast("object", channel)
        subprotocol, headers, size, options = channel.accepted
        assert (subprotocol, headers, size) == ("a", {"X-Own": "1"}, 7)
        assert options == {"decode_text": False, "writer_limit": 3}
        assert (ws.ws_protocol, ws.compress, ws.closed) == ("a", False, False)

    asyncio.run(main())


def test_an_origin_is_refused() -> None:
    async def main() -> None:
        ws = WebSocketResponse(origins=["https://example.com"])
        with pytest.raises(HTTPForbidden):
            await ws.prepare(ask(Opener(), "Origin: https://elsewhere.example\r\n"))

    asyncio.run(main())


@pytest.mark.parametrize(("make", "opens"), [(FakeChannel, False), (Opener, True)])
def test_openers(make: Callable[[], FakeChannel], opens: bool) -> None:
    async def main() -> None:
        channel = make()
        assert (opener_of(channel) is not None) is opens

    asyncio.run(main())


def test_sending_behind_the_end() -> None:
    session: WebSocketSession[Any] = WebSocketSession()
    session.send_close(WSCloseCode.OK)
    error = too_late(session)
    assert isinstance(error, ClientConnectionResetError)
    assert "close sent" in str(error)


def test_a_websocket_that_is_not_open_has_no_information() -> None:
    assert extra_info(None, "peername", "none") == "none"
