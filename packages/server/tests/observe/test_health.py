"""Liveness and readiness: over a server, with checks that succeed, fail, raise and hang."""

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any, Self

import pytest

from testkit import Peer, Run, each_loop, hello
from treadle_server import Application, AppRunner, Health, TCPSite, get


class Up:
    """A running application with health checks."""

    def __init__(self, health: Health, app: Application | None = None, **options: Any) -> None:
        self.app = Application() if app is None else app
        self.app.add_routes([get("/", hello), *health.routes()])
        self.runner = AppRunner(self.app, **options)
        self.port = 0

    async def __aenter__(self) -> Self:
        await self.runner.setup()
        site = TCPSite(self.runner, "127.0.0.1", 0)
        await site.start()
        self.port = site.port
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.runner.cleanup()

    async def ask(self, path: str, accept: str = "", method: str = "GET") -> tuple[str, str]:
        """Return the head and the body of an answer."""
        peer = Peer(*await asyncio.open_connection("127.0.0.1", self.port))
        field = f"Accept: {accept}\r\n" if accept else ""
        head = f"{method} {path} HTTP/1.1\r\nHost: a\r\n{field}Connection: close\r\n\r\n"
        await peer.send(head.encode())
        answer = (await peer.rest()).decode()
        peer.writer.close()
        head, _, body = answer.partition("\r\n\r\n")
        return head, body


async def succeeds(_app: Application) -> None:
    pass


async def raises(_app: Application) -> None:
    raise ConnectionRefusedError("password=hunter2")


async def is_false(_app: Application) -> bool:
    return False


async def hangs(_app: Application) -> None:
    await asyncio.Event().wait()


CHECKS: dict[str, tuple[Any, str]] = {
    "async": (succeeds, "ok"),
    "plain": (lambda _app: True, "ok"),
    "None": (lambda _app: None, "ok"),
    "0, which is not False": (lambda _app: 0, "ok"),
    "raises": (raises, "failed"),
    "False": (is_false, "failed"),
    "plain False": (lambda _app: False, "failed"),
    "hangs": (hangs, "timed out"),
}


@pytest.mark.parametrize("name", CHECKS)
def test_a_check(run: Run, name: str) -> None:
    check, expected = CHECKS[name]
    health = Health(cache_time=0)
    health.add_check("first", succeeds)
    health.add_check("database", check, timeout=0.05)

    async def main() -> None:
        async with Up(health) as up:
            head, body = await up.ask("/readyz")
            verdict, status = ("ready", "200 OK") if expected == "ok" else (
                "not ready", "503 Service Unavailable",
            )  # fmt: skip
            assert head.startswith(f"HTTP/1.1 {status}\r\n")
            assert "\r\nCache-Control: no-store\r\n" in head
            assert body == f"{verdict}\nfirst: ok\ndatabase: {expected}\n"
            head, body = await up.ask("/readyz", "application/json")
            assert head.startswith(f"HTTP/1.1 {status}\r\n")
            checks = {"first": "ok", "database": expected}
            assert json.loads(body) == {"status": verdict, "checks": checks}
            assert "hunter2" not in body
            # The process lives all the same.
            head, body = await up.ask("/livez")
            assert (head.split("\r\n")[0], body) == ("HTTP/1.1 200 OK", "live\n")

    run(main())


ACCEPTS = {
    "": "text/plain; charset=utf-8",
    "*/*": "text/plain; charset=utf-8",
    "application/json": "application/json; charset=utf-8",
    "text/html, application/json;q=0.9, */*;q=0.1": "application/json; charset=utf-8",
    "text/html": "text/plain; charset=utf-8",
    "\x7f;;,=": "text/plain; charset=utf-8",
}


@pytest.mark.parametrize("accept", ACCEPTS)
def test_the_form_of_an_answer(run: Run, accept: str) -> None:
    async def main() -> None:
        async with Up(Health()) as up:
            for path in ("/livez", "/readyz"):
                head, _body = await up.ask(path, accept.replace("\x7f", ""))
                assert f"\r\nContent-Type: {ACCEPTS[accept]}\r\n" in head + "\r\n"
                assert "\r\nVary: Accept\r\n" in head + "\r\n"
                head, body = await up.ask(path, accept.replace("\x7f", ""), "HEAD")
                assert head.startswith("HTTP/1.1 200 OK")
                assert body == ""
                assert (await up.ask(path, method="POST"))[0].startswith("HTTP/1.1 405 ")

    run(main())


