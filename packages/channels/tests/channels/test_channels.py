"""``Channels``: publishing, limits, wrong uses, and every start and stop."""

import asyncio
import threading

import pytest

from testkit import Run, SlowEngine, each_loop, until
from treadle_channels import (
    BackendError,
    BackendUnavailableError,
    Channels,
    ChannelsStoppedError,
    Gap,
    MemoryBackend,
    Message,
    MessageTooLargeError,
    Subscription,
    TopicError,
)


class Listener:
    def __init__(self) -> None:
        self.got: list[Message | Gap] = []
        self.ends = 0

    def deliver(self, message: Message) -> None:
        self.got.append(message)

    def lose(self, gap: Gap) -> None:
        self.got.append(gap)

    def end(self) -> None:
        self.ends += 1


@each_loop
def test_messages_of_any_kind(run: Run) -> None:
    async def main() -> None:
        async with Channels(MemoryBackend()) as chat:
            assert chat.running
            async with chat.subscribe("room", "日本 *?") as messages:
                assert await chat.publish("room", "text ü") is None
                await chat.publish("日本 *?", b"\0\xff")
                await chat.publish("room", "")
                await chat.publish_json("room", {"a": [1]})
                await chat.publish_json("room", [1], dumps=lambda value: b"bytes")
                await chat.publish("nobody", "x")
                got = [await anext(messages) for _ in range(5)]
                assert got == [
                    Message("room", "text ü"), Message("日本 *?", b"\0\xff"), Message("room", ""),
                    Message("room", '{"a": [1]}'), Message("room", b"bytes"),
                ]  # fmt: skip
            assert chat.topics == frozenset()

    run(main())


def test_mistakes(run: Run) -> None:
    async def main() -> None:
        async with Channels(MemoryBackend(), max_message=4) as chat:
            for wrong in (1, None, ["a"], {"a": 1}, bytearray(b"x"), memoryview(b"x")):
                with pytest.raises(TypeError, match=r"str or bytes, not \w+: use publish_json"):
                    await chat.publish("t", wrong)  # type: ignore[arg-type]  # the mistake
            for large in ("12345", b"12345", "ääa"):
                with pytest.raises(MessageTooLargeError, match=r"5 bytes for 't' .* limit of 4"):
                    await chat.publish("t", large)
            await chat.publish("t", "ää")
            with pytest.raises(TopicError):
                await chat.publish("a\n", "x")
            with pytest.raises(ValueError, match="surrogate"):
                await chat.publish("t", "\ud800")
            with pytest.raises(TopicError, match="is a str"):
                chat.subscribe(["t"])  # type: ignore[arg-type]  # the mistake
            with pytest.raises(ValueError, match="at least one topic"):
                chat.subscribe()
            with pytest.raises(TopicError):
                await chat.attach(Listener(), ["ok", ""])
            assert chat.topics == frozenset()

    run(main())


