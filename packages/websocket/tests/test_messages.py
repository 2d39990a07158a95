import json
from typing import Any, assert_type

import pytest
from wsproto.frame_protocol import CloseReason, Opcode

from treadle_websocket import (
    WS_CLOSED_MESSAGE,
    WS_CLOSING_MESSAGE,
    Message,
    RawMessage,
    WebSocketError,
    WSCloseCode,
    WSMessage,
    WSMessageBinary,
    WSMessageClose,
    WSMessageError,
    WSMessageText,
    WSMessageTextBytes,
    WSMsgType,
)


def test_opcodes_are_those_of_wsproto() -> None:
    ours = {member.name: member.value for member in WSMsgType if member < 0x100}
    assert ours == {member.name: member.value for member in Opcode}


@pytest.mark.parametrize(
    ("name", "value"), [("CLOSING", 0x100), ("CLOSED", 0x101), ("ERROR", 0x102)]
)
def test_types_that_are_never_sent(name: str, value: int) -> None:
    assert WSMsgType[name] == value


@pytest.mark.parametrize("member", [member for member in WSMsgType if member])
def test_lower_case_names_are_aliases(member: WSMsgType) -> None:
    assert WSMsgType[member.name.lower()] is member


def test_close_codes_are_those_of_wsproto_less_the_local_ones() -> None:
    codes = {int(code) for code in WSCloseCode}
    assert codes - set(CloseReason) == {1014}
    assert set(CloseReason) - codes == {1005, 1015}
    assert WSCloseCode(1000) is WSCloseCode.OK


def test_a_message_is_the_tuple_that_aiohttp_programs_know() -> None:
    message = WSMessage(WSMsgType.TEXT, "hi", None)
    kind, data, extra = message
    assert (kind, data, extra) == (WSMsgType.TEXT, "hi", None)
    assert WSMessageText(WSMsgType.TEXT, "hi") == message
    assert isinstance(WSMessageText(WSMsgType.TEXT, "hi"), WSMessage)


def test_json() -> None:
    assert WSMessageText(WSMsgType.TEXT, '{"a": 1}').json() == {"a": 1}
    assert WSMessageTextBytes(WSMsgType.TEXT, b"[1.5]").json(loads=_numbers_as_text) == ["1.5"]
    with pytest.raises(ValueError, match="Expecting value"):
        WSMessageText(WSMsgType.TEXT, "{").json(loads=lambda text: json.loads(text[1:]))


def _numbers_as_text(text: Any) -> Any:
    return json.loads(text, parse_float=str)


def test_constants() -> None:
    assert WS_CLOSED_MESSAGE == (WSMsgType.CLOSED, None, None)
    assert WS_CLOSING_MESSAGE == (WSMsgType.CLOSING, None, None)


def _describe(message: Message) -> str:
    """Narrow a message by its type: mypy checks every ``assert_type``."""
    if message.type is WSMsgType.TEXT:
        assert_type(message, WSMessageText)
        assert_type(message.data, str)
        return message.data.upper()
    if message.type is WSMsgType.BINARY:
        assert_type(message, WSMessageBinary)
        assert_type(message.data, bytes)
        return message.data.hex()
    if message.type is WSMsgType.CLOSE:
        assert_type(message, WSMessageClose)
        assert_type(message.data, int)
        return f"{message.data + 1} {message.extra}"
    if message.type == WSMsgType.ERROR:
        assert_type(message, WSMessageError)
        assert_type(message.data, WebSocketError | TimeoutError)
        return str(message.data)
    return message.type.name


def _raw(message: RawMessage) -> bytes:
    if message.type is WSMsgType.TEXT:
        assert_type(message, WSMessageTextBytes)
        return message.data
    return b""


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (WSMessageText(WSMsgType.TEXT, "hi"), "HI"),
        (WSMessageBinary(WSMsgType.BINARY, b"\xff"), "ff"),
        (WSMessageClose(WSMsgType.CLOSE, 1000, "bye"), "1001 bye"),
        (WSMessageError(WSMsgType.ERROR, WebSocketError(1002, "bad")), "bad"),
        (WS_CLOSED_MESSAGE, "CLOSED"),
    ],
)
def test_the_type_narrows_the_message(message: Message, text: str) -> None:
    assert _describe(message) == text


def test_the_type_narrows_a_raw_message() -> None:
    assert _raw(WSMessageTextBytes(WSMsgType.TEXT, b"hi")) == b"hi"
    assert _raw(WSMessageBinary(WSMsgType.BINARY, b"hi")) == b""
