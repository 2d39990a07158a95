"""Forms for round trips: hostile names, and a server that says how it has read them."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Final

from treadle_responses import Response, json_response
from treadle_server import Application, AppRunner, BodyPartReader, FileField, Request, SockSite

__all__ = ["FORM_NAMES", "FormParts", "form_server"]

#: Names of fields and of files, as a user may choose them.
FORM_NAMES: Final = (
    "plain",
    "two words",
    'quo"te',
    "back\\slash",
    "end\\",
    '\\"',
    "C:\\dir\\file.txt",
    "100%",
    "lit%22eral%0a",
    "caf%C3%A9",
    "cr\r\nlf",
    "semi;colon",
    "e=q=ual",
    "tab\tbed",
    "caf\xe9",
    "\u65e5\u672c",
    "\U0001f600",
    "x" * 900,
    'a"; filename="x',
    "trailing.. ",
    " leading",
    "user[name]",
    "'single'",
    "utf-8''caf%C3%A9",
    "--boundary--",
)

#: Name, file name (None for text) and data of each part.
FormParts = list[tuple[str | None, str | None, str]]

_SECONDS: Final = 20


async def _by_post(request: Request) -> Response:
    parts: FormParts = []
    for name, value in (await request.post()).items():
        if isinstance(value, FileField):
            parts.append((name, value.filename, value.file.read().decode("latin-1")))
        else:
            data = value if isinstance(value, str) else value.decode("latin-1")
            parts.append((name, None, data))
    return json_response(parts)


async def _by_multipart(request: Request) -> Response:
    parts: FormParts = []
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader)
        data = await part.read(decode=True)
        parts.append((part.name, part.filename or None, data.decode("latin-1")))
    return json_response(parts)


async def _serve(sock: socket.socket, started: threading.Event, ended: asyncio.Event) -> None:
    app = Application(client_max_size=8 * 2**20)
    app.router.add_post("/post", _by_post)
    app.router.add_post("/multipart", _by_multipart)
    app.router.add_get("/", _page)
    runner = AppRunner(app)
    await runner.setup()
    await SockSite(runner, sock).start()
    started.set()
    await ended.wait()
    await runner.cleanup()


async def _page(_: Request) -> Response:
    return Response(text="<!doctype html><title>forms</title>", content_type="text/html")


@contextlib.contextmanager
def form_server() -> Iterator[str]:
    """Serve in a thread, for clients that block: yield the URL.

    POST to ``/post`` or ``/multipart``: the answer is the form as ``FormParts`` in JSON.
    """
    sock = socket.create_server(("127.0.0.1", 0))
    started, ended = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(
        target=lambda: loop.run_until_complete(_serve(sock, started, ended)), daemon=True
    )
    thread.start()
    try:
        assert started.wait(_SECONDS)
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(_SECONDS)
        loop.close()
