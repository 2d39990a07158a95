"""One WebSocket after its handshake: bytes in, messages out; messages in, bytes out.

A ``WebSocketSession`` does no I/O and reads no clock. Its caller's duties, in this order:

1. give all bytes that the transport reads to ``receive_data()``, and the end to ``receive_eof()``;
2. handle the messages, and write the results of the ``send_*`` methods in the order of the calls;
3. write the result of ``data_to_send()`` (pongs, the answer to a close, the close frame of a failed
   session); it is empty while ``wants_to_send`` is False;
4. call ``tick()`` at ``deadline``, if that is not None, then do 2 and 3; with a heartbeat, call
   ``suspend_pong_timeout()`` when it stops reading from the peer, ``restart_pong_timeout()`` after;
5. when ``closed`` is True and everything is written, end the sending side of the transport, and
   close it after the peer has closed too or a moment has passed: closing a transport that has
   unread data makes TCP reset the connection, and the peer may never see the close frame (section
   7.1.1).

Order of messages: any number of text, binary, ping and pong; then one CLOSE, ERROR or CLOSED; then
nothing. Only the caller's mistakes raise. ``now`` is in seconds of any clock that does not go back;
without a heartbeat and without deadlines it can be left out everywhere.
"""

from typing import Final, Generic, Literal, TypeVar, cast, final, overload

from ._assembler import Assembler
from ._close import NO_STATUS, decode_close, encode_close, truncate_reason
from ._deflate import Deflation, Inflater, PerMessageDeflate
from ._encoder import BytesLike, MessageEncoder, control_payload, flatten
from ._errors import WebSocketError, WSStateError, WSValueError, wrong_type
from ._frames import FIN, SHORT_TEXT, FrameDecoder
from ._keepalive import KeepAlive, Verdict
from ._mask import COMPILED, unmask
from ._messages import (
    WS_CLOSED_MESSAGE,
    Message,
    RawMessage,
    WSCloseCode,
    WSMessageBinary,
    WSMessageClose,
    WSMessageClosed,
    WSMessageError,
    WSMessagePing,
    WSMessagePong,
    WSMessageText,
    WSMessageTextBytes,
    WSMsgType,
)
from ._prepared import PreparedMessage
from ._settings import SessionSettings
from ._state import Signal, State, next_state

__all__ = ["WebSocketSession"]

MessageT = TypeVar("MessageT", bound=Message | RawMessage)

_DEFAULTS: Final = SessionSettings()

# The hot path would look up these names on their enums for every message. ``tuple.__new__`` builds
# a message in 0.6 of the time that its class takes (3.11 and 3.13; ``bench:websocket --alone``
# builds one per message).
_new: Final = tuple.__new__
_from_bytes: Final = int.from_bytes
_OPEN: Final = State.OPEN
_TEXT: Final = WSMsgType.TEXT
_BINARY: Final = WSMsgType.BINARY
_FIN_TEXT: Final = FIN | 1
_FIN_BINARY: Final = FIN | 2
_CLOSE: Final = 0x8
_PING: Final = 0x9
_PONG: Final = 0xA

# Larger reads are decoded in pieces, so that the frames of one are not in memory all at once.
_SLICE: Final = 64 * 1024

# States in which nothing more is read and a close frame to the peer is due.
_CLOSE_DUE: Final = (State.CLOSE_RECEIVED, State.FAILED)


