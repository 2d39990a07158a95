"""The labels of requests: templates instead of paths, and the kinds of failures."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from testkit import hello
from treadle_responses import HTTPNotFound, HTTPServiceUnavailable, StreamResponse
from treadle_server import (
    Application,
    ClientConnectionResetError,
    Request,
    RequestPayloadError,
)
from treadle_server._core.errors import BodyDiscardedError
from treadle_server._observe.labels import error_type, status_of_error

#: Makes a request that came over no connection.
RequestTo = Callable[..., Request]


class OwnError(Exception):
    pass


OWN = f"{__name__}.OwnError"

# An exception, the status of its answer, and the type of failure.
ERRORS: list[tuple[BaseException, int | None, str]] = [
    (HTTPNotFound(), 404, ""),
    (HTTPServiceUnavailable(), 503, "503"),
    (ValueError(), 500, "ValueError"),
    (OwnError(), 500, OWN),
    (TimeoutError(), 504, "TimeoutError"),
    (RequestPayloadError(), 400, ""),
    (asyncio.CancelledError(), None, "asyncio.exceptions.CancelledError"),
    (
        ClientConnectionResetError(), None,
        "treadle_server._core.errors.ClientConnectionResetError",
    ),
    (SystemExit(), None, "SystemExit"),
]  # fmt: skip


@pytest.mark.parametrize(("error", "status", "kind"), ERRORS, ids=lambda x: type(x).__name__)
def test_errors(request_to: RequestTo, error: BaseException, status: int | None, kind: str) -> None:
    assert status_of_error(request_to("GET", "/"), error) == status
    assert error_type(error, status) == kind


def test_a_response_that_has_begun_keeps_its_status(request_to: RequestTo) -> None:
    request = request_to("GET", "/")
    request.answer = StreamResponse(status=206)
    assert status_of_error(request, ValueError()) == 500
    request.answer.mark_sent(0)
    assert status_of_error(request, ValueError()) == 206
    assert status_of_error(request, BodyDiscardedError()) == 206
    assert error_type(BodyDiscardedError(), 206) == ""


PATHS = {
    "/": "/",
    "/users/Ada": "/users/{name}",
    "/users/1?x=2": "/users/{name}",
    "/api/items/7": "/api/items/{id}",
    "/api/files/a/b/c": "/api/files",
    "/nope": None,
    "/api/nope/1": None,
}


@pytest.mark.parametrize("path", PATHS)
def test_templates(request_to: RequestTo, path: str, tmp_path: Any) -> None:
    seen: list[str | None] = []

    async def look(request: Request, handler: Any) -> StreamResponse:
        route = request.found_route
        seen.append(request.route_template)
        assert route is request.match_info.route
        assert request.found_route is route
        return StreamResponse()

    app, inner = Application(middlewares=[look]), Application()
    app.router.add_get("/", hello)
    app.router.add_get("/users/{name}", hello)
    inner.router.add_get("/items/{id!int}", hello)
    inner.router.add_static("/files", tmp_path)
    app.add_subapp("/api", inner)
    app.freeze()

    async def main() -> None:
        await app._handle(request_to("GET", path))

    asyncio.run(main())
    assert seen == [PATHS[path]]


def test_no_route(request_to: RequestTo) -> None:
    assert request_to("GET", "/").found_route is None
    assert request_to("GET", "/").route_template is None
