"""The oracles of the target ``server``: each notices the fault that it is for."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fuzz.server import forget, server
from treadle_server._http.connection import HttpConnection
from treadle_server._http.writer import StreamWriter
from treadle_server._transport.deadlines import Sweeper
from treadle_websocket import WebSocketSession

CORPUS = Path(__file__).resolve().parent.parent / "corpus" / "server"


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Leave no server behind that has gone wrong."""
    forget()
    yield
    forget()


def behind(method: Any, act: Any) -> Any:
    """Return ``method`` with ``act`` behind it."""

    def both(self: Any, *arguments: Any, **options: Any) -> Any:
        result = method(self, *arguments, **options)
        act(self)
        return result

    return both


def say_twice(writer: Any) -> None:
    writer.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" * 2)


def fail(self: Any, *arguments: Any) -> None:
    raise LookupError("broken")


# Class, method, what stands in its place, a kept input, and the error that must be seen.
FAULTS: dict[str, tuple[type[Any], str, Any, str, type[BaseException], str]] = {
    "a connection that is not forgotten": (
        HttpConnection, "_forget", lambda self: None, "get", AssertionError, "does not end",
    ),
    "a callback that raises": (
        HttpConnection, "_settle", fail, "half-a-head", LookupError, "broken",
    ),
    "a deadline that raises": (
        HttpConnection, "on_deadline", fail, "half-a-head", AssertionError, "A deadline failed",
    ),
    "a timer that goes on": (
        Sweeper, "stop", lambda self: None, "get", AssertionError, "timers are left",
    ),
    "an answer without a request": (
        StreamWriter, "write_error", behind(StreamWriter.write_error, say_twice), "bad-request",
        AssertionError, "more answers than the requests",
    ),
    "an answer without its end": (
        StreamWriter, "finish", lambda self, *data: self.transport.close(), "stream",
        BaseException, "half an answer|without sending complete",
    ),
    "a frame behind the close frame": (
        WebSocketSession, "send_close", lambda self, *code, **now: b"\x88\x00\x81\x00",
        "websocket", AssertionError, "a frame behind a close frame",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("cls", "name", "fault", "kept", "error", "text"), FAULTS.values(), ids=FAULTS
)
def test_a_fault_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
    cls: type[Any],
    name: str,
    fault: Any,
    kept: str,
    error: type[BaseException],
    text: str,
) -> None:
    data = (CORPUS / kept).read_bytes()
    server(data)
    monkeypatch.setattr(cls, name, fault)
    with pytest.raises(error, match=text):
        server(data)