def test_details_are_asked_for(run: Run) -> None:
    health = Health(details=True)
    health.add_check("database", raises)

    async def main() -> None:
        async with Up(health) as up:
            _head, body = await up.ask("/readyz")
            assert body == (
                "not ready\ndatabase: failed: ConnectionRefusedError: password=hunter2\n"
            )

    run(main())


@each_loop
def test_strangers_share_one_run(run: Run) -> None:
    counts = {"now": 0, "most": 0, "all": 0}
    begun, release = asyncio.Event(), asyncio.Event()

    async def ask_database(_app: Application) -> None:
        begun.set()
        counts["all"] += 1
        counts["now"] += 1
        counts["most"] = max(counts["most"], counts["now"])
        await release.wait()
        counts["now"] -= 1

    health = Health(cache_time=600)
    health.add_check("database", ask_database, timeout=60)

    async def main() -> None:
        async with Up(health, handler_cancellation=True) as up:
            # One leaves; the others have their answers.
            leaver = Peer(*await asyncio.open_connection("127.0.0.1", up.port))
            await leaver.send(b"GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n")
            asked = [asyncio.create_task(up.ask("/readyz")) for _ in range(20)]
            await begun.wait()
            leaver.writer.close()
            release.set()
            heads = [(await task)[0] for task in asked]
            assert all(head.startswith("HTTP/1.1 200 ") for head in heads)
            assert (await up.ask("/readyz"))[0].startswith("HTTP/1.1 200 ")
        assert counts == {"now": 0, "most": 1, "all": 1}

    run(main())


def test_checks_run_at_the_same_time(run: Run) -> None:
    health = Health()
    first, second = asyncio.Event(), asyncio.Event()

    async def one(_app: Application) -> None:
        first.set()
        await second.wait()

    async def other(_app: Application) -> None:
        second.set()
        await first.wait()

    health.add_check("one", one)
    health.add_check("other", other)

    async def main() -> None:
        async with Up(health) as up:
            assert (await up.ask("/readyz"))[0].startswith("HTTP/1.1 200 ")

    run(main())


def test_a_check_that_does_not_end_is_not_called_again(run: Run) -> None:
    calls: list[Application] = []
    ends = asyncio.Event()

    async def stubborn(app: Application) -> None:
        calls.append(app)
        while not ends.is_set():
            try:
                await ends.wait()
            except asyncio.CancelledError:
                continue

    health = Health(cache_time=0)
    health.add_check("stubborn", stubborn, timeout=0.02)

    async def main() -> None:
        async with Up(health) as up:
            for _ in range(3):
                assert (await up.ask("/readyz"))[1] == "not ready\nstubborn: timed out\n"
            assert calls == [up.app]
            ends.set()
            # The old call has ended; the next one is new.
            assert (await up.ask("/readyz"))[1] == "ready\nstubborn: ok\n"
            assert len(calls) == 2

    run(main())


def test_one_health_on_two_event_loops(run: Run) -> None:
    health = Health(cache_time=600)
    health.add_check("database", succeeds)

    async def main() -> None:
        async with Up(health) as up:
            assert (await up.ask("/readyz"))[1] == "ready\ndatabase: ok\n"

    for _ in range(2):
        asyncio.run(main())


