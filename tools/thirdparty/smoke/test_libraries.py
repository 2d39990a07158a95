"""Libraries that were written for aiohttp, through their real entry points, on treadle.

One test each: real requests to a real server, and an answer that only the library can have given.
``pytest.ini`` loads the layer.
"""

import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

import treadle.web
from treadle_testing import TestClient, TestServer

Check = Callable[[Any], Coroutine[Any, Any, None]]
Serve = Callable[[Callable[[], Awaitable[Any]], Check], None]


@pytest.fixture
def serve() -> Serve:
    """Return a function that serves an application and gives a client of it to a check."""
    assert web is treadle.web, "run this with -p treadle.compat"

    def run(make: Callable[[], Awaitable[Any]], check: Check) -> None:
        async def main() -> None:
            async with TestClient(TestServer(await make())) as client:
                await check(client)

        asyncio.run(main())

    return run


def test_aiojobs(serve: Serve) -> None:
    from aiojobs.aiohttp import setup, spawn

    done: list[str] = []

    async def work() -> None:
        done.append("worked")

    async def handler(request: web.Request) -> web.Response:
        job = await spawn(request, work())
        await job.wait()
        return web.Response(text=done[0])

    async def make() -> web.Application:
        app = web.Application()
        app.router.add_get("/", handler)
        setup(app)
        return app

    async def check(client: Any) -> None:
        assert await (await client.get("/")).text() == "worked"

    serve(make, check)


def test_engineio_and_socketio(serve: Serve) -> None:
    import socketio

    # Its client of polling, when it leaves, waits for both times.
    server = socketio.AsyncServer(async_mode="aiohttp", ping_interval=1, ping_timeout=1)
    events: list[object] = []

    @server.event
    async def connect(_sid: str, environ: dict[str, Any]) -> None:
        events.append(environ["aiohttp.request"].path)

    @server.event
    async def double(_sid: str, number: int) -> int:
        return number * 2

    async def make() -> web.Application:
        app = web.Application()
        server.attach(app)
        return app

    async def check(client: Any) -> None:
        url = str(client.make_url("/"))
        for transports in (["websocket"], ["polling"], ["polling", "websocket"]):
            peer = socketio.AsyncClient()
            await peer.connect(url, transports=transports)
            assert await peer.call("double", 21) == 42
            await peer.disconnect()
        assert events == ["/socket.io/"] * 3

    serve(make, check)


def test_strawberry(serve: Serve) -> None:
    import strawberry
    from strawberry.aiohttp.views import GraphQLView

    @strawberry.type
    class Query:
        @strawberry.field
        def greeting(self, name: str) -> str:
            return f"Hello, {name}"

    async def make() -> web.Application:
        app = web.Application()
        view = GraphQLView(schema=strawberry.Schema(query=Query))
        app.router.add_route("*", "/graphql", view)
        return app

    async def check(client: Any) -> None:
        query = {"query": '{ greeting(name: "Ada") }'}
        answer = await client.post("/graphql", json=query)
        assert await answer.json() == {"data": {"greeting": "Hello, Ada"}}
        page = await client.get("/graphql", headers={"Accept": "text/html"})
        assert (page.status, page.content_type) == (200, "text/html")

    serve(make, check)


def test_aiogram(serve: Serve) -> None:
    from aiogram import Bot, Dispatcher
    from aiogram.types import Message
    from aiogram.webhook.aiohttp_server import SimpleRequestHandler, setup_application

    received: list[str | None] = []
    dispatcher = Dispatcher()

    @dispatcher.message()
    async def take(message: Message) -> None:
        received.append(message.text)

    async def make() -> web.Application:
        app = web.Application()
        bot = Bot("42:TEST")
        handler = SimpleRequestHandler(
            dispatcher, bot, handle_in_background=False, secret_token="s"
        )
        handler.register(app, path="/hook")
        setup_application(app, dispatcher, bot=bot)
        return app

    async def check(client: Any) -> None:
        chat = {"id": 1, "type": "private"}
        message = {"message_id": 1, "date": 0, "chat": chat, "text": "hi"}
        update = {"update_id": 1, "message": message}
        assert (await client.post("/hook", json=update)).status == 401
        headers = {"X-Telegram-Bot-Api-Secret-Token": "s"}
        assert (await client.post("/hook", json=update, headers=headers)).status == 200
        assert received == ["hi"]

    serve(make, check)


