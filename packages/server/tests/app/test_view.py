"""Class-based views: one method per HTTP method, and wrong classes."""

from typing import NoReturn

import pytest

from testkit import Run, serve
from treadle_responses import HTTPConflict, Response, StreamResponse
from treadle_server import Application, Request, View


class Page(View):
    async def get(self) -> Response:
        return Response(text=f"get {self.request.path}")

    async def trace(self) -> Response:
        return Response(text="trace")

    async def purge(self) -> Response:
        raise AssertionError("views do not answer PURGE")


class Inherited(Page):
    """A view that inherits its methods."""


@pytest.mark.parametrize("cls", [Page, Inherited])
@pytest.mark.parametrize(
    ("method", "status", "body"),
    [
        ("GET", 200, b"get /v"),
        ("TRACE", 200, b"trace"),
        ("HEAD", 405, b""),
        ("POST", 405, b""),
        ("PURGE", 405, b""),
    ],
)
def test_dispatch(run: Run, cls: type[View], method: str, status: int, body: bytes) -> None:
    async def main() -> None:
        app = Application()
        app.router.add_view("/v", cls)
        async with serve(app) as connect:
            peer = await connect()
            await peer.send(f"{method} /v HTTP/1.1\r\nHost: h\r\n\r\n".encode())
            head = await peer.head()
            assert int(head.split()[1]) == status
            if status == 405:
                assert b"\r\nAllow: GET,TRACE\r\n" in head
            else:
                assert await peer.exactly(len(body)) == body

    run(main())


def test_a_view_may_dispatch_in_its_own_way(run: Run) -> None:
    """Libraries of views (aiohttp-pydantic) override these two methods."""

    class Own(View):
        async def _iter(self) -> StreamResponse:
            if self.request.method != "GET":
                self._raise_allowed_methods()
            return Response(text="own")

        def _raise_allowed_methods(self) -> NoReturn:
            raise HTTPConflict

    async def main() -> None:
        app = Application()
        app.router.add_view("/v", Own)
        async with serve(app) as connect:
            peer = await connect()
            for method, answer in (("GET", (200, b"own")), ("PUT", (409, b"409: Conflict"))):
                await peer.send(f"{method} /v HTTP/1.1\r\nHost: h\r\n\r\n".encode())
                assert await peer.response() == answer

    run(main())


def test_a_view_knows_its_request() -> None:
    request: Request = object()  # type: ignore[assignment]  # only its identity matters
    assert Page(request).request is request
