"""Lifespans: each way in which an application takes part in its start and end, or does not."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from testkit import Run
from treadle_asgi import LifespanError, Receive, Scope, Send
from treadle_asgi._serving.lifespan import Lifespan, LifespanMode

Act = Callable[[Scope, Receive, Send, list[object]], Awaitable[None]]


async def supports(scope: Scope, receive: Receive, send: Send, notes: list[object]) -> None:
    notes.append(await receive())
    scope["state"]["a"] = 1
    await send({"type": "lifespan.startup.complete"})
    notes.append(await receive())
    await send({"type": "lifespan.shutdown.complete"})


async def loops(scope: Scope, receive: Receive, send: Send, notes: list[object]) -> None:
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            notes.append("told")
            try:
                await receive()
            except asyncio.CancelledError:
                notes.append("cancelled")
                raise


async def raises_first(scope: Scope, receive: Receive, send: Send, notes: list[object]) -> None:
    raise AssertionError("only http")


async def raises_then(scope: Scope, receive: Receive, send: Send, notes: list[object]) -> None:
    await receive()
    raise AssertionError("only http")


async def returns(scope: Scope, receive: Receive, send: Send, notes: list[object]) -> None:
    return


async def speaks_http(scope: Scope, receive: Receive, send: Send, notes: list[object]) -> None:
    await receive()
    await send({"type": "http.response.start", "status": 200})


async def fails(scope: Scope, receive: Receive, send: Send, notes: list[object]) -> None:
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "no database"})


async def fails_silently(scope: Scope, receive: Receive, send: Send, notes: list[object]) -> None:
    await receive()
    await send({"type": "lifespan.startup.failed"})
    raise RuntimeError("as Starlette does")


async def fails_at_the_end(scope: Scope, receive: Receive, send: Send, notes: list[object]) -> None:
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.failed", "message": "no disk"})


async def raises_at_the_end(
    scope: Scope, receive: Receive, send: Send, notes: list[object]
) -> None:
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    raise ValueError("at the end")


async def dies(scope: Scope, receive: Receive, send: Send, notes: list[object]) -> None:
    await receive()
    await send({"type": "lifespan.startup.complete"})
    raise ValueError("while it serves")


async def leaves(scope: Scope, receive: Receive, send: Send, notes: list[object]) -> None:
    await receive()
    await send({"type": "lifespan.startup.complete"})


EVENTS: list[object] = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
UNSUPPORTED = "The application does not support lifespan: it has "

#: The application, the mode; the notes, the error of the start-up, that of the shutdown, and a
#: line of the log.
ROWS: list[tuple[Act, LifespanMode, list[object], str, str, str]] = [
    (supports, "auto", EVENTS, "", "", ""),
    (supports, "on", EVENTS, "", "", ""),
    (supports, "off", [], "", "", ""),
    (loops, "auto", ["told", "cancelled"], "", "", ""),
    (raises_first, "auto", [], "", "", UNSUPPORTED + "raised AssertionError('only http')"),
    (raises_first, "on", [], UNSUPPORTED + "raised AssertionError('only http'); use lifespan='auto'"
     " to serve it all the same", "", ""),
    (raises_first, "off", [], "", "", ""),
    (raises_then, "auto", [], "", "", "The application has failed at lifespan.startup"),
    (raises_then, "on", [], UNSUPPORTED + "raised", "", ""),
    (returns, "auto", [], "", "", UNSUPPORTED + "returned"),
    (returns, "on", [], UNSUPPORTED + "returned; use lifespan='auto'", "", ""),
    (speaks_http, "auto", [], "", "", "The application has failed at lifespan.startup"),
    (speaks_http, "on", [], ("has sent 'http.response.start' in its lifespan, where ASGI expects "
     "'lifespan.startup.complete' or 'lifespan.startup.failed'"), "", ""),
    (fails, "auto", [], "The startup of the application has failed: no database", "", ""),
    (fails, "on", [], "The startup of the application has failed: no database", "", ""),
    (fails_silently, "auto", [], "has failed: it gives no reason", "", ""),
    (fails_at_the_end, "auto", [], "", "The shutdown of the application has failed: no disk", ""),
    (raises_at_the_end, "auto", [], "", "has raised ValueError('at the end')", ""),
    (dies, "auto", [], "", "has raised ValueError('while it serves')", ""),
    (leaves, "auto", [], "", "", ""),
]  # fmt: skip


@pytest.mark.parametrize(("act", "mode", "expected", "start", "stop", "line"), ROWS)
def test_row(
    run: Run,
    act: Act,
    mode: LifespanMode,
    expected: list[object],
    start: str,
    stop: str,
    line: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "treadle.server")
    notes: list[object] = []
    state: dict[str, Any] = {}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await act(scope, receive, send, notes)

    async def main() -> None:
        life = Lifespan(app, mode, state)
        if start:
            with pytest.raises(LifespanError) as raised:
                await life.startup()
            assert start in str(raised.value)
        else:
            await life.startup()
        if stop:
            await asyncio.sleep(0)
            with pytest.raises(LifespanError) as raised:
                await life.shutdown()
            assert stop in str(raised.value)
        else:
            await life.shutdown()
        await asyncio.sleep(0)

    run(main())
    assert notes == expected
    assert line in caplog.text
    assert bool(line) == bool(caplog.text)
    assert state == ({"a": 1} if act is supports and mode != "off" else {})


def test_cancelled_start(run: Run) -> None:
    ended = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.append(True)

    async def main() -> None:
        task = asyncio.create_task(Lifespan(app, "auto", {}).startup())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0)
        assert ended == [True]

    run(main())
