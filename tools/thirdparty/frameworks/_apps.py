"""The applications: each as its framework's documentation writes it, without a word of treadle.

A function makes an application in an empty folder, for its database and its files.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

__all__ = ["django_asgi", "django_wsgi", "fastapi", "flask", "litestar", "quart", "starlette"]


def fastapi(folder: Path) -> Any:  # noqa: ARG001
    """A docs page, validation, a WebSocket, a stream, a background task, a lifespan with state."""
    from fastapi import (
        BackgroundTasks,
        FastAPI,
        HTTPException,
        Request,
        UploadFile,
        WebSocket,
    )
    from fastapi.responses import StreamingResponse
    from pydantic import BaseModel

    done: list[str] = []

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[dict[str, str]]:
        done.clear()
        yield {"greeting": "hello"}
        done.append("ended")

    app = FastAPI(lifespan=lifespan)
    app.state.done = done

    class Item(BaseModel):
        name: str
        price: float

    @app.get("/items/{item_id}")
    async def read(item_id: int, request: Request) -> dict[str, Any]:
        return {"id": item_id, "greeting": request.state.greeting}

    @app.post("/items")
    def create(item: Item) -> Item:
        return item

    @app.get("/missing")
    async def missing() -> None:
        raise HTTPException(404, "no such thing")

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def pieces() -> AsyncIterator[str]:
            for number in range(5):
                await asyncio.sleep(0)
                yield f"{number};"

        return StreamingResponse(pieces(), media_type="text/plain")

    @app.post("/tasks")
    async def tasks(background: BackgroundTasks) -> dict[str, str]:
        background.add_task(done.append, "task")
        return {"message": "started"}

    @app.get("/done")
    async def show() -> list[str]:
        return done

    @app.post("/upload")
    async def upload(file: UploadFile) -> dict[str, Any]:
        return {"name": file.filename, "size": len(await file.read())}

    @app.websocket("/ws/{room}")
    async def talk(websocket: WebSocket, room: str) -> None:
        await websocket.accept(subprotocol="chat")
        async for text in websocket.iter_text():
            await websocket.send_json({"room": room, "echo": text})

    return app


def starlette(folder: Path) -> Any:
    """Its own static files, its routes, a redirect, an event stream, a middleware of its own."""
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.middleware.gzip import GZipMiddleware
    from starlette.requests import Request
    from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
    from starlette.routing import Mount, Route, WebSocketRoute
    from starlette.staticfiles import StaticFiles
    from starlette.websockets import WebSocket

    (folder / "big.txt").write_text("line\n" * 20_000)
    (folder / "page.html").write_text("<h1>static</h1>")

    async def home(request: Request) -> Response:
        return PlainTextResponse(str(request.url_for("user", name="Ada")))

    async def user(request: Request) -> Response:
        query = dict(request.query_params)
        return JSONResponse({"name": request.path_params["name"], "query": query})

    async def move(request: Request) -> Response:
        return RedirectResponse(request.url_for("user", name="moved"))

    async def size(request: Request) -> Response:
        return JSONResponse(sum([len(chunk) async for chunk in request.stream()]))

    async def fail(_request: Request) -> Response:
        raise RuntimeError("a bug of the application")

    async def ws(websocket: WebSocket) -> None:
        if "refuse" in websocket.query_params:
            await websocket.close(4403)
            return
        await websocket.accept()
        await websocket.send_bytes(await websocket.receive_bytes())
        await websocket.close(4000, "enough")

    return Starlette(
        routes=[
            Route("/", home),
            Route("/users/{name}", user, name="user"),
            Route("/move", move),
            Route("/size", size, methods=["POST"]),
            Route("/fail", fail),
            WebSocketRoute("/ws", ws),
            Mount("/static", StaticFiles(directory=folder, html=True), name="static"),
        ],
        middleware=[Middleware(GZipMiddleware, minimum_size=100_000)],
    )


def _django(folder: Path) -> ModuleType:
    """Configure Django once, with a database in ``folder``; return the module with its URLs."""
    import django
    from django.conf import settings

    name = "thirdparty_django_site"
    if name in sys.modules:
        return sys.modules[name]
    site = ModuleType(name)
    sys.modules[name] = site
    settings.configure(
        DEBUG=False,
        SECRET_KEY="for tests only",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=name,
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": str(folder / "db.sqlite3"),
                "OPTIONS": {"timeout": 20},
            }
        },
        INSTALLED_APPS=[
            "django.contrib.admin",
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.messages",
            "django.contrib.sessions",
            "django.contrib.staticfiles",
        ],
        MIDDLEWARE=[
            "django.middleware.security.SecurityMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ]
                },
            }
        ],
        STATIC_URL="static/",
        USE_TZ=True,
    )
    django.setup()
    from django.contrib import admin
    from django.contrib.auth import get_user_model
    from django.contrib.staticfiles import views as staticfiles
    from django.core.management import call_command
    from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
    from django.template import engines
    from django.urls import path
    from django.views.decorators.csrf import csrf_protect

    call_command("migrate", verbosity=0)
    get_user_model().objects.create_superuser("root", "root@example.com", "secret")
    page = engines["django"].from_string(
        '<form method="post">{% csrf_token %}<input name="word"></form>'
    )

    @csrf_protect
    def form(request: HttpRequest) -> HttpResponse:
        if request.method == "POST":
            return HttpResponse(f"got {request.POST['word']}")
        return HttpResponse(page.render({}, request))

    def stream(_request: HttpRequest) -> StreamingHttpResponse:
        def pieces() -> Iterator[str]:
            for number in range(5):
                yield f"{number};"

        return StreamingHttpResponse(pieces())

    def file(_request: HttpRequest) -> FileResponse:
        return FileResponse((folder / "file.txt").open("rb"))

    (folder / "file.txt").write_text("line\n" * 50_000)
    site.urlpatterns = [  # type: ignore[attr-defined]  # a module is made here
        path("admin/", admin.site.urls),
        path("form", form),
        path("stream", stream),
        path("file", file),
        # Not its StaticFilesHandler, which does not work below a prefix.
        path("static/<path:path>", staticfiles.serve, {"insecure": True}),
    ]
    return site


def django_asgi(folder: Path) -> Any:
    """The admin, static files, a form: for ASGI."""
    _django(folder)
    from django.core.asgi import get_asgi_application

    return get_asgi_application()


def django_wsgi(folder: Path) -> Any:
    """The admin, static files, a form: for WSGI."""
    _django(folder)
    from django.core.wsgi import get_wsgi_application

    return get_wsgi_application()


def quart(folder: Path) -> Any:
    """Templates, a form, JSON, a WebSocket, a stream, a background task."""
    from quart import Quart, Response, jsonify, redirect, request, url_for, websocket

    app = Quart("quart_app", root_path=str(folder))
    (folder / "static").mkdir(exist_ok=True)
    (folder / "static" / "app.js").write_text("let a = 1;")
    started: list[str] = []

    @app.before_serving
    async def start() -> None:
        started.append("yes")

    @app.get("/")
    async def home() -> str:
        return f"started: {started}"

    @app.post("/json")
    async def double() -> Any:
        data = await request.get_json()
        return jsonify([item * 2 for item in data])

    @app.post("/form")
    async def form() -> str:
        return f"hello {(await request.form)['name']}"

    @app.get("/move")
    async def move() -> Any:
        return redirect(url_for("home"))

    @app.get("/stream")
    async def stream() -> Any:
        async def pieces() -> AsyncIterator[bytes]:
            for number in range(5):
                yield f"{number};".encode()

        return Response(pieces(), mimetype="text/plain")

    @app.get("/fail")
    async def fail() -> str:
        raise RuntimeError("a bug of the application")

    @app.websocket("/ws")
    async def ws() -> None:
        while True:
            await websocket.send(await websocket.receive())

    return app


def litestar(folder: Path) -> Any:  # noqa: ARG001
    """Typed handlers, an OpenAPI page, validation, a stream, a WebSocket."""
    from dataclasses import dataclass

    from litestar import Litestar, WebSocket, get, post, websocket
    from litestar.exceptions import NotAuthorizedException
    from litestar.response import Redirect, Stream

    @dataclass
    class Point:
        x: int
        y: int

    @get("/")
    async def home() -> str:
        return "litestar"

    @get("/square/{number:int}")
    async def square(number: int) -> dict[str, int]:
        return {"square": number * number}

    @post("/points")
    async def points(data: Point) -> Point:
        return Point(data.y, data.x)

    @get("/private")
    async def private() -> None:
        raise NotAuthorizedException("who are you?")

    @get("/stream")
    async def stream() -> Stream:
        async def pieces() -> AsyncIterator[str]:
            for number in range(5):
                yield f"{number};"

        return Stream(pieces(), media_type="text/plain")

    @get("/move")
    async def move() -> Redirect:
        return Redirect("/elsewhere")

    @websocket("/ws")
    async def ws(socket: WebSocket[Any, Any, Any]) -> None:
        await socket.accept()
        await socket.send_json({"got": await socket.receive_json()})
        await socket.close()

    # Their annotations are looked up when the handlers are registered.
    for handler in (points,):
        handler.fn.__globals__["Point"] = Point
    return Litestar([home, square, points, private, stream, move, ws])


def flask(folder: Path) -> Any:
    """A session, a form, JSON, a stream, a file, static files, an upload."""
    from flask import Flask, Response, jsonify, redirect, request, send_file, session, url_for

    app = Flask("flask_app", root_path=str(folder))
    app.secret_key = "for tests only"
    (folder / "static").mkdir(exist_ok=True)
    (folder / "static" / "app.css").write_text("p { color: red }")
    (folder / "file.txt").write_text("line\n" * 50_000)

    @app.get("/")
    def home() -> str:
        return f"visits: {session.get('visits', 0)}"

    @app.post("/visit")
    def visit() -> Any:
        session["visits"] = session.get("visits", 0) + 1
        return redirect(url_for("home"))

    @app.post("/json")
    def double() -> Any:
        return jsonify([item * 2 for item in request.get_json()])

    @app.post("/upload")
    def upload() -> str:
        return str(len(request.files["file"].read()))

    @app.get("/stream")
    def stream() -> Any:
        def pieces() -> Iterator[str]:
            for number in range(5):
                yield f"{number};"

        return Response(pieces(), mimetype="text/plain")

    @app.get("/file")
    def file() -> Any:
        return send_file(folder / "file.txt")

    @app.get("/fail")
    def fail() -> str:
        raise RuntimeError("a bug of the application")

    return app