def test_the_log(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    works = False

    async def database(_app: Application) -> None:
        if not works:
            raise ConnectionRefusedError("to the\ndatabase")

    health = Health(cache_time=0)
    health.add_check("database", database)

    async def main() -> None:
        nonlocal works
        async with Up(health) as up:
            for state in (False, False, True, True, False):
                works = state
                await up.ask("/readyz")

    with caplog.at_level(logging.INFO, "treadle.web"):
        run(main())
    lines = [record for record in caplog.records if record.name == "treadle.web"]
    failed = "The health check database: failed. It is logged once a minute while it fails"
    assert [line.getMessage() for line in lines] == [
        failed, "The health check 'database' succeeds again", failed,
    ]  # fmt: skip
    assert [line.exc_info is not None for line in lines] == [True, False, True]


@pytest.mark.parametrize("wanted", [False, True])
def test_probes_in_the_access_log(run: Run, caplog: pytest.LogCaptureFixture, wanted: bool) -> None:
    async def main() -> None:
        async with Up(Health(access_log=wanted)) as up:
            for path in ("/livez", "/", "/readyz"):
                await up.ask(path)

    with caplog.at_level(logging.INFO, "treadle.access"):
        run(main())
    lines = [line.getMessage() for line in caplog.records if line.name == "treadle.access"]
    assert len(lines) == (3 if wanted else 1)


def test_the_life_of_an_application(run: Run) -> None:
    health = Health()
    answers: list[str] = []

    async def main() -> None:
        async def ask(_app: Application) -> None:
            answers.append((await up.ask("/readyz"))[1])

        inner = Application()
        inner.add_routes(health.routes())
        up = Up(Health())
        up.app.add_subapp("/inner", inner)
        # Between the start and the end: a task of the start-up asks, and a delay.
        async with up:
            assert (await up.ask("/inner/readyz"))[1] == "ready\n"
            task = asyncio.create_task(up.runner.drain(600))
            await asyncio.sleep(0)
            for path in ("/readyz", "/inner/readyz"):
                head, body = await up.ask(path)
                assert (head.split("\r\n")[0], body) == (
                    "HTTP/1.1 503 Service Unavailable", "stopping\n",
                )  # fmt: skip
            assert (await up.ask("/"))[0].startswith("HTTP/1.1 200 ")
            task.cancel()
        assert up.app._progress == "stopping"

    run(main())


def test_a_start_that_has_not_ended(run: Run) -> None:
    async def main() -> None:
        app = Application()
        up = Up(Health(), app)

        async def begin(app: Application) -> None:
            # The part of a start that this receiver does not see is still to come.
            assert app._progress == "starting"

        app.on_startup.append(begin)
        for _ in range(2):
            await app.startup()
            assert app._progress == "serving"
        app._progress = "starting"
        async with up:
            app._progress = "starting"
            assert (await up.ask("/readyz"))[1] == "starting\n"

    run(main())


def test_a_stop_that_begins_during_the_checks(run: Run) -> None:
    begun, release = asyncio.Event(), asyncio.Event()

    async def slow(_app: Application) -> None:
        begun.set()
        await release.wait()

    health = Health()
    health.add_check("slow", slow, timeout=60)

    async def main() -> None:
        async with Up(health) as up:
            asked = asyncio.create_task(up.ask("/readyz"))
            await begun.wait()
            draining = asyncio.create_task(up.runner.drain(0.01))
            await asyncio.sleep(0)
            release.set()
            assert (await asked)[1] == "stopping\n"
            await draining

    run(main())


def twice(health: Health) -> None:
    health.add_check("a", succeeds)


MISTAKES: dict[str, tuple[Callable[[Health], object], type[Exception], str]] = {
    "no name": (lambda h: h.add_check("", succeeds), ValueError, "printable text, not ''"),
    "name": (lambda h: h.add_check("a\nb", succeeds), ValueError, "printable text"),
    "twice": (lambda h: [call(h) for call in (twice, twice)], ValueError, "already"),
    "no function": (lambda h: h.add_check("a", 5), TypeError, "is a function, not 5"),  # type: ignore[arg-type]  # what is tested
    "timeout": (lambda h: h.add_check("a", succeeds, timeout=0), ValueError, "more than 0, not 0"),
    "endless": (
        lambda h: h.add_check("a", succeeds, timeout=float("inf")), ValueError, "not inf",
    ),
    "cache": (lambda _h: Health(cache_time=-1), ValueError, "0 or more, not -1"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes(name: str) -> None:
    make, kind, text = MISTAKES[name]
    with pytest.raises(kind, match=text):
        make(Health())


def test_routes_elsewhere() -> None:
    app = Application()
    app.add_routes(Health().routes(live="/a", ready="/b"))
    paths = [resource.canonical for resource in app.router.resources()]
    assert paths == ["/a", "/b"]
