"""The routes of an application as rows."""

import functools
from collections.abc import Callable
from pathlib import Path

from treadle._command.listing import rows_of, table
from treadle.web import Application, Request, Response, View

HERE = Path(__file__).parent


async def first(request: Request) -> Response:
    return Response()


async def second(request: Request) -> Response:
    return Response()


def wrapped(
    handler: Callable[[Request], object],
) -> Callable[[Request], object]:
    @functools.wraps(handler)
    async def call(request: Request) -> Response:
        return Response()

    return call


class Both(View):
    async def get(self) -> Response:
        return Response()

    async def post(self) -> Response:
        return Response()


class Handler:
    async def method(self, request: Request) -> Response:
        return Response()

    async def __call__(self, request: Request) -> Response:
        return Response()


def test_rows() -> None:
    app = Application()
    app.router.add_get("/{name}", first, name="one")
    app.router.add_post("/{name}", first, name="one")
    app.router.add_get("/{other}", second)
    app.router.add_route("*", "/any", second)
    app.router.add_route("PURGE", "/cache", second)
    app.router.add_view("/both", Both)
    app.router.add_get("/method", Handler().method)
    app.router.add_get("/object", Handler().__call__)
    app.router.add_get("/partial", functools.partial(second))
    app.router.add_get("/wrapped", wrapped(first))  # type: ignore[arg-type]  # a decorator's result
    app.router.add_static("/static", HERE)
    inner = Application()
    inner.router.add_get("/x", first)
    app.add_subapp("/inner", inner)
    host = Application()
    host.router.add_get("/y", first)
    app.add_domain("example.org", host)
    rows = rows_of(app, HERE)
    assert [
        (",".join(row.methods), row.path, row.name, row.handler.removeprefix(f"{__name__}."))
        for row in rows
    ] == [
        ("GET,POST", "/{name}", "one", "first"),
        ("GET", "/{other}", None, "second"),
        ("*", "/any", None, "second"),
        ("PURGE", "/cache", None, "second"),
        ("GET,POST", "/both", None, "Both"),
        ("GET", "/method", None, "Handler.method"),
        ("GET", "/object", None, "Handler.__call__"),
        ("GET", "/partial", None, "second"),
        ("GET", "/wrapped", None, "first"),
        ("GET", "/static/*", None, f"files of {HERE}"),
        ("GET", "/inner/x", None, "first"),
        ("GET", "example.org/y", None, "first"),
    ]  # fmt: skip
    assert [row.path for row in rows if row.hidden is not None] == ["/{other}"]
    line = first.__code__.co_firstlineno
    assert rows[0].place == f"test_listing.py:{line}"
    assert rows_of(app)[8].place is not None


def test_a_table() -> None:
    app = Application()
    app.router.add_get("/{name}", first, name="one")
    app.router.add_get("/{other}", second)
    lines = table(rows_of(app, HERE))
    assert lines[0].startswith("GET  /{name}   one  ")
    assert lines[0].endswith(f"first  test_listing.py:{first.__code__.co_firstlineno}")
    assert lines[2].startswith("    ! no request finds it: '/{name}' matches the same paths")
    short = table(rows_of(app, HERE), 20)
    assert short[0] == lines[0][:19] + "…"
    assert table([]) == []
