"""Options of routes: one list, checked by type checkers and at run time."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from treadle_responses import Response
from treadle_server import (
    Application,
    PlainResource,
    Request,
    ResourceRoute,
    StaticResource,
    UrlDispatcher,
    View,
    static,
)

SAMPLE = """
from treadle import web

async def show(request: web.Request) -> web.Response:
    return web.Response()

async def through(request: web.Request, handler: web.Handler) -> web.StreamResponse:
    return await handler(request)

async def other(request: str, handler: web.Handler) -> web.StreamResponse:
    return web.Response()

def wrong(request: web.Request) -> web.Response:
    return web.Response()

HEX = web.Converter("[0-9a-f]+", bytes.fromhex, bytes.hex)
app = web.Application(converters={"hex": HEX})
routes = web.RouteTableDef()
app.router.add_get("/a", show, name="a", allow_head=False, middlewares=[through])
app.add_routes([web.get("/b", show, name="b"), web.static("/s", ".", show_index=True)])

@routes.post("/c", name="c", client_max_size=5)
async def decorated(request: web.Request, *, upper: bool = False) -> web.Response:
    return web.Response()

definitions: list[web.AbstractRouteDef] = [*routes, web.view("/d", web.View)]
app.add_routes(definitions)

web.Application(converters={"hex": int})  # error: dict-item,reportArgumentType
app.router.add_post("/x", show, nmae="x")  # error: call-arg,reportCallIssue
app.router.add_post("/x", show, name=5)  # error: arg-type,reportArgumentType
app.router.add_post("/x", show, allow_head=False)  # error: call-arg,reportCallIssue
app.router.add_get("/x", show, middlewares=[other])  # error: list-item,reportArgumentType
app.router.add_static("/x", ".", show_indx=True)  # error: call-arg,reportCallIssue
app.router.add_static("/x", ".", chunk_size="x")  # error: arg-type,reportArgumentType
web.StaticResource("/x", ".", index=5)  # error: arg-type,reportArgumentType
web.PlainResource("/x").add_route("GET", show, name="x")  # error: call-arg,reportCallIssue
web.get("/x", wrong)  # error: arg-type,reportArgumentType
web.get("/x", show, nmae="x")  # error: call-arg,reportCallIssue
web.post("/x", show, client_max_size="x")  # error: arg-type,reportArgumentType
web.static("/x", ".", immutabel=True)  # error: call-arg,reportCallIssue
routes.get("/x", allow_haed=False)  # error: call-arg,reportCallIssue
routes.static("/x", ".", fallback=5)  # error: arg-type,reportArgumentType
"""


def test_type_checkers_report_wrong_options(tmp_path: Path) -> None:
    sample = tmp_path / "sample.py"
    sample.write_text(SAMPLE)
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--show-error-codes", "--no-error-summary",
         "--config-file=", f"--cache-dir={tmp_path / 'cache'}", str(sample)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    reported = {
        (int(found[1]), found[2])
        for line in run.stdout.splitlines()
        if (found := re.fullmatch(r".*sample\.py:(\d+): error: .*\[([a-z-]+)\]", line))
    }
    expected = {
        (number, line.partition("# error: ")[2].split(",")[0])
        for number, line in enumerate(SAMPLE.splitlines(), 1)
        if "# error: " in line
    }
    assert reported == expected, run.stdout + run.stderr


async def handler(request: Request) -> Response:
    return Response()


class Page(View):
    get = handler


# Any keyword argument, whatever a type checker says.
Loose = Callable[..., object]


@pytest.mark.parametrize(
    ("declare", "message"),
    [
        (lambda router, add: add(router.add_get)("/a", handler, nmae="x"), r"add_get\('/a'\) got"),
        (lambda router, add: add(router.add_post)("/a", handler, nmae="x"), "'nmae'.*mean 'name'"),
        (lambda router, add: add(router.add_view)("/a", Page, x=1), r"add_view\('/a'\) got .* 'x'"),
        (lambda router, add: add(router.add_static)("/a", ".", indx="x"), "'indx'.*mean 'index'"),
        (lambda router, add: add(StaticResource)("/a", ".", zzz=1), r"StaticResource\(\).*Known"),
        (lambda router, add: add(PlainResource("/a").add_route)("GET", handler, x=1), "'x'"),
        (
            lambda router, add: add(ResourceRoute)("GET", handler, PlainResource("/a"), x=1),
            r"ResourceRoute\(\) got",
        ),
        (lambda router, add: add(router.add_routes)([add(static)("/a", ".", x=1)]), "'x'"),
    ],
    ids=range(8),
)
def test_an_unknown_option_is_a_type_error(
    declare: Callable[[UrlDispatcher, Callable[[Loose], Loose]], object], message: str
) -> None:
    router = Application().router

    def add(call: Loose) -> Loose:
        return call

    with pytest.raises(TypeError, match=message):
        declare(router, add)
    assert router.resources() == ()
