"""Names of aiohttp's ``Application`` that older code uses, with the warnings they have there."""

import asyncio
import subprocess
import sys

import pytest

from testkit import Run, hello
from treadle_responses import StreamResponse
from treadle_server import Application, Handler, Request, Server


async def through(request: Request, handler: Handler) -> StreamResponse:
    return await handler(request)


def test_the_loop_is_known_after_the_start(run: Run) -> None:
    seen: list[object] = []

    async def main() -> None:
        app, sub = Application(), Application()
        app.add_subapp("/sub", sub)
        await app.startup()
        for one in (app, sub):
            with pytest.warns(DeprecationWarning, match="loop property is deprecated") as warned:
                seen.append(one.loop is asyncio.get_running_loop())
            assert [warning.filename for warning in warned] == [__file__]
        await app.cleanup()

    with pytest.warns(DeprecationWarning, match="loop property"):
        assert Application().loop is None
    run(main())
    assert seen == [True, True]


def test_set_loop() -> None:
    first, second = asyncio.new_event_loop(), asyncio.new_event_loop()
    app, sub = Application(), Application()
    app.add_subapp("/sub", sub)
    app._set_loop(first)
    app._set_loop(first)
    assert sub._loop is first
    with pytest.raises(RuntimeError, match="initialized with different loop"):
        app._set_loop(second)
    first.close()
    second.close()


def test_make_handler(run: Run) -> None:
    async def main() -> None:
        app = Application()
        app.router.add_get("/", hello)
        with pytest.warns(DeprecationWarning, match="make_handler") as warned:
            server = app.make_handler(keepalive_timeout=5)
        assert [warning.filename for warning in warned] == [__file__]
        assert isinstance(server, Server)
        assert app.frozen
        listener = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*listener.sockets[0].getsockname())
        writer.write(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        assert (await reader.read()).endswith(b"hello")
        writer.close()
        listener.close()
        await server.shutdown(1)

    run(main())


def test_prepared_middlewares() -> None:
    app = Application(middlewares=[through])
    assert app._middlewares_handlers is None
    app.freeze()
    assert app._middlewares_handlers == ((through, True),)
    assert app._run_middlewares


@pytest.mark.parametrize("name", sorted(Application.ATTRS - {"_has_legacy_middlewares"}))
def test_attributes(name: str) -> None:
    assert hasattr(Application(), name)


def test_the_logger_can_be_set() -> None:
    app = Application()
    app.logger = app.logger.getChild("own")
    assert app.logger.name.endswith(".own")


def test_custom_attributes_in_development_mode() -> None:
    program = (
        "import warnings; from treadle_server import Application; app = Application()\n"
        "warnings.simplefilter('error'); app.logger = app.logger; app._own = 1\n"
        "try: app.database = 1\n"
        "except DeprecationWarning as warning: print(warning)\n"
    )
    shown = subprocess.run(
        [sys.executable, "-X", "dev", "-c", program], capture_output=True, text=True, check=True
    )
    assert shown.stdout.startswith("Setting custom web.Application.database attribute is discour")