@pytest.mark.parametrize("options", [{"max_message": -1}, {"max_message": "1"}, {"queue": 0}])
def test_options(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Channels(MemoryBackend(), **options)  # type: ignore[arg-type]  # a table of mistakes


def test_outside_of_start_and_stop(run: Run) -> None:
    async def main() -> None:
        chat = Channels(MemoryBackend())
        for _ in range(2):
            for call in (
                lambda: chat.publish("t", "x"), lambda: chat.members("t"),
                lambda: chat.subscribe("t").__aenter__(), lambda: chat.attach(Listener(), ["t"]),
            ):  # fmt: skip
                with pytest.raises(ChannelsStoppedError, match=r"stopped, memory .* does not run"):
                    await call()
            with pytest.raises(ChannelsStoppedError):
                chat.present("t", "ada")
            chat.detach(Listener())
            chat.end_subscriptions()
            await chat.stop()
            async with chat:
                with pytest.raises(RuntimeError, match="started already"):
                    await chat.start()
                await chat.publish("t", "x")
            assert not chat.running

    run(main())


def test_one_loop_after_another() -> None:
    chat = Channels(MemoryBackend())

    async def main() -> Message | Gap:
        async with chat, chat.subscribe("t") as messages:
            await chat.publish("t", "x")
            return await anext(messages)

    assert [asyncio.run(main()) for _ in range(2)] == [Message("t", "x")] * 2


def test_another_thread_is_refused_and_told_how(run: Run) -> None:
    async def main() -> None:
        async with Channels(MemoryBackend()) as chat, chat.subscribe("t") as messages:
            loop = asyncio.get_running_loop()
            raised: list[BaseException] = []

            def other() -> None:
                try:
                    asyncio.run(_publish(chat, "wrong"))
                except RuntimeError as error:
                    raised.append(error)
                asyncio.run_coroutine_threadsafe(_publish(chat, "right"), loop).result(10)

            thread = threading.Thread(target=other)
            thread.start()
            assert await anext(messages) == Message("t", "right")
            await asyncio.to_thread(thread.join)
            assert "run_coroutine_threadsafe" in str(raised[0])

    run(main())


async def _publish(chat: Channels, text: str) -> None:
    await chat.publish("t", text)


def test_a_task_that_publishes_much_leaves_others_their_turn(run: Run) -> None:
    async def main() -> None:
        async with Channels(MemoryBackend(), queue=64) as chat, chat.subscribe("t") as messages:
            task = asyncio.ensure_future(_take(messages, 5_000))
            for number in range(5_000):
                await chat.publish("t", str(number))
            assert await task == [Message("t", str(number)) for number in range(5_000)]

    run(main())


async def _take(messages: Subscription, count: int) -> list[Message | Gap]:
    return [await anext(messages) for _ in range(count)]


def test_many_subscribers_have_every_message_though_they_are_many(run: Run) -> None:
    async def main() -> None:
        async with Channels(MemoryBackend(), queue=64) as chat:
            listeners = [Listener() for _ in range(1_000)]
            for listener in listeners:
                await chat.attach(listener, ["t"])
            for number in range(200):
                await chat.publish("t", str(number))
                intake = chat._intake
                assert intake is not None
                assert intake.hub.waiting <= 20
            chat.end_subscriptions()
            chat.end_subscriptions()
            expected = [Message("t", str(number)) for number in range(200)]
            assert all(listener.got == expected for listener in listeners)
            # These are not subscriptions: they go on until the stop.
            assert {listener.ends for listener in listeners} == {0}
            async with chat.subscribe("t") as late:
                await chat.publish("t", "late")
                assert await anext(late, None) is None
            assert listeners[0].got[-1] == Message("t", "late")
        assert {listener.ends for listener in listeners} == {1}

    run(main())


def test_attaching(run: Run) -> None:
    async def main() -> None:
        engine = SlowEngine(turns=2)
        async with Channels(engine) as chat:
            listener = Listener()
            await chat.attach(listener, ["a"])
            engine.failing["subscribe"] = BackendError("no")
            with pytest.raises(BackendError, match="no"):
                await chat.attach(listener, ["a", "b"])
            assert chat.topics == {"a"}
            with pytest.raises(BackendError, match="no"):
                await chat.attach(Listener(), ["b"])
            del engine.failing["subscribe"]
            # One that is cancelled while it waits leaves nothing.
            waiting = asyncio.ensure_future(chat.attach(Listener(), ["c"]))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait([waiting])
            assert chat.topics == {"a"}
            assert list(chat._subscribers) == [listener]
            chat.detach(listener, ["a"])
            chat.detach(listener)
            chat.detach(listener)
            assert chat.topics == frozenset()
            await until(lambda: not engine.subscribed)

    run(main())


# Start and stop.


def test_a_start_that_fails(run: Run) -> None:
    async def main() -> None:
        engine = SlowEngine()
        engine.failing["start"] = BackendUnavailableError("not there")
        chat = Channels(engine)
        with pytest.raises(BackendUnavailableError, match="not there"):
            await chat.start()
        assert (chat.running, engine.calls) == (False, ["start", "stop"])
        del engine.failing["start"]
        async with chat:
            assert chat.running

    run(main())


def test_a_start_that_is_cancelled(run: Run) -> None:
    async def main() -> None:
        engine = SlowEngine(turns=5)
        chat = Channels(engine)
        starting = asyncio.ensure_future(chat.start())
        await until(lambda: engine.calls)
        starting.cancel()
        await asyncio.wait([starting])
        assert starting.cancelled()
        assert (chat.running, engine.calls) == (False, ["start", "stop"])

    run(main())


def test_a_stop_during_the_start(run: Run) -> None:
    async def main() -> None:
        engine = SlowEngine(turns=5)
        chat = Channels(engine)
        starting = asyncio.ensure_future(chat.start())
        await until(lambda: engine.calls)
        await chat.stop()
        assert (chat.running, engine.calls) == (False, ["start", "stop"])
        with pytest.raises(ChannelsStoppedError, match="while they started"):
            await starting

    run(main())


@pytest.mark.parametrize("turns", [0, 3])
def test_a_stop_ends_everything(run: Run, turns: int) -> None:
    async def main() -> None:
        tasks = asyncio.all_tasks()
        engine = SlowEngine(turns=turns)
        chat = Channels(engine)
        await chat.start()
        listener = Listener()
        await chat.attach(listener, ["t"])
        joining = asyncio.ensure_future(chat.attach(Listener(), ["u"]))
        await asyncio.sleep(0)
        stops = [asyncio.ensure_future(chat.stop()) for _ in range(2)]
        await stops[1]
        assert engine.calls[-1] == "stop"
        assert not chat.running
        await asyncio.wait([*stops, joining])
        assert listener.ends == 1
        assert (chat._intake, chat._engine, list(chat._subscribers)) == (None, None, [])
        assert engine.calls.count("stop") == 1
        assert asyncio.all_tasks() == tasks
        if turns:
            assert isinstance(joining.exception(), ChannelsStoppedError)
        else:
            assert joining.exception() is None

    run(main())


def test_a_backend_that_fails_to_stop(run: Run) -> None:
    async def main() -> None:
        engine = SlowEngine()
        chat = Channels(engine)
        await chat.start()
        engine.failing["stop"] = BackendError("stuck")
        with pytest.raises(BackendError, match="stuck"):
            await chat.stop()
        assert not chat.running

    run(main())