@final
class WebSocketSession(Generic[MessageT]):
    """The server's end of one WebSocket.

    ``deflate`` is the compression of the handshake (``Accept.deflate``). With ``decode_text=False``
    text messages are ``WSMessageTextBytes``: bytes that are valid UTF-8.
    """

    __slots__ = (
        "_assembler",
        "_close_deadline",
        "_decode_text",
        "_decoder",
        "_encoder",
        "_keepalive",
        "close_code",
        "close_reason",
        "deflate",
        "exception",
        "settings",
        "state",
        "wants_to_send",
    )

    @overload
    def __init__(
        self: "WebSocketSession[Message]",
        settings: SessionSettings = ...,
        *,
        deflate: PerMessageDeflate | None = ...,
        decode_text: Literal[True] = ...,
        now: float = ...,
    ) -> None: ...
    @overload
    def __init__(
        self: "WebSocketSession[RawMessage]",
        settings: SessionSettings = ...,
        *,
        deflate: PerMessageDeflate | None = ...,
        decode_text: Literal[False],
        now: float = ...,
    ) -> None: ...
    @overload
    def __init__(
        self: "WebSocketSession[Message | RawMessage]",
        settings: SessionSettings = ...,
        *,
        deflate: PerMessageDeflate | None = ...,
        decode_text: bool,
        now: float = ...,
    ) -> None: ...
    def __init__(
        self,
        settings: SessionSettings = _DEFAULTS,
        *,
        deflate: PerMessageDeflate | None = None,
        decode_text: bool = True,
        now: float = 0.0,
    ) -> None:
        self.settings: SessionSettings = settings
        self.deflate: PerMessageDeflate | None = deflate
        self._decode_text = decode_text
        # Reading.
        limit = settings.max_msg_size
        self._decoder = FrameDecoder(limit, settings.max_fragments, deflate is not None)
        self._assembler = Assembler(limit, None if deflate is None else Inflater(deflate))
        # Writing.
        self._encoder = MessageEncoder(deflate, settings.compress_from)
        # True if ``data_to_send()`` may return bytes; saves the call in a loop that reads a lot.
        self.wants_to_send: bool = False
        # Time.
        self._keepalive: KeepAlive | None = None
        if settings.heartbeat is not None:
            patience = settings.pong_timeout or settings.heartbeat / 2
            self._keepalive = KeepAlive(settings.heartbeat, patience, now)
        self._close_deadline: float | None = None
        # The end: the peer's code and reason, or ours if it sent none or broke the protocol.
        self.state: State = State.OPEN
        self.close_code: int | None = None
        self.close_reason: str = ""
        self.exception: WebSocketError | TimeoutError | None = None

    @property
    def closed(self) -> bool:
        """True if both sides have closed; the transport can be closed after the last write."""
        return self.state is State.CLOSED

    @property
    def deadline(self) -> float | None:
        """The latest time for the next ``tick()``, None for never. Any call may change it."""
        if self._close_deadline is not None:
            return self._close_deadline
        return None if self._keepalive is None else self._keepalive.deadline

    # Receiving

    def receive_data(self, data: BytesLike, now: float = 0.0) -> list[MessageT]:
        """Take bytes that the transport has read; return the messages that they complete.

        The size of the reads bounds the memory for messages: a byte of the peer makes at most some
        20 bytes of objects, or a KiB if it is compressed.
        """
        if self.state is not _OPEN and self.state is not State.CLOSE_SENT:
            # Section 1.4: "after receiving a control frame indicating the connection should be
            # closed, a peer discards any further data received".
            _to_bytes(data)
            return []
        if self._keepalive is not None:
            self._keepalive.heard(now)
        if type(data) is not bytes:
            data = _to_bytes(data)
        elif self._decode_text:
            # Most reads are one short text message: it takes a third of the time of the long way.
            size = len(data)
            decoder = self._decoder
            if (
                5 < size <= decoder.short + 6
                and data[0] == _FIN_TEXT
                and data[1] == size + 122
                and decoder.between_messages
            ):
                if COMPILED:
                    payload: bytes | bytearray = unmask(data, 6, size, data[2:6])
                else:
                    # ``unmask_in_python`` without the call.
                    stream = (data[2:6] * 32)[: size - 6]
                    payload = (_from_bytes(data[6:]) ^ _from_bytes(stream)).to_bytes(size - 6)
                try:
                    message = _new(WSMessageText, (_TEXT, payload.decode(), None))
                except UnicodeDecodeError:
                    pass  # ``_receive`` fails the session for it.
                else:
                    return [message]  # type: ignore[list-item]  # decode_text is True: a Message
        messages: list[Message | RawMessage] = []
        withheld = self.wants_to_send
        if len(data) <= _SLICE:
            self._receive(data, messages)
        else:
            for start in range(0, len(data), _SLICE):
                self._receive(data[start : start + _SLICE], messages)
                if self.state is not _OPEN and self.state is not State.CLOSE_SENT:
                    break
        if withheld:
            # The caller does not write, because the peer does not read.
            self._encoder.drop_oldest()
        return cast("list[MessageT]", messages)

    def _receive(self, data: bytes, messages: list[Message | RawMessage]) -> None:
        assembler = self._assembler
        decode_text = self._decode_text
        decoder = self._decoder
        try:
            if decoder.between_messages:
                size = self._receive_short(data, messages)
                if size == len(data):
                    return
                if size:
                    data = data[size:]
            for part in decoder.decode(data):
                head, payload, ends = part
                if head == _FIN_TEXT and ends and decode_text and not assembler.in_message:
                    messages.append(_new(WSMessageText, (_TEXT, payload.decode(), None)))
                elif head == _FIN_BINARY and ends and not assembler.in_message:
                    messages.append(_new(WSMessageBinary, (_BINARY, bytes(payload), None)))
                elif head & 0x8:
                    if head & 0xF == _CLOSE:
                        self._receive_close(payload, messages)
                        return
                    self._receive_control(head & 0xF, payload, messages)
                else:
                    whole = assembler.add(part)
                    if whole is not None:
                        messages.append(self._build(assembler.is_text, whole))
        except WebSocketError as exc:
            self._fail(exc, messages)
        except UnicodeDecodeError as exc:
            self._fail(WebSocketError(1007, f"text is not UTF-8 at byte {exc.start}"), messages)
        else:
            if decoder.error is not None:
                self._fail(decoder.error, messages)

    def _receive_short(self, data: bytes, messages: list[Message | RawMessage]) -> int:
        """Take the short messages at the beginning of ``data``; return the number of their bytes.

        It makes no part of a frame for each, as ``FrameDecoder.decode()`` does.
        """
        decode_text = self._decode_text
        short = self._decoder.short
        end = len(data)
        pos = 0
        while end - pos > 5:
            head = data[pos]
            start = pos + 6
            stop = start - 128 + data[pos + 1]
            if not start <= stop <= end or stop - start > short:
                break
            if head == _FIN_TEXT and decode_text:
                payload = unmask(data, start, stop, data[pos + 2 : start])
                messages.append(_new(WSMessageText, (_TEXT, payload.decode(), None)))
            elif head == _FIN_BINARY:
                payload = unmask(data, start, stop, data[pos + 2 : start])
                messages.append(_new(WSMessageBinary, (_BINARY, payload, None)))
            else:
                break
            pos = stop
        return pos

    def receive_eof(self) -> list[MessageT]:
        """Note the end of the stream; the close code without a close handshake is 1006."""
        return [] if self.state is State.CLOSED else self._end_without_close(WS_CLOSED_MESSAGE)

    def tick(self, now: float) -> list[MessageT]:
        """Queue a ping if one is due at ``now``, or give the peer up with code 1006."""
        if self._close_deadline is not None:
            if now >= self._close_deadline:
                return self._end_without_close(WS_CLOSED_MESSAGE)
        elif self._keepalive is not None:
            verdict = self._keepalive.judge(now)
            if verdict is Verdict.PING:
                self._encoder.queue_control(_PING, b"")
                self.wants_to_send = True
            elif verdict is Verdict.DEAD:
                self.exception = TimeoutError(
                    f"No PONG received after {self._keepalive.patience} seconds"
                )
                return self._end_without_close(WSMessageError(WSMsgType.ERROR, self.exception))
        return []

    def suspend_pong_timeout(self) -> None:
        """Do not give a silent peer up: it is not being read, or is behind with reading itself."""
        if self._keepalive is not None:
            self._keepalive.suspend()

    def restart_pong_timeout(self, now: float) -> None:
        """Give the peer its time from ``now`` on, because it is read again."""
        if self._keepalive is not None:
            self._keepalive.restart(now)

    def data_to_send(self) -> bytes:
        """Return the bytes that the session itself has to send; each call returns new ones only.

        With ``autoclose`` the close frame for the peer's close or fault is made here and not when
        that arrives, so that the caller can still answer the messages before it.
        """
        self.wants_to_send = False
        if self.state is not _OPEN and self.state in _CLOSE_DUE and self.settings.autoclose:
            return self.answer_close()
        return self._encoder.take_queued()

    def answer_close(self) -> bytes:
        """Return the close frame that is due: with the peer's code, or with the code of its fault.

        For callers that turned ``autoclose`` off. Raises ``WSStateError`` if none is due.
        """
        if self.state not in _CLOSE_DUE:
            raise WSStateError(
                f"no close frame is due, the session is {self.state.value}: call answer_close() "
                "after a CLOSE or ERROR message"
            )
        if self.state is State.CLOSE_RECEIVED:
            return self.send_close(None if self.close_code == NO_STATUS else self.close_code)
        return self.send_close(self.close_code, truncate_reason(self.close_reason))

    # Sending: each method returns the bytes to write. It raises WSStateError after a close frame
    # was sent, and WSMessageTypeError for an argument of another type.

    def send_text(self, data: str, *, compress: bool | None = None) -> bytes:
        """Return a text message; raises UnicodeEncodeError for a lone surrogate.

        ``compress`` overrides the setting ``compress_from`` for this message; without an agreed
        extension no message is compressed.
        """
        if not isinstance(data, str):
            raise wrong_type("send_text()", "str", data)
        if self.state is not _OPEN:
            self._check_sending()
        payload = data.encode()
        encoder = self._encoder
        if len(payload) < encoder.plain_below and not compress and not encoder.queued:
            # ``encode_message`` without the calls.
            return SHORT_TEXT[len(payload)] + payload
        return encoder.encode_message(_FIN_TEXT, payload, compress)

    def send_bytes(self, data: BytesLike, *, compress: bool | None = None) -> bytes:
        """Return a binary message."""
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise wrong_type("send_bytes()", "bytes, bytearray or memoryview", data)
        if self.state is not _OPEN:
            self._check_sending()
        return self._encoder.encode_message(_FIN_BINARY, flatten(data), compress)

    def send_frame(
        self, data: BytesLike, opcode: WSMsgType, *, compress: bool | None = None
    ) -> bytes:
        """Return a whole message of any opcode from its payload; text must be valid UTF-8."""
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise wrong_type("send_frame()", "bytes, bytearray or memoryview", data)
        if self.state is not _OPEN:
            self._check_sending()
        match opcode:
            case WSMsgType.TEXT | WSMsgType.BINARY:
                return self._encoder.encode_message(FIN | opcode, flatten(data), compress)
            case WSMsgType.PING | WSMsgType.PONG:
                return self._encoder.encode_control(opcode, flatten(data))
            case _:
                raise WSValueError(f"send_frame sends no {opcode!r}; use TEXT, BINARY, PING, PONG")

    def start_deflation(self, data: str | BytesLike) -> Deflation | None:
        """Begin to send a large message, for callers that compress in a thread.

        Call ``run()`` of the result in any thread, then pass it to ``send_deflated()``; send no
        compressed message in between. None if messages are not compressed: send it as usual.
        """
        if self.state is not _OPEN:
            self._check_sending()
        if isinstance(data, str):
            return self._encoder.start_deflation(_FIN_TEXT, data.encode())
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise wrong_type("start_deflation()", "str, bytes, bytearray or memoryview", data)
        return self._encoder.start_deflation(_FIN_BINARY, flatten(data))

    def send_deflated(self, deflation: Deflation) -> bytes:
        """Return the frame of a message that ``start_deflation`` began.

        Raises ``WSValueError`` if ``run()`` was not called.
        """
        if not isinstance(deflation, Deflation):
            raise wrong_type("send_deflated()", "a Deflation", deflation)
        if self.state is not _OPEN:
            self._check_sending()
        return self._encoder.encode_deflated(deflation)

    def send_prepared(self, message: PreparedMessage, *, compress: bool | None = None) -> bytes:
        """Return the frame of a message that was encoded once for many sessions."""
        if not isinstance(message, PreparedMessage):
            raise wrong_type("send_prepared()", "a PreparedMessage", message)
        if self.state is not _OPEN:
            self._check_sending()
        return self._encoder.encode_prepared(message, compress)

    def send_ping(self, data: str | BytesLike = b"") -> bytes:
        """Return a ping; ``WSValueError`` for more than 125 bytes (section 5.5)."""
        if self.state is not _OPEN:
            self._check_sending()
        return self._encoder.encode_control(_PING, control_payload("send_ping()", data))

    def send_pong(self, data: str | BytesLike = b"") -> bytes:
        """Return a pong; ``WSValueError`` for more than 125 bytes (section 5.5)."""
        if self.state is not _OPEN:
            self._check_sending()
        return self._encoder.encode_control(_PONG, control_payload("send_pong()", data))

    def send_close(
        self, code: int | None = 1000, reason: str | bytes = "", *, now: float = 0.0
    ) -> bytes:
        """Return a close frame, which starts the close handshake or completes it.

        Raises ``WSValueError`` for a code that must not be sent (1005, 1006, 1015 and unassigned
        ones) and for a reason of more than 123 bytes.
        """
        self._check_sending()
        frame = self._encoder.encode_control(_CLOSE, encode_close(code, reason))
        self.state = next_state(self.state, Signal.SEND_CLOSE)
        if self.state is State.CLOSE_SENT:
            self._close_deadline = now + self.settings.close_timeout
        else:
            self._release()
        return frame

    # Internal steps

    def _check_sending(self) -> None:
        if self.state is State.CLOSE_SENT or self.state is State.CLOSED:
            raise WSStateError(
                f"cannot send, the session is {self.state.value} (code {self.close_code}); "
                "nothing may follow a close frame"
            )

    def _build(self, is_text: bool, payload: bytes | bytearray) -> Message | RawMessage:
        if not is_text:
            return WSMessageBinary(WSMsgType.BINARY, bytes(payload))
        if self._decode_text:
            return WSMessageText(WSMsgType.TEXT, str(payload, "utf-8"))
        return WSMessageTextBytes(WSMsgType.TEXT, bytes(payload))

    def _receive_control(
        self, opcode: int, payload: bytes | bytearray, messages: list[Message | RawMessage]
    ) -> None:
        if self.settings.autoping:
            # Section 5.5.1: no frame follows our own close frame, not even a pong.
            if opcode == _PING and self.state is State.OPEN:
                self._encoder.queue_control(_PONG, payload)
                self.wants_to_send = True
        elif opcode == _PING:
            messages.append(WSMessagePing(WSMsgType.PING, bytes(payload)))
        else:
            messages.append(WSMessagePong(WSMsgType.PONG, bytes(payload)))

    def _receive_close(
        self, payload: bytes | bytearray, messages: list[Message | RawMessage]
    ) -> None:
        code, reason = decode_close(payload)
        self.close_code = code
        self.close_reason = reason
        self.state = next_state(self.state, Signal.RECEIVE_CLOSE)
        self.wants_to_send = True
        messages.append(WSMessageClose(WSMsgType.CLOSE, code, reason))
        self._release()

    def _fail(self, exc: WebSocketError, messages: list[Message | RawMessage]) -> None:
        """Fail the connection (section 7.1.7): a close frame to the peer is due."""
        self.state = next_state(self.state, Signal.FAIL)
        self.exception = exc
        self.close_code = exc.code
        self.close_reason = exc.message
        self.wants_to_send = True
        messages.append(WSMessageError(WSMsgType.ERROR, exc))
        self._release()

    def _end_without_close(self, last: WSMessageClosed | WSMessageError) -> list[MessageT]:
        """End without a close handshake; return ``last`` unless an end was reported before."""
        messages: list[Message | RawMessage] = []
        if self.state not in _CLOSE_DUE:
            self.close_code = WSCloseCode.ABNORMAL_CLOSURE
            messages.append(last)
        self.state = next_state(self.state, Signal.CONNECTION_LOST)
        self._release()
        return cast("list[MessageT]", messages)

    def _release(self) -> None:
        """Drop the state for reading, and for sending if closed: programs may keep the object."""
        self._keepalive = None
        self._assembler.clear()
        if self.state is State.CLOSED:
            self._close_deadline = None
            self._encoder.release()


def _to_bytes(data: BytesLike) -> bytes:
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise wrong_type("receive_data()", "bytes, bytearray or memoryview", data)
    return bytes(data)
