"""The example application on a socket, and people who visit it with a browser's fields."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse, ClientSession, CookieJar
from treadle_example.accounts import PASSWORDS
from treadle_example.app import make_app
from treadle_example.passwords import Passwords

from treadle_testing import TestServer

__all__ = ["PASSWORD", "Site", "Visitor", "example"]

PASSWORD = "correct horse"

NONE: Mapping[str, str] = {}


class Visitor:
    """A browser with its cookies; it follows no redirects by itself."""

    def __init__(self, session: ClientSession, url: str) -> None:
        self.session = session
        self.url = url

    async def ask(
        self, method: str, path: str, status: int, fields: Mapping[str, str], **options: Any
    ) -> ClientResponse:
        headers = {"Accept": "text/html", "Origin": self.url, **fields}
        sent = {name: value for name, value in headers.items() if value}
        answer = await self.session.request(
            method, self.url + path, headers=sent, allow_redirects=False, **options
        )
        await answer.read()
        assert answer.status == status, await answer.text()
        return answer

    async def get(self, path: str, status: int = 200, fields: Mapping[str, str] = NONE) -> str:
        """Return the text of an answer."""
        return await (await self.ask("GET", path, status, fields)).text()

    async def post(
        self, path: str, data: Any = None, status: int = 303, fields: Mapping[str, str] = NONE
    ) -> ClientResponse:
        """Send a form; an empty field is left out."""
        return await self.ask("POST", path, status, fields, data=data)

    async def write(self, title: str, text: str = "") -> str:
        """Add a note, and return its path."""
        answer = await self.post("/notes", {"title": title, "text": text})
        return answer.headers["Location"].partition("?")[0]


class Site:
    """A running application."""

    def __init__(self, server: TestServer, stack: contextlib.AsyncExitStack) -> None:
        self.url = str(server.make_url("")).rstrip("/")
        self._server = server
        self._stack = stack

    async def visitor(self) -> Visitor:
        """Return somebody without an account."""
        session = ClientSession(cookie_jar=CookieJar(unsafe=True))
        return Visitor(await self._stack.enter_async_context(session), self.url)

    async def user(self, name: str) -> Visitor:
        """Return somebody who has just signed up."""
        visitor = await self.visitor()
        await visitor.post("/signup", {"name": name, "password": PASSWORD})
        return visitor

    async def stop(self) -> None:
        """Stop the server, whose visitors are still there."""
        await self._server.close()


@contextlib.asynccontextmanager
async def example(folder: Path, **options: Any) -> AsyncIterator[Site]:
    """Run the application over a database in ``folder``, with options of the server."""
    app = make_app(database=folder / "notes.sqlite")
    app[PASSWORDS] = Passwords(work=1)
    server = TestServer(app)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(server.close)
        await server.start_server(**options)
        yield Site(server, stack)
