"""``asgi``: what it takes, and the test clients and frameworks that call what it returns."""

import asyncio
import logging
import warnings
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from testkit import Run, ScopeServer, each_loop, http_scope
from treadle_asgi import asgi
from treadle_responses import Response
from treadle_server import Application, Request, WebSocketResponse

with warnings.catch_warnings():
    # It wants a newer httpx.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient, WebSocketDenialResponse


async def where(request: Request) -> Response:
    name = request.match_info.get("name")
    return Response(text=f"{request.root_path} {request.path} {name} {request.url}")


async def total(request: Request) -> Response:
    return Response(text=str(sum(await request.json())))


async def chat(request: Request) -> WebSocketResponse:
    ws = WebSocketResponse(protocols=["b"], origins=["https://example.com"])
    await ws.prepare(request)
    async for message in ws:
        await ws.send_str(f"{message.data!s}!")
    return ws


def application() -> Application:
    app = Application()
    app.router.add_get("/", where)
    app.router.add_get("/items/{name}", where)
    app.router.add_post("/total", total)
    app.router.add_get("/chat", chat)
    return app


@pytest.mark.parametrize(
    ("given", "options", "text"),
    [
        (application, {}, "not <function application at .*: call it"),
        (None, {}, r"not None: make one with web.Application\(\)"),
        (application(), {"acess_log": None}, "no option 'acess_log': it has access_log,"),
        (application(), {"keepalive_timeout": 1}, "no option 'keepalive_timeout'"),
    ],
)
def test_mistakes(given: Any, options: dict[str, Any], text: str) -> None:
    with pytest.raises(TypeError, match=text):
        asgi(given, **options)


def test_what_it_is() -> None:
    app = application()
    served = asgi(app)
    assert served.app is app
    assert repr(served) == f"<ASGI application of {app!r}>"
    with pytest.raises(ValueError, match="'telnet'"):
        asyncio.run(ScopeServer().run(served, http_scope(type="telnet")))


@each_loop
@pytest.mark.parametrize("asked", [True, False])
def test_the_access_log(run: Run, asked: bool, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        logger = logging.getLogger("test.access")
        options: Any = {"access_log": logger, "access_log_format": "%r %s"} if asked else {}
        async with asgi(application(), **options) as served:
            await ScopeServer().run(served, http_scope("GET", "/items/lamp"))
            await ScopeServer().run(served, http_scope("GET", "/nowhere"))
        assert ("GET /items/lamp HTTP/1.1 200" in caplog.text) is asked
        assert ("GET /nowhere HTTP/1.1 404" in caplog.text) is asked

    caplog.set_level(logging.INFO)
    run(main())


@each_loop
def test_the_client_of_httpx(run: Run) -> None:
    async def main() -> None:
        async with asgi(application()) as served:
            transport = httpx.ASGITransport(served)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://a.example"
            ) as client:
                response = await client.get("/items/a%2Fb")
                assert response.text == " /items/a/b a/b http://a.example/items/a%2Fb"
                assert (await client.post("/total", json=[1, 2])).text == "3"
                assert (await client.post("/total", content=b"[")).status_code == 400
                assert (await client.get("/nowhere")).status_code == 404

    run(main())


def test_the_client_of_starlette() -> None:
    with TestClient(asgi(application())) as client:
        assert client.get("/").text == " / None http://testserver/"
        assert client.post("/total", json=[1, 2, 3]).text == "6"
        origin = {"origin": "https://example.com"}
        with client.websocket_connect("/chat", ["a", "b"], headers=origin) as ws:
            assert ws.accepted_subprotocol == "b"
            ws.send_text("hello")
            assert ws.receive_text() == "hello!"
        with pytest.raises(WebSocketDenialResponse) as raised:
            client.websocket_connect(
                "/chat", headers={"origin": "https://other.example"}
            ).__enter__()
        assert raised.value.status_code == 403


def test_a_mount_of_starlette() -> None:
    app = Starlette(routes=[Mount("/shop/eu", asgi(application()))])
    client = TestClient(app)
    assert client.get("/shop/eu/items/lamp?x=1").text == (
        "/shop/eu /items/lamp lamp http://testserver/shop/eu/items/lamp?x=1"
    )