def test_slack_bolt(serve: Serve) -> None:
    from slack_bolt.async_app import AsyncApp
    from slack_bolt.authorization import AuthorizeResult
    from slack_sdk.signature import SignatureVerifier

    async def authorize(**_facts: object) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id="T", bot_user_id="U", bot_token="xoxb-x")

    async def make() -> web.Application:
        slack = AsyncApp(signing_secret="secret", authorize=authorize)

        @slack.command("/hello")
        async def hello(ack: Any, command: dict[str, str]) -> None:
            await ack(f"Hello, {command['user_name']}")

        app: web.Application = slack.server(port=0, path="/slack").web_app
        return app

    async def check(client: Any) -> None:
        body = "command=/hello&user_name=Ada&user_id=W&team_id=T&channel_id=C&trigger_id=1"
        stamp = str(int(time.time()))
        signature = SignatureVerifier("secret").generate_signature(timestamp=stamp, body=body)
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": signature or "",
        }
        answer = await client.post("/slack", data=body, headers=headers)
        assert (answer.status, await answer.text()) == (200, "Hello, Ada")
        headers["X-Slack-Signature"] = "v0=0"
        refused = await client.post("/slack", data=body, headers=headers)
        assert refused.status == 401

    serve(make, check)


def test_sentry(serve: Serve) -> None:
    import sentry_sdk
    from sentry_sdk.integrations.aiohttp import AioHttpIntegration
    from sentry_sdk.transport import Transport

    events: list[dict[str, Any]] = []

    class Keep(Transport):
        def capture_envelope(self, envelope: Any) -> None:
            events.extend(item.payload.json for item in envelope.items if item.payload.json)

    async def fails(_request: web.Request) -> web.Response:
        raise LookupError("of the handler")

    async def make() -> web.Application:
        sentry_sdk.init(
            "http://key@localhost/1",
            transport=Keep,
            integrations=[AioHttpIntegration()],
            traces_sample_rate=1.0,
            default_integrations=True,
        )
        app = web.Application()
        app.router.add_get("/fails/{name}", fails)
        return app

    async def check(client: Any) -> None:
        assert (await client.get("/fails/now")).status == 500
        await asyncio.sleep(0)
        sentry_sdk.flush()
        errors = [event for event in events if "exception" in event]
        # Once, although the server logs it too.
        assert [error["exception"]["values"][-1]["type"] for error in errors] == ["LookupError"]
        assert errors[0]["request"]["url"].endswith("/fails/now")
        traces = [event for event in events if event.get("type") == "transaction"]
        assert "fails" in traces[0]["transaction"]

    serve(make, check)


def test_opentelemetry(serve: Serve) -> None:
    from opentelemetry import trace
    from opentelemetry.instrumentation.aiohttp_server import AioHttpServerInstrumentor
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentor = AioHttpServerInstrumentor()

    async def handler(_request: web.Request) -> web.Response:
        trace.get_current_span().set_attribute("in.handler", True)
        return web.json_response({"ok": True})

    async def make() -> web.Application:
        instrumentor.instrument(tracer_provider=provider)
        # The instrumentor has replaced the class.
        app = web.Application()
        app.router.add_get("/items/{id}", handler)
        return app

    async def check(client: Any) -> None:
        assert json.loads(await (await client.get("/items/7")).text()) == {"ok": True}
        assert (await client.get("/nowhere")).status == 404
        spans = exporter.get_finished_spans()
        attributes = [dict(span.attributes or {}) for span in spans]
        assert attributes[0]["in.handler"] is True
        keys = ("http.status_code", "http.response.status_code")  # of two versions of its names
        codes = [next(found[key] for key in keys if key in found) for found in attributes]
        assert codes == [200, 404]

    try:
        serve(make, check)
    finally:
        instrumentor.uninstrument()


@pytest.mark.parametrize("worker", ["GunicornWebWorker", "GunicornUVLoopWebWorker"])
def test_gunicorn(tmp_path: Path, worker: str) -> None:
    (tmp_path / "program.py").write_text("""
from aiohttp import web

async def handler(request):
    return web.Response(text=type(request).__module__)

app = web.Application()
app.router.add_get("/", handler)
""")
    command = [sys.executable, "-m", "treadle.compat", "-m", "gunicorn", "program:app"]
    command += ["-b", "127.0.0.1:0", "-k", f"aiohttp.{worker}", "--no-control-socket"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            lines = iter(process.stderr.readline, "")
            address = next(line.split()[-2] for line in lines if "Listening at" in line)
            with urllib.request.urlopen(address, timeout=60) as answer:
                assert answer.read().startswith(b"treadle_server.")
        finally:
            process.terminate()
        assert "Shutting down: Master" in process.stderr.read()
    assert process.returncode == 0
