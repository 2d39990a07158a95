"""Calls that block run in threads, and nothing is closed under them."""

import asyncio
import functools
import threading

import pytest

from testkit import Run, each_loop, serve
from treadle_responses import Response
from treadle_server import BaseRequest
from treadle_server._transport.blocking import BlockingCalls


@each_loop
def test_calls_run_in_a_thread(run: Run) -> None:
    threads: list[str] = []

    def call() -> str:
        threads.append(threading.current_thread().name)
        return "done"

    def fail() -> str:
        raise KeyError("mine")

    async def handler(request: BaseRequest) -> Response:
        with pytest.raises(KeyError, match="mine"):
            await request.response_writer.run_blocking(fail)
        return Response(text=await request.response_writer.run_blocking(call))

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            await peer.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert await peer.response() == (200, b"done")
        assert threads != [threading.current_thread().name]

    run(main())


@each_loop
def test_a_cancelled_task_waits_for_its_call(run: Run) -> None:
    entered, may_end = threading.Event(), threading.Event()
    order: list[str] = []

    def call() -> None:
        entered.set()
        may_end.wait(10)
        order.append("call ended")

    async def handler(request: BaseRequest) -> Response:
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()

        def cancel() -> None:
            task.cancel()
            # Once more, while it waits already.
            loop.call_soon(task.cancel)
            loop.call_soon(loop.call_soon, may_end.set)

        loop.run_in_executor(None, entered.wait).add_done_callback(lambda _: cancel())
        try:
            await request.response_writer.run_blocking(call)
        finally:
            order.append("task ended")
        return Response()

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            # Not cancelled by the server: an error like others.
            answer = await peer.ask(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 500 ")
        assert order == ["call ended", "task ended"]

    run(main())


@each_loop
@pytest.mark.parametrize("cancelled", [None, 0, 1, 2, 3])
def test_the_calls_of_a_connection_run_one_after_the_other(run: Run, cancelled: int | None) -> None:
    calls = BlockingCalls()
    entered, may_end = threading.Event(), threading.Event()
    running: list[int] = []
    order: list[int] = []

    def call(number: int) -> int:
        running.append(number)
        assert len(running) == 1
        if number == 0:
            entered.set()
            may_end.wait(10)
        order.append(number)
        running.pop()
        if number == 2:
            raise KeyError("mine")
        return number

    async def main() -> None:
        tasks = [
            asyncio.ensure_future(calls.run(functools.partial(call, number))) for number in range(4)
        ]
        await asyncio.get_running_loop().run_in_executor(None, entered.wait, 10)
        if cancelled is not None:
            tasks[cancelled].cancel()
            for _ in range(5):
                await asyncio.sleep(0)
        late = asyncio.ensure_future(calls.run(functools.partial(call, 4)))
        await asyncio.sleep(0)
        may_end.set()
        results = await asyncio.gather(*tasks, late, return_exceptions=True)
        # A call that runs cannot be stopped; one that waits is not made.
        assert order == [number for number in range(5) if number != (cancelled or None)]
        for number, result in enumerate(results):
            if number == cancelled:
                assert isinstance(result, asyncio.CancelledError)
            elif number == 2:
                assert isinstance(result, KeyError)
            else:
                assert result == number
        assert await calls.run(functools.partial(call, 5)) == 5

    run(main())
