"""Background tasks: their bound, their errors, and their end with the application."""

import asyncio
import contextvars
import gc
import inspect
import logging
import threading
import warnings
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from testkit import Run, each_loop, serve
from treadle_responses import Response, StreamResponse
from treadle_server import Application, AppRunner, BackgroundTasks, Request, TooManyTasksError

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
USER: contextvars.ContextVar[str] = contextvars.ContextVar("USER", default="nobody")


async def forever() -> None:
    await asyncio.get_running_loop().create_future()


async def nothing() -> None:
    pass


async def generator() -> AsyncIterator[int]:
    yield 1


class Callable_:
    def __call__(self) -> None:
        pass


async def started(**options: Any) -> AppRunner:
    runner = AppRunner(Application(**options), shutdown_timeout=5.0)
    await runner.setup()
    return runner


# What is given instead of a coroutine, and a part of the sentence.
WRONG: list[tuple[Callable[[], object], str]] = [
    (lambda: nothing, "not the function nothing: call it, as in spawn(nothing(...))"),
    (lambda: None, "not None: call an async function"),
    (lambda: 3, "not 3: call an async function"),
    (generator, "not the async generator generator(): loop over it in an async function"),
    (lambda: generator, "not the function generator: call it"),
    (Callable_, "not the function Callable_: call it"),
    (lambda: asyncio.get_running_loop().create_future(), "that runs already"),
    (lambda: b"x" * 10_000, "characters)"),
]


@pytest.mark.parametrize(("make", "sentence"), WRONG)
def test_what_is_no_coroutine(run: Run, make: Callable[[], Any], sentence: str) -> None:
    async def main() -> None:
        runner = await started()
        with pytest.raises(TypeError) as caught:
            _ = runner.app.spawn(make())
        assert sentence in str(caught.value)
        assert len(str(caught.value)) < 400
        await runner.cleanup()

    run(main())


@pytest.mark.parametrize(
    ("limit", "error"), [(0, ValueError), (-1, ValueError), (True, TypeError), (2.5, TypeError)]
)
def test_limits_that_cannot_be(limit: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="max_background_tasks"):
        Application(max_background_tasks=limit)


