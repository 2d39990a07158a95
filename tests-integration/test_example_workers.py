"""The example application with two workers and a real Redis: its chat, its notes, its limits."""

import asyncio
import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, CookieJar

from testkit import Program
from testkit.engines import Redis
from treadle_testing import unused_port

EXAMPLES = Path(__file__).resolve().parent.parent / "packages/treadle/examples"


@contextlib.contextmanager
def running(redis: Redis, folder: Path) -> Iterator[Program]:
    command = [
        sys.executable, "-m", "treadle.web", "-H", "127.0.0.1", "-P", str(unused_port()),
        "--workers", "2", "treadle_example.app:init_func", "--redis", redis.url,
        "--database", str(folder / "notes.sqlite"),
    ]  # fmt: skip
    program = Program(command, EXAMPLES)
    try:
        program.wait_running()
        yield program
        assert program.end() == 0
    finally:
        program.close()


@pytest.fixture
def program(redis: Redis, tmp_path: Path) -> Iterator[Program]:
    with running(redis, tmp_path) as program:
        yield program


async def wait_for(tab: ClientWebSocketResponse, wanted: object) -> None:
    """Take messages until one is ``wanted``."""
    while json.loads(await tab.receive_str()) != wanted:
        pass


def test_the_tabs_of_both_workers_chat(program: Program, redis: Redis) -> None:
    async def main() -> None:
        url = f"http://127.0.0.1:{program.port}/chat"
        async with asyncio.timeout(30), ClientSession() as session:
            async with session.get(url) as page:
                backend = f"Redis at redis://127.0.0.1:{redis.port}"
                assert f"go through: <code>{backend}" in await page.text()
            # The kernel decides which worker gets which; one in a thousand runs has all in one.
            tabs = [await session.ws_connect(f"{url}/talk") for _ in range(11)]
            await wait_for(tabs[0], {"online": 11})
            said = {"name": "Ada", "text": "Hello"}
            await tabs[0].send_json(said)
            await asyncio.gather(*(wait_for(tab, said) for tab in tabs))
            # Each worker listens.
            assert redis.ask("PUBSUB", "NUMSUB", "treadle:chat").endswith(b":2\r\n")
            for tab in tabs[1:]:
                await tab.close()
            await wait_for(tabs[0], {"online": 1})
            # A tab that joins later gets the earlier messages, whichever worker it has.
            for _ in range(4):
                async with session.ws_connect(f"{url}/talk") as late:
                    assert await late.receive_json() == said
            await tabs[0].close()

    asyncio.run(main())


def test_both_workers_have_the_notes_and_tell_each_other(program: Program) -> None:
    async def main() -> None:
        url = f"http://127.0.0.1:{program.port}"
        jar = CookieJar(unsafe=True)
        async with (
            asyncio.timeout(30),
            ClientSession(cookie_jar=jar, headers={"Origin": url}) as session,
            contextlib.AsyncExitStack() as stack,
        ):
            form = {"name": "Ada", "password": "correct horse"}
            async with session.post(f"{url}/signup", data=form) as answer:
                assert answer.status == 200
            # Each connection is a new one, for either of the workers.
            streams = [
                await stack.enter_async_context(session.get(f"{url}/notes/events"))
                for _ in range(11)
            ]
            async with session.post(f"{url}/notes", data={"title": "Milk"}) as answer:
                assert "Milk" in await answer.text()
            for stream in streams:
                assert await stream.content.readuntil(b"\n\n") == b"event: changed\ndata: {}\n\n"
            # The limit is one for both.
            wrong = form | {"password": "wrong guess"}
            closing = {"Connection": "close"}
            statuses = [
                (await session.post(f"{url}/login", data=wrong, headers=closing)).status
                for _ in range(8)
            ]
            assert statuses[:5] == [422] * 5
            assert statuses[-1] == 429

    asyncio.run(main())


def test_without_redis_notes_are_kept_and_nobody_guesses(own_redis: Redis, tmp_path: Path) -> None:
    async def main(program: Program) -> None:
        url = f"http://127.0.0.1:{program.port}"
        jar = CookieJar(unsafe=True)
        async with (
            asyncio.timeout(30),
            ClientSession(cookie_jar=jar, headers={"Origin": url}) as session,
        ):

            async def ask(method: str, path: str, **form: str) -> tuple[int, str]:
                async with session.request(method, url + path, data=form or None) as answer:
                    return answer.status, await answer.text()

            form = {"name": "Ada", "password": "correct horse"}
            assert (await ask("POST", "/signup", **form))[0] == 200
            own_redis.kill()
            status, page = await ask("POST", "/notes", title="Milk")
            assert (status, "Milk" in page) == (200, True)
            assert "Milk" in (await ask("GET", "/notes"))[1]
            assert (await ask("POST", "/chat", name="Ada", text="Hello"))[0] == 503
            # What cannot be counted is not tried.
            assert (await ask("POST", "/login", **form))[0] == 503

    with running(own_redis, tmp_path) as program:
        asyncio.run(main(program))