def refused(spawn: Callable[..., object], coroutine: Any, error: type[Exception]) -> str:
    """Return the sentence of a refusal; the coroutine is closed, so Python warns of nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(error) as caught:
            spawn(coroutine)
        assert inspect.getcoroutinestate(coroutine) == "CORO_CLOSED"
        gc.collect()
    return str(caught.value)


def test_before_the_start_and_after_the_stop(run: Run) -> None:
    async def main() -> None:
        app = Application()
        assert "the application has not started" in refused(app.spawn, nothing(), RuntimeError)
        with pytest.raises(RuntimeError, match="in a cleanup context or later"):
            app.background.reserve(nothing)
        runner = AppRunner(app)
        await runner.setup()
        await app.spawn(nothing())
        told: list[str] = []

        async def other_thread() -> None:
            told.append(refused(app.spawn, nothing(), RuntimeError))

        coroutine = other_thread()
        thread = threading.Thread(target=lambda: asyncio.run(coroutine))
        thread.start()
        await asyncio.to_thread(thread.join)
        assert "does not run the application's event loop" in told[0]
        await runner.cleanup()
        assert "the application has stopped" in refused(app.spawn, nothing(), RuntimeError)
        # It may start again.
        await app.startup()
        await app.spawn(nothing())
        await app.cleanup()

    run(main())


def test_without_an_event_loop(run: Run) -> None:
    app = Application()

    async def main() -> None:
        await app.startup()
        sentence = await asyncio.to_thread(refused, app.spawn, nothing(), RuntimeError)
        assert "loop.call_soon_threadsafe()" in sentence
        await app.cleanup()

    run(main())


def test_the_result_the_name_and_at_stop(run: Run) -> None:
    async def seven() -> int:
        return 7

    async def main() -> None:
        runner = await started()
        app = runner.app
        task = app.spawn(seven())
        assert task.get_name().endswith("seven")
        assert list(app.background) == [task]
        assert repr(app.background) == "<BackgroundTasks 1 of 1000>"
        assert await task == 7
        assert app.spawn(seven(), name="a name").get_name() == "a name"
        wrong: Any = "later"
        with pytest.raises(ValueError, match="at_stop='later' must be 'wait' or 'cancel'"):
            _ = app.spawn(seven(), at_stop=wrong)
        await runner.cleanup()
        assert isinstance(app.background, BackgroundTasks)
        assert len(app.background) == 0

    run(main())


def test_the_bound_and_the_wait_for_room(run: Run) -> None:
    async def main() -> None:
        runner = await started(max_background_tasks=2)
        app = runner.app
        go_on = asyncio.Event()

        async def wait() -> None:
            await go_on.wait()

        first, _ = app.spawn(wait()), app.spawn(wait())
        sentence = refused(app.spawn, nothing(), TooManyTasksError)
        assert sentence.startswith("Cannot start nothing: 2 background tasks run or are due, and ")
        assert "max_background_tasks=2" in sentence
        told: list[str] = []

        async def third(name: str) -> None:
            await app.background.wait_for_room()
            told.append(name)
            _ = app.spawn(wait())

        waiting = [asyncio.create_task(third(name)) for name in "abc"]
        await asyncio.sleep(0)
        assert told == []
        # One that gives up does not keep the next one from its turn.
        waiting[0].cancel()
        first.cancel()
        await asyncio.wait(waiting[:2])
        assert told == ["b"]
        go_on.set()
        await asyncio.wait(waiting)
        assert told == ["b", "c"]
        await app.background.wait_for_room()
        await runner.cleanup()

    run(main())


def test_a_turn_that_is_not_used_goes_to_the_next(run: Run) -> None:
    async def main() -> None:
        runner = await started(max_background_tasks=1)
        app = runner.app
        task = app.spawn(forever())
        waiting = [asyncio.create_task(app.background.wait_for_room()) for _ in range(2)]
        await asyncio.sleep(0)
        task.cancel()
        # The task ends in the first turn, and wakes the first waiter, which is cancelled then.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        waiting[0].cancel()
        await asyncio.wait(waiting)
        assert not waiting[1].cancelled()
        await runner.cleanup()

    run(main())


def test_those_that_wait_for_room_at_the_stop(run: Run) -> None:
    async def main() -> None:
        runner = await started(max_background_tasks=1)
        app = runner.app
        _ = app.spawn(forever(), at_stop="cancel")
        waiting = asyncio.create_task(app.background.wait_for_room())
        app.background._reserved += 1
        await asyncio.sleep(0)
        await runner.cleanup()
        await waiting
        assert "has stopped" in refused(app.spawn, nothing(), RuntimeError)

    run(main())


def test_an_error_is_logged_once(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    async def failing() -> None:
        raise LookupError("no such user")

    async def main() -> None:
        runner = await started()
        asyncio.get_running_loop().set_exception_handler(lambda _, told: reported.append(told))
        _ = runner.app.spawn(failing(), name="mail\nto Ada")
        cancelled = runner.app.spawn(forever())
        await asyncio.sleep(0)
        cancelled.cancel()
        await runner.cleanup()
        gc.collect()

    reported: list[dict[str, Any]] = []
    run(main())
    assert reported == []
    lines = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [line.getMessage() for line in lines] == ["Background task mail\\nto Ada failed"]
    assert lines[0].exc_info is not None
    assert isinstance(lines[0].exc_info[1], LookupError)


def test_the_order_of_the_stop(run: Run) -> None:
    told: list[str] = []

    async def main() -> None:
        go_on = asyncio.Event()
        entered = asyncio.Event()
        stopping = asyncio.Event()

        async def context(app: Application) -> AsyncIterator[None]:
            told.append("database opens")
            _ = app.spawn(nothing())
            yield
            told.append("database closes")

        async def mail() -> None:
            await go_on.wait()
            told.append("mail")
            _ = app.spawn(later())

        async def later() -> None:
            told.append("later")

        async def handler(request: Request) -> StreamResponse:
            _ = request.app.spawn(mail())
            entered.set()
            await stopping.wait()
            told.append("handler")
            go_on.set()
            return Response()

        async def on_shutdown(app: Application) -> None:
            told.append("on_shutdown")
            _ = app.spawn(nothing())
            stopping.set()

        async def on_cleanup(app: Application) -> None:
            told.append("on_cleanup")
            refused(app.spawn, nothing(), RuntimeError)

        app = Application()
        inner = Application()
        inner.router.add_get("/", handler)
        app.cleanup_ctx.append(context)
        app.on_shutdown.append(on_shutdown)
        app.on_cleanup.append(on_cleanup)
        app.add_subapp("/inner", inner)
        async with serve(app) as connect:
            peer = await connect()
            await peer.send(GET.replace(b"/", b"/inner/", 1))
            await entered.wait()
        assert inner.background is app.background
        assert told == [
            "database opens", "on_shutdown", "handler", "mail", "later", "database closes",
            "on_cleanup",
        ]  # fmt: skip

    run(main())


def test_tasks_that_do_not_end(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    ended: list[str] = []

    async def polite() -> None:
        try:
            await forever()
        finally:
            refused(app.spawn, nothing(), RuntimeError)
            ended.append("polite")

    async def endless() -> None:
        try:
            await forever()
        finally:
            ended.append("endless")

    async def main() -> None:
        runner = AppRunner(app, shutdown_timeout=0.05)
        await runner.setup()
        _ = app.spawn(endless(), at_stop="cancel")
        for number in range(12):
            _ = app.spawn(polite(), name=f"task {number}")
        await asyncio.sleep(0)
        await runner.cleanup()

    app = Application()
    run(main())
    assert ended == ["endless"] + ["polite"] * 12
    assert [record.getMessage() for record in caplog.records] == [
        "Background tasks that did not end within 0.05 seconds are cancelled: "
        + ", ".join(f"task {number}" for number in range(10))
        + " and 2 more"
    ]


def test_a_task_that_refuses_to_end(
    run: Run, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("treadle_server._app.background._AFTER_CANCEL", 0.05)

    async def main() -> None:
        go_on = asyncio.Event()

        async def stubborn() -> None:
            while not go_on.is_set():
                try:
                    await go_on.wait()
                except asyncio.CancelledError:
                    continue

        app = Application()
        runner = AppRunner(app, shutdown_timeout=0.0)
        await runner.setup()
        task = app.spawn(stubborn(), name="stubborn")
        await asyncio.sleep(0)
        await runner.cleanup()
        assert not task.done()
        go_on.set()
        await task

    run(main())
    assert caplog.messages[-1] == (
        "Background tasks did not end although they were cancelled; given up: stubborn"
    )


def test_a_stop_that_is_broken_off(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        begun = asyncio.Event()

        async def on_shutdown(_app: Application) -> None:
            begun.set()

        app = Application()
        app.on_shutdown.append(on_shutdown)
        runner = AppRunner(app, shutdown_timeout=5.0)
        await runner.setup()
        task = app.spawn(forever(), name="forever")
        stop = asyncio.create_task(runner.cleanup())
        await begun.wait()
        for _ in range(5):
            await asyncio.sleep(0)
        assert not stop.done()
        stop.cancel()
        await asyncio.wait([stop, task])
        assert stop.cancelled()
        assert task.cancelled()

    run(main())
    assert caplog.messages == [
        "Background tasks are cancelled, because the stop is broken off: forever"
    ]


def test_a_task_that_stops_its_application(run: Run) -> None:
    async def main() -> None:
        runner = await started()
        task = runner.app.spawn(runner.cleanup())
        await asyncio.wait_for(task, 10)
        assert len(runner.app.background) == 0

    run(main())


def test_a_start_that_fails_waits_for_no_task(run: Run) -> None:
    async def main() -> None:
        task: list[asyncio.Task[None]] = []

        async def on_startup(app: Application) -> None:
            task.append(app.spawn(forever()))
            raise OSError("no database")

        app = Application()
        app.on_startup.append(on_startup)
        runner = AppRunner(app)
        with pytest.raises(OSError, match="no database"):
            await runner.setup()
        await asyncio.wait_for(runner.cleanup(), 10)
        assert task[0].cancelled()

    run(main())


def test_a_retired_runner_waits_for_the_tasks(run: Run) -> None:
    async def main() -> None:
        runner = await started()
        go_on = asyncio.Event()
        task = runner.app.spawn(go_on.wait())
        await runner.retire(1.0)
        assert not task.done()
        asyncio.get_running_loop().call_later(0.01, go_on.set)
        await runner.cleanup()
        assert task.result() is True

    run(main())


@each_loop
def test_a_cancelled_handler_leaves_its_task(run: Run) -> None:
    async def main() -> None:
        tasks: list[asyncio.Task[str]] = []
        entered = asyncio.Event()
        go_on = asyncio.Event()

        async def mail() -> str:
            await go_on.wait()
            return USER.get()

        async def handler(request: Request) -> StreamResponse:
            USER.set("Ada")
            tasks.append(request.app.spawn(mail()))
            USER.set("Charles")
            entered.set()
            await forever()
            return Response()

        async with serve(handler, handler_cancellation=True) as connect:
            peer = await connect()
            await peer.send(GET)
            await entered.wait()
            peer.writer.close()
            go_on.set()
            # A copy of the context of the call: what the handler sets later is not seen.
            assert await tasks[0] == "Ada"

    run(main())


# What the handler does behind ``after_response``, and what the client gets.
ENDS: list[tuple[str, int]] = [("returns", 200), ("raises", 500), ("waits", 200), ("streams", 200)]


@each_loop
@pytest.mark.parametrize(("end", "status"), ENDS)
def test_after_the_response(run: Run, end: str, status: int) -> None:
    async def main() -> None:
        told: list[str] = []
        done = asyncio.Event()

        async def after(name: str, *, kind: str) -> None:
            told.append(f"{name} {kind} {USER.get()}")
            done.set()

        class Telling(Response):
            def end_sending(self) -> None:
                super().end_sending()
                told.append("sent")

        async def handler(request: Request) -> StreamResponse:
            USER.set("Ada")
            request.after_response(after, "after", kind=end)
            if end == "raises":
                raise LookupError
            if end == "waits":
                await asyncio.sleep(0.01)
            if end == "streams":
                response = StreamResponse()
                await response.prepare(request)
                await response.write(b"x")
                await asyncio.sleep(0)
                told.append("sent")
                return response
            return Telling(text="x")

        async with serve(handler) as connect:
            peer = await connect()
            await peer.send(GET)
            assert (await peer.head()).startswith(b"HTTP/1.1 %d " % status)
            await done.wait()
        assert told == (["sent"] if status == 200 else []) + [f"after {end} Ada"]

    run(main())


def test_after_the_response_at_the_bound(run: Run) -> None:
    async def main() -> None:
        entered = asyncio.Event()
        go_on = asyncio.Event()
        done: list[int] = []

        async def after(number: int) -> None:
            done.append(number)

        async def handler(request: Request) -> StreamResponse:
            request.after_response(after, 1)
            # The room is kept, so the refusal comes while there can be another answer.
            with pytest.raises(TooManyTasksError, match=r"Cannot start .*after: 1 background"):
                request.after_response(after, 2)
            with pytest.raises(TooManyTasksError):
                _ = request.app.spawn(nothing())
            entered.set()
            await go_on.wait()
            return Response()

        app = Application(max_background_tasks=1)
        app.router.add_get("/", handler)
        async with serve(app) as connect:
            peer = await connect()
            await peer.send(GET)
            await entered.wait()
            waiting = asyncio.create_task(app.background.wait_for_room())
            # A stop waits for the request, and then for the task.
            go_on.set()
            assert (await peer.response())[0] == 200
            await waiting
        assert done == [1]

    run(main())


# What is given to ``after_response``, and a part of the sentence.
NOT_FUNCTIONS: list[tuple[Callable[[], Any], str]] = [
    (nothing, "after_response(nothing, ...), not nothing(...)"),
    (lambda: None, "after_response() takes an async function and its arguments, not None"),
]


@pytest.mark.parametrize(("make", "sentence"), NOT_FUNCTIONS)
def test_what_is_no_function(run: Run, make: Callable[[], Any], sentence: str) -> None:
    async def main() -> None:
        runner = await started()
        with pytest.raises(TypeError) as caught:
            runner.app.background.reserve(make())
        assert sentence in str(caught.value)
        await runner.cleanup()

    run(main())


def test_a_function_that_is_not_async(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    def plain() -> Any:
        return 3

    async def handler(request: Request) -> StreamResponse:
        request.after_response(plain)
        return Response()

    async def main() -> None:
        app = Application(max_background_tasks=1)
        app.router.add_get("/", handler)
        async with serve(app) as connect:
            peer = await connect()
            for _ in range(2):
                await peer.send(GET)
                assert (await peer.response())[0] == 200

    run(main())
    assert caplog.messages == ["Error cleaning up after GET /"] * 2
    assert "has returned 3" in caplog.text


@pytest.mark.parametrize("mistake", ["arguments", "stopped"])
def test_a_reserved_task_that_cannot_start(run: Run, mistake: str) -> None:
    async def main() -> None:
        runner = await started(max_background_tasks=1)
        wrong: Any = nothing
        background = runner.app.background
        start = background.reserve(wrong, *((1,) if mistake == "arguments" else ()))
        waiting = asyncio.create_task(background.wait_for_room())
        await asyncio.sleep(0)
        if mistake == "stopped":
            await runner.cleanup()
        with pytest.raises(TypeError if mistake == "arguments" else RuntimeError):
            start()
        await waiting
        await runner.cleanup()
        assert background._reserved == 0

    run(main())


def test_a_request_without_an_application(run: Run) -> None:
    async def main() -> None:
        errors: list[str] = []
        runner = await started()

        async def handle(request: Request) -> StreamResponse:
            with pytest.raises(RuntimeError) as caught:
                request.after_response(nothing)
            errors.append(str(caught.value))
            return Response()

        runner.app._handle = handle  # type: ignore[method-assign]  # before the routing
        async with serve(runner.app) as connect:
            peer = await connect()
            await peer.send(GET)
            assert (await peer.response())[0] == 200
        assert "has no application to run a task in" in errors[0]

    run(main())
